# For tests of weir on a router, after common.sh: a small network, traffic that crosses it, and weir on the
# router, whose records are compared with what the test has set up.
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
[ -x "$WEIRCTL" ] || skip "there is no $WEIRCTL"
udp=$here/udp.py
need python3 ip

# small_network: a router in the network namespace $r with the interfaces r0, r1 and r2, each wired to h0 of a
# host in the namespaces ${hosts[0..2]}: two LANs and a way out, which has the default route. Addresses are
# 10.N.0.1 and fd00:N::1 of the router, .2 of the host, N from 1 to 3. All go when the test ends.
small_network() {
	local i ns n
	[ "$(id -u)" -eq 0 ] || skip 'needs root for network namespaces'
	need ip
	r=weir-r-$$ hosts=(weir-l-$$ weir-m-$$ weir-w-$$)
	for ns in $r "${hosts[@]}"; do
		ip netns add $ns 2>/dev/null || skip 'network namespaces cannot be made here'
		cleanups+=("ip netns del $ns")
		ip netns exec $ns sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.all.router_solicitations=0 net.ipv6.conf.default.router_solicitations=0
		ip -n $ns link set lo up
	done
	ip netns exec $r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	for i in 0 1 2; do
		ns=${hosts[i]} n=$((i + 1))
		ip -n $r link add r$i type veth peer name h0 netns $ns || skip 'veth interfaces cannot be made here'
		ip -n $r addr add 10.$n.0.1/24 dev r$i
		ip -n $r addr add fd00:$n::1/64 dev r$i nodad
		ip -n $ns addr add 10.$n.0.2/24 dev h0
		ip -n $ns addr add fd00:$n::2/64 dev h0 nodad
		ip -n $r link set r$i up
		ip -n $ns link set h0 up
		ip -n $ns route add default via 10.$n.0.1
		ip -n $ns route add default via fd00:$n::1
	done
	ip -n $r route add default via 10.3.0.2
	ip -n $r route add default via fd00:3::2
	ip -n ${hosts[2]} addr add 198.51.100.9/32 dev lo # somewhere behind the default route
	ip -n ${hosts[2]} addr add 2001:db8::9/128 dev lo nodad
}

# index NAMESPACE INTERFACE: its ifIndex
index() { ip -n "$1" -j link show "$2" | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["ifindex"])'; }

sinks=()
sink() { # NAMESPACE ADDRESS PORT
	local ready=$TMP/sink.${#sinks[@]}
	ip netns exec "$1" "$udp" sink "$2" "$3" >"$ready" 2>&1 &
	sinks+=($!)
	until_true 10 grep -q ready "$ready" || bad "no sink at $2 port $3: $(cat "$ready")"
}
cleanups+=('kill "${sinks[@]}" 2>/dev/null')
send() { # NAMESPACE COUNT FROM PORT TO PORT [OCTETS]
	local ns=$1
	shift
	ip netns exec "$ns" "$udp" send "$@" || bad "sending from $2 to $4"
}

# What the sockets of the router are given, by link: running and bound.
capturing() { # COUNT: so many packet sockets
	[ "$(ip netns exec $r awk 'NR > 1 && $6 == 1 { n++ } END { print n + 0 }' /proc/net/packet)" -ge "$1" ]
}

weir=
start() { # NAME SOCKETS OPTIONS...
	local name=$1 sockets=$2
	shift 2
	ip netns exec $r "$WEIR" -o json --set control.socket="$TMP/socket" "$@" >"$TMP/$name.json" 2>"$TMP/$name.log" &
	weir=$!
	until_true 15 capturing "$sockets" && until_true 15 ctl status || bad "$name: weir does not capture: $(cat "$TMP/$name.log")"
}
ctl() { timeout 30 "$WEIRCTL" -j -s "$TMP/socket" "$@"; }
number() { ctl ledger | python3 -c "import functools, json, sys; print(functools.reduce(lambda o, k: o[k], '$1'.split('/'), json.load(sys.stdin)))"; }

# The UDP flows to ports 7000 to 7999 of a run are those on standard input, and no others. A line has the
# value of each of FIELDS, which are names of elements, with | between those of IPv4 and of IPv6.
cat >"$TMP/judge.py" <<'P'
import collections, json, sys
fields = [f.split('|') for f in sys.argv[2].split()]
got = collections.Counter()
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r['protocolIdentifier'] == 17 and r['destinationTransportPort'] in range(7000, 8000):
        got[tuple(str(next((r[name] for name in names if name in r), '-')) for names in fields)] += 1
want = collections.Counter(tuple(line.split()) for line in sys.stdin)
for key in sorted(set(got) | set(want)):
    if got[key] != want[key]:
        print(f'{got[key]} records, not {want[key]}: {" ".join(key)}')
sys.exit(got != want)
P

end() { # NAME FIELDS: SIGTERM, then looks at its records
	local why
	stop $weir TERM 10 || bad "$1: SIGTERM: exit status $?: $(cat "$TMP/$1.log")"
	grep -q 'the ledger adds up' "$TMP/$1.log" || bad "$1: $(tail -1 "$TMP/$1.log")"
	why=$(python3 "$TMP/judge.py" "$TMP/$1.json" "$2") || bad "$1: $why"
}
