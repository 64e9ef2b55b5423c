#!/bin/bash
# What is sent, and how: class, hops and interface; never in fragments, also when the path gets narrower in mid-run, and
# then no record is lost.
. "$(dirname "$0")/common.sh"
need python3 ip
[ -x "$GEN" ] || skip "there is no $GEN"
[ "$(id -u)" -eq 0 ] || skip 'needs root for network namespaces'
ns=weir-path-$$
ip netns add $ns 2>/dev/null || skip 'network namespaces cannot be made here'
cleanups+=("ip netns del $ns")
ip netns exec $ns true 2>/dev/null || skip 'network namespaces cannot be entered here'
ip -n $ns link set lo up mtu 9000

"$GEN" many "$TMP/in.pcap" --truth "$TMP/truth" --flows 30000 --packets 2 || bad gen
size=$(stat -c %s "$TMP/in.pcap")
cat >"$TMP/feed.sh" <<-'SH'
	# SIZE CAPTURE COMMAND...: the capture through a pipe; on its way the MTU falls, and rises again
	size=$1 capture=$2
	shift 2
	part() { tail -c +$(($1 * size / 8 + 1)) "$capture" | head -c $((($1 + 1) * size / 8 - $1 * size / 8)); }
	for mtu in 9000 4000 1500 1280 1300 9000 1400 1280; do
		ip link set lo mtu $mtu
		part $((n++))
	done | "$@"
SH
fragments() { ip netns exec $ns awk '/^Ip6?:/ && $2 ~ /^[0-9]+$/ { print $15 + $18 + $20 }' /proc/net/snmp; }

for version in 5 9 10; do
	run "v$version" ip netns exec $ns "$wire" --version $version --truth "$TMP/truth" -- \
		bash "$TMP/feed.sh" "$size" "$TMP/in.pcap" "$WEIR" -r - -m 262144 -n '127.0.0.1:{port}' -v $version \
		--set 'exporters[0].max_datagram=8000'
done
[ "$(fragments)" = 0 ] || bad "there were fragments: $(fragments)"

# ---- class, hops, interface ----

ip -n $ns link set lo mtu 65536
ip -n $ns link add dummy0 type dummy 2>/dev/null && ip -n $ns link set dummy0 up
cat >"$TMP/look.py" <<-'PYTHON'
	"""COMMAND...: the class and TTL of the first datagram of the command, over IPv4 and IPv6"""
	import socket, subprocess, sys
	for family, host in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
	    v6 = family == socket.AF_INET6
	    s = socket.socket(family, socket.SOCK_DGRAM)
	    s.bind((host, 0))
	    s.settimeout(20)
	    level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
	    for option in ((socket.IPV6_RECVTCLASS, socket.IPV6_RECVHOPLIMIT) if v6 else (socket.IP_RECVTOS, 12)):
	        s.setsockopt(level, option, 1)
	    to = ('[%s]:%d' if v6 else '%s:%d') % (host, s.getsockname()[1])
	    subprocess.run([w.replace('{to}', to) for w in sys.argv[1:]], check=True, stderr=subprocess.DEVNULL)
	    _, notes, _, _ = s.recvmsg(65535, 200)
	    print(*(sorted(int.from_bytes(data[:4], 'little') for _, _, data in notes)))
PYTHON
look() { ip netns exec $ns python3 "$TMP/look.py" "$WEIR" -r "$TMP/in.pcap" -m 262144 -n '{to}' "$@" | tr '\n' ' '; }
[ "$(look --set 'exporters[0].dscp=46' --set 'exporters[0].hops=7')" = '7 184 7 184 ' ] || bad "class and hops: $(look)"
said=$(look)
[ "$said" = '0 64 0 64 ' ] || bad "class and hops of the kernel's choice: $said"
ip netns exec $ns "$WEIR" -r "$TMP/in.pcap" -n 127.0.0.1:9 --set 'exporters[0].interface=none0' 2>"$TMP/err" &&
	bad 'an interface that is not there was taken'
grep -q 'interface none0: No such device' "$TMP/err" || bad "no such interface: $(cat "$TMP/err")"
run 'through an interface' ip netns exec $ns "$wire" --truth "$TMP/truth" -- "$WEIR" -r "$TMP/in.pcap" -m 262144 \
	-n '127.0.0.1:{port}' --set 'exporters[0].interface=lo'
finish
