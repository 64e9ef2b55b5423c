#!/bin/bash
# A path that gets narrower behind a router, which alone knows it: what it drops as too long is counted as lost, to the
# record, and is the only gap that the collector sees; those that follow are shorter, and nothing is in fragments.
. "$(dirname "$0")/common.sh"
need python3
[ -x "$GEN" ] || skip "there is no $GEN"
two_hosts
# weir in $a, a router in $b, the collector in $c
c=weir-c-$$
ip netns add $c && cleanups+=("ip netns del $c")
ip -n $c link set lo up
ip -n $b link add vc type veth peer name vd netns $c
for end in "$a va 10.9.1.1/24 fd09:1::1/64" "$b vb 10.9.1.2/24 fd09:1::2/64" "$b vc 10.9.2.2/24 fd09:2::2/64" "$c vd 10.9.2.3/24 fd09:2::3/64"; do
	set -- $end
	ip netns exec "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf."$2".disable_ipv6=0 net.ipv6.conf."$2".accept_dad=0
	ip -n "$1" link set "$2" mtu 1500 up
	ip -n "$1" addr add "$3" dev "$2"
	ip -n "$1" addr add "$4" dev "$2" nodad
done
ip netns exec $b sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip -n $a route add default via 10.9.1.2 && ip -n $a route add default via fd09:1::2
ip -n $c route add default via 10.9.2.2 && ip -n $c route add default via fd09:2::2

"$GEN" office "$TMP/in.pcap" || bad gen
size=$(stat -c %s "$TMP/in.pcap")
cat >"$TMP/feed.sh" <<-'SH'
	# ROUTER SIZE CAPTURE GOT MTU...: the capture in pieces, before each of which the far link gets this MTU, and
	# more has to have arrived after the one before
	router=$1 size=$2 capture=$3 got=$4 n=0 seen=0
	shift 4
	for mtu; do
		for ((i = 0; n > 0 && i < 40; i++)); do
			[ "$(cat "$got.count")" -le "$seen" ] || break
			sleep 0.05
		done
		seen=$(cat "$got.count")
		ip -n $router link set vc mtu $mtu
		tail -c +$((n * size / $# + 1)) "$capture" | head -c $(((n + 1) * size / $# - n * size / $#))
		n=$((n + 1))
	done
SH
cat >"$TMP/collector.py" <<-'PY'
	import json, os, socket, sys
	sys.path.insert(0, os.environ['HERE'])
	import wire
	class Session(wire.Session):
	    counted, gap = False, 0
	    def sequence(self, key, got, step):
	        if self.version != 9 or key in self.data_sequence:  # whose first number is open
	            self.gap += got - self.data_sequence.get(key, 0)
	            self.data_sequence[key] = got
	        super().sequence(key, got, step)
	address, version, path = sys.argv[1:4]
	session, lengths = Session(int(version)), []
	s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
	s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
	s.bind((address, 4739))
	s.settimeout(0.2)
	open(path + '.count', 'w').write('0')
	while True:
	    try:
	        m = s.recv(65535)
	        session.feed(m)
	        lengths.append(len(m))
	        with open(path + '.new', 'w') as f:
	            f.write(str(len(session.records)))
	        os.rename(path + '.new', path + '.count')
	    except socket.timeout:
	        if os.path.exists(path + '.over'):
	            break
	json.dump({'records': len(session.records), 'gap': session.gap, 'lengths': lengths,
	           'complaints': session.complaints}, open(path, 'w'))
PY

# narrow NAME ADDRESS VERSION MTU...: several of them in turn
narrow() {
	local name="$1" address=$2 version=$3
	shift 3
	rm -f "$TMP"/got*
	HERE=$here ip netns exec $c python3 "$TMP/collector.py" "$address" "$version" "$TMP/got" &
	local pid=$!
	cleanups+=("kill $pid 2>/dev/null")
	until_true 10 test -s "$TMP/got.count" || bad "$name: no collector"
	bash "$TMP/feed.sh" $b "$size" "$TMP/in.pcap" "$TMP/got" "$@" |
		ip netns exec $a "$WEIR" -r - -m 262144 -v "$version" -n "${address/*:*/[$address]}:4739" --ledger "$TMP/ledger" \
			-t active=2 -t idle=1 -t tcp.fin=1 -t tcp.rst=1 2>"$TMP/err" || bad "$name: weir: $(cat "$TMP/err")"
	: >"$TMP/got.over"
	wait $pid || bad "$name: the collector ended with $?"
	# forget what the kernel knows of the path
	ip -n $a route flush cache
	ip -n $a -6 route flush cache
	said=$(python3 - "$TMP/got" "$TMP/ledger" "$version" "$@" <<-'PY'
	import json, sys
	got, ledger = (json.load(open(p)) for p in sys.argv[1:3])
	version, mtus = int(sys.argv[3]), [int(m) for m in sys.argv[4:]]
	c = ledger['flows']['collectors'][0]
	print('%d records arrived, %d were lost in %d datagrams, a gap of %d' % (
	    got['records'], c['lost']['flows'], c['lost_datagrams'], got['gap']), *got['complaints'][:3])
	assert not got['complaints'] and ledger['adds_up']
	assert got['records'] == c['sent']['flows']
	assert sum(c[k]['flows'] for k in ('sent', 'lost', 'not_exportable')) == ledger['flows']['exported']['flows']
	assert got['gap'] == (c['lost_datagrams'] if version == 9 else c['lost']['flows'])
	assert (c['lost']['flows'] > 0) == (min(mtus) < 1448)
	# as long as each piece of the way lets through, one after the other
	lengths, most = got['lengths'], min(mtus) - 28
	assert max(lengths) <= 1400 and len(lengths) > 20 and max(lengths[-5:]) <= most
	# long ones had arrived before; of v5, a file's first ones leave when there are 32
	assert version == 5 or max(lengths[:20]) > min(most, 1300)
	assert c['lost_datagrams'] <= 64 * len(mtus)
	PY
	) || bad "$name: $said $(tail -n 1 "$TMP/err")"
	echo "$name: $said"
}
# before IPv4: a link of less than 1280 octets has no IPv6
narrow 'IPv6' fd09:2::3 10 1500 1500 1300 1280
for version in 5 9 10; do
	narrow "v$version, as wide as ever" 10.9.2.3 $version 1500 1500
	narrow "v$version, narrower" 10.9.2.3 $version 1500 1500 1000 1000
	narrow "v$version, narrower still" 10.9.2.3 $version 1500 1500 1200 700
done
fragments() { ip netns exec "$1" awk '/^Ip6?:/ && $2 ~ /^[0-9]+$/ { n += $18 + $20 } $1 ~ /^Ip6FragCreates/ { n += $2 } END { print n + 0 }' /proc/net/snmp /proc/net/snmp6; }
for ns in $a $b; do
	[ "$(fragments $ns)" = 0 ] || bad "there were fragments in $ns: $(fragments $ns)"
done
finish
