#!/bin/bash
# run.sh: computes
# Every scenario of the generator, exported in each version, must give the records of the truth; and the
# same capture must give the same bytes however often and in whatever file format it is read.
. "$(dirname "$0")/common.sh"
need python3
[ -x "$GEN" ] || skip "there is no $GEN"

far='-t active=36500d -t idle=36500d -t tcp.fin=36500d -t tcp.rst=36500d'
done=0

# exact NAME SCENARIO VERSION "GEN OPTIONS" "WEIR OPTIONS" [WIRE OPTIONS]
exact() {
	local name="$1 v$3 ($2)" scenario=$2 version=$3 weir_options=$5
	local file=$TMP/${scenario//:/-}.pcap
	# shellcheck disable=SC2086
	run "$name: gen" "$GEN" "$scenario" "$file" --truth "$file.tsv" $4 || return
	shift 5
	# shellcheck disable=SC2086
	run "$name" "$wire" "$@" --truth "$file.tsv" --version "$version" -- \
		"$WEIR" -r "$file" -n '127.0.0.1:{port}' -v "$version" -m 65536 $weir_options
	done=$((done + 1))
}

for scenario in $("$GEN" --list | awk '{print $1}'); do
	for version in 5 9 10; do exact defaults "$scenario" $version '' ''; done
done

for scenario in office timeouts fragments; do
	for version in 5 9 10; do
		exact short $scenario $version --timeouts=active=5,idle=2,tcp.fin=1,tcp.rst=1 \
			'-t active=5 -t idle=2 -t tcp.fin=1 -t tcp.rst=1'
		exact fractions $scenario $version --timeouts=active=7.5,idle=0.25,udp=1.5,icmp=0.1 \
			'-t active=7500ms -t idle=0.25s -t udp=1.5 -t icmp=100ms'
		exact none $scenario $version --no-timeouts "$far"
		exact 'one minute, a second' $scenario $version --timeouts=active=60,idle=60,tcp.fin=60,tcp.rst=1 \
			'-t active=1m -t idle=60s -t tcp.fin=1m -t tcp.rst=1s'
	done
done
exact none times 10 --no-timeouts "$far" # v5 and v9 count an active time-out above 48 days as 48

# A cache much smaller than the number of flows: records leave early, nothing is lost.
for version in 5 9 10; do
	exact 'small cache' many $version '--flows 20000 --packets 4' '-m 1024' --sums
	exact 'small cache' office $version '' '-m 64' --sums
	exact 'large' many $version '--flows 30000 --packets 3' ''
done

# The same file twice: the same datagrams, the same text.
for scenario in office timeouts times; do
	file=$TMP/$scenario.pcap
	run "gen $scenario" "$GEN" $scenario "$file"
	for version in 5 9 10; do
		for n in 1 2; do
			run "v$version of $scenario, time $n" "$wire" --hex "$TMP/$n.hex" -- \
				"$WEIR" -r "$file" -n '127.0.0.1:{port}' -v $version
		done
		run "v$version of $scenario differs the second time" cmp "$TMP/1.hex" "$TMP/2.hex"
	done
	for format in json csv text; do
		for n in 1 2; do
			"$WEIR" -r "$file" -o $format >"$TMP/$n.$format" 2>"$TMP/err" || bad "-o $format: $(cat "$TMP/err")"
		done
		run "-o $format of $scenario differs the second time" cmp "$TMP/1.$format" "$TMP/2.$format"
		[ -s "$TMP/1.$format" ] || bad "-o $format of $scenario prints nothing"
	done
done

# Every file format, and standard input, gives the same records.
for scenario in office timeouts links:113; do
	for format in pcap pcapng pcap-ns pcap-swapped; do
		file=$TMP/$format.pcap
		run "gen $scenario $format" "$GEN" $scenario "$file" --truth "$TMP/truth" --format $format
		run "$scenario as $format" "$wire" --truth "$TMP/truth" --records "$TMP/$format.tsv" -- \
			"$WEIR" -r "$file" -n '127.0.0.1:{port}' -v 10
		run "$scenario as $format on stdin" "$wire" --truth "$TMP/truth" -- \
			sh -c "exec '$WEIR' -r - -n 127.0.0.1:{port} -v 10 <'$file'"
		run "$scenario as $format through a pipe" "$wire" --truth "$TMP/truth" -- \
			sh -c "cat '$file' | '$WEIR' -r - -n 127.0.0.1:{port} -v 10"
		run "$scenario: pcap and $format differ" cmp "$TMP/pcap.tsv" "$TMP/$format.tsv"
	done
done
finish "$done captures exact"
