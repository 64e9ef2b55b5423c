#!/bin/bash
# run.sh: computes
# With cache.decapsulate = inner the flow is that of the innermost IP packet.
. "$(dirname "$0")/common.sh"
need python3
[ -x "$GEN" ] || skip "there is no $GEN"

for scenario in tunnels ethertypes office fragments ports links:1; do
	run "gen $scenario" "$GEN" $scenario "$TMP/in.pcap" --inner --truth "$TMP/truth"
	for version in 5 9 10; do
		run "$scenario v$version" "$wire" --truth "$TMP/truth" --version $version -- "$WEIR" \
			-r "$TMP/in.pcap" -n '127.0.0.1:{port}' -v $version --set cache.decapsulate=inner
	done
done
finish
