#!/bin/bash
# tshark decodes every datagram without a complaint and without a gap in the sequence numbers, and finds
# as many flow records as were sent.
. "$(dirname "$0")/common.sh"
need python3 tshark
[ -x "$GEN" ] || skip "there is no $GEN"

# complaints FILE: what tshark has to say, nothing if all is well
complaints() {
	tshark -r "$1" -d udp.port==2055,cflow -d udp.port==4739,cflow -Y '_ws.malformed || _ws.expert || !cflow' \
		-T fields -e frame.number -e _ws.expert.message -e _ws.malformed 2>/dev/null
}

for scenario in office timeouts fragments ports counters times many; do
	"$GEN" $scenario "$TMP/in.pcap" --truth "$TMP/truth" || bad "gen $scenario"
	for version in 5 9 10; do
		said=$("$wire" --truth "$TMP/truth" --version $version --save "$TMP/out.pcap" -- \
			"$WEIR" -r "$TMP/in.pcap" -n '127.0.0.1:{port}' -v $version) || bad "$scenario v$version: $said"
		said=$(complaints "$TMP/out.pcap")
		[ -z "$said" ] || bad "$scenario v$version: $(printf '%s\n' "$said" | head -5)"
		sent=$(tshark -r "$TMP/out.pcap" -d udp.port==2055,cflow -T fields -E occurrence=a -e cflow.protocol \
			2>/dev/null | tr ',' '\n' | grep -c .)
		want=$(awk -v v=$version '!/^#/ && (v != 5 || $1 !~ /:/)' "$TMP/truth" | wc -l)
		[ "$sent" -ge "$want" ] || bad "$scenario v$version: tshark finds $sent records of $want"
	done
done

# the test must be able to fail: one datagram of the last file is left out
python3 - "$TMP/out.pcap" "$TMP/gap.pcap" "$here" <<'P'
import sys
sys.path.insert(0, sys.argv[3])
import wire
datagrams = wire.load(sys.argv[1])
wire.save(sys.argv[2], datagrams[:4] + datagrams[5:])
P
[ -n "$(complaints "$TMP/gap.pcap")" ] || bad "tshark does not notice a datagram that is missing"
finish
