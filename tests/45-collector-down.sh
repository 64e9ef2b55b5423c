#!/bin/bash
# A collector that refuses costs the other nothing; and an error that the kernel reports for an earlier
# datagram does not cost the datagram whose sending reports it.
. "$(dirname "$0")/common.sh"
need python3
[ -x "$GEN" ] || skip "there is no $GEN"

"$GEN" office "$TMP/in.pcap" --truth "$TMP/truth" || bad gen
# a port that nobody listens on
closed=$(free_port)

for version in 5 9 10; do
	run "v$version, the second collector refuses" "$wire" --truth "$TMP/truth" --version $version -- \
		"$WEIR" -r "$TMP/in.pcap" -n '127.0.0.1:{port}' -n 127.0.0.1:"$closed" -v $version
	run "v$version, the first collector refuses" "$wire" --truth "$TMP/truth" --version $version -- \
		"$WEIR" -r "$TMP/in.pcap" -n 127.0.0.1:"$closed" -n '127.0.0.1:{port}' -v $version
done

# Refusals forged while the collector listens: nothing may be missing, no sequence number either.
if [ "$(id -u)" -eq 0 ]; then
	# short time-outs make many datagrams all along the capture
	"$GEN" office "$TMP/in.pcap" --truth "$TMP/truth" --timeouts=active=2,idle=1,tcp.fin=1,tcp.rst=1 || bad gen
	for version in 5 9 10; do
		run "v$version, refusals that lie" timeout 60 python3 "$here/refuse.py" "$WEIR" "$TMP/in.pcap" \
			"$TMP/truth" $version -t active=2 -t idle=1 -t tcp.fin=1 -t tcp.rst=1
	done
else
	echo "forged ICMP messages: left out, needs root"
fi
finish
