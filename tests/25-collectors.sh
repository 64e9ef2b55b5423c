#!/bin/bash
# Collectors that others wrote, nfcapd and nfacctd, must have each flow's packets, octets and flags as the
# generator made them, and multiply them by the sampling rate that options data tell.
. "$(dirname "$0")/collectors.sh"

for scenario in office timeouts fragments; do
	"$GEN" $scenario "$TMP/in.pcap" --truth "$TMP/truth" || bad "gen $scenario"
	for version in 5 9 10; do
		for collector in nfcapd nfacctd; do
			command -v $collector >/dev/null || continue
			have=$((have + 1))
			with_$collector "$collector, $scenario, v$version" $version ''
		done
	done
done

# ---- The other ready-made records, and biflows ----

"$GEN" office "$TMP/in.pcap" --truth "$TMP/truth" || bad "gen office"
for version in 9 10; do
	for record in minimal layer2 tunnel tcp security router; do
		for collector in nfcapd nfacctd; do
			command -v $collector >/dev/null || continue
			have=$((have + 1))
			with_$collector "$collector, record $record, v$version" $version \
				"$([ $record = minimal ] && echo bare)" --set cache.record=$record
		done
	done
	# nfacctd knows the initiator's side only
	command -v nfcapd >/dev/null || continue
	have=$((have + 1))
	with_nfcapd "nfcapd, biflows, v$version" $version bare --set cache.biflow=true
	grep -q '"out_packets" : [1-9]' "$TMP/nf.json" || bad "nfcapd, biflows, v$version: no answers"
done

# ---- The sampling rate: one packet in ten is metered, the collector has ten times that ----

"$GEN" office "$TMP/in.pcap" --truth "$TMP/truth" || bad "gen office"
for collector in nfcapd nfacctd; do
	command -v $collector >/dev/null || continue
	for version in 9 10; do
		sampled $collector $version 10
		sampled $collector $version 10 --set sampling.algorithm=random
		sampled $collector $version 10 --set 'exporters[0].sampling_options=both'
	done
	# one that is not told cannot multiply
	sampled $collector 9 1 --set 'exporters[0].options_data=false'
done
command -v nfacctd >/dev/null && sampled nfacctd 10 10 --set 'exporters[0].sampling_options=psamp'

[ $have -gt 0 ] || skip 'neither nfcapd nor nfacctd is installed'
for collector in nfcapd nfacctd; do
	command -v $collector >/dev/null || echo "$collector: left out, not installed"
done
finish "$have collections agree"
