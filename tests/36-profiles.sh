#!/bin/bash
# Profiles of collectors, against the real programs: what each has of every flow, and of the sampling rate, with
# nothing said but its profile; and what it would have misread without. What is said beside a profile wins.
. "$(dirname "$0")/collectors.sh"

# ---- nfdump ----

"$GEN" office "$TMP/in.pcap" --truth "$TMP/truth" || bad 'gen office'
if command -v nfcapd >/dev/null; then
	for version in 9 10; do
		have=$((have + 1))
		with_nfcapd "nfdump, v$version" $version '' # the sequence, too
		sampled nfcapd $version 10 --set 'exporters[0].profile=nfdump'
	done
	# a record that names other times, which nfcapd takes for 1970
	own=(--set 'records[0].name=own' --set 'records[0].match=sourceIPv4Address,destinationIPv4Address' --set cache.record=own
		--set 'records[0].collect=octetDeltaCount,packetDeltaCount,flowStartMicroseconds,flowEndMicroseconds')
	years() { TZ=UTC nfdump -r "$file" -o json | sed -n 's/.*"first" : "\([0-9]*\)-.*/\1/p' | sort -u | tr '\n' ' '; }
	for version in 9 10; do
		into_nfcapd "nfdump, microseconds, v$version" $version "${own[@]}" --set 'exporters[0].profile=nfdump'
		[ "$(years)" = '2023 ' ] || bad "nfdump, v$version: flows are of $(years)"
	done
	into_nfcapd 'microseconds without the profile' 10 "${own[@]}"
	[ "$(years)" = '1970 ' ] || bad "nfcapd reads microseconds now: flows are of $(years)"
	into_nfcapd 'microseconds beside the profile' 10 "${own[@]}" --set 'exporters[0].profile=nfdump' --set 'exporters[0].times=microseconds'
	[ "$(years)" = '1970 ' ] || bad "the profile won over the key: flows are of $(years)"
	into_nfcapd 'options data beside the profile' 10 --set 'exporters[0].options_data=true' --set 'exporters[0].profile=nfdump'
	grep -q 'Sequence Errors: 0' "$TMP/nfcapd.log" && bad 'nfcapd has the sequence right with options data now'
fi

# ---- pmacct ----

if command -v nfacctd >/dev/null; then
	for version in 9 10; do
		have=$((have + 1))
		with_nfacctd "pmacct, v$version" $version '' --set 'exporters[0].profile=pmacct'
		case $said in
		*'left out'*) bad "pmacct, v$version: it has no TCP flags" ;;
		esac
		sampled nfacctd $version 10 --set 'exporters[0].profile=pmacct'
	done
	with_nfacctd 'without the profile' 10 '' | grep -q 'left out' || bad 'nfacctd reads flags of two octets now'
fi

# ---- SiLK: what its library, libfixbuf, reads of a file ----

if command -v ipfixDump >/dev/null; then
	have=$((have + 1))
	"$WEIR" -r "$TMP/in.pcap" -s 10 --set 'exporters[0].transport=file' --set "exporters[0].file.path=$TMP/silk" \
		--set 'exporters[0].profile=silk' --set 'exporters[0].file.time=7d' 2>"$TMP/err" || bad "silk: weir: $(cat "$TMP/err")"
	file=$(find "$TMP" -name 'silk*.ipfix')
	records=$(sed -En 's/.* ([0-9]+) records in .*/\1/p' "$TMP/err")
	ipfixDump -i "$file" -o "$TMP/silk.txt" 2>"$TMP/err" || bad "silk: ipfixDump: $(cat "$TMP/err")"
	flows=$(grep -c '(152) *flowStartMilliseconds : 2023-' "$TMP/silk.txt")
	[ "$flows" = "$records" ] || bad "silk: $flows records with times, not $records"
	grep -q samplingInterval "$TMP/silk.txt" && bad 'silk: it is told of sampling'
fi

[ $have -gt 0 ] || skip 'none of these collectors is installed'
for collector in nfcapd nfacctd ipfixDump; do
	command -v $collector >/dev/null || echo "$collector: left out, not installed"
done
finish "$have collections agree; goflow2, akvorado, ElastiFlow, Logstash and SiLK itself are not in Debian"
