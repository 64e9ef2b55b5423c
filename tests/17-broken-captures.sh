#!/bin/bash
# A capture that breaks off: what came before is exported, to the packet; exit status 2; one line
# that names the file and says what is wrong, besides the summary. Broken behind 100 frames: a file
# cut inside a record, and a pcapng file that goes on with another link type, which libpcap refuses.
. "$(dirname "$0")/common.sh"
need python3
[ -x "$GEN" ] || skip "there is no $GEN"
done=0

# says NAME FILE WORDS COMMAND...: exit status 2; the one line of the log, and the summary behind it
says() {
	local name=$1 file=$2 words=$3 status
	shift 3
	"$@" >"$TMP/out" 2>"$TMP/err"
	status=$?
	[ $status -eq 2 ] || bad "$name: exit status $status: $(head -3 "$TMP/err")"
	[ "$(grep -c error "$TMP/err")" -eq 1 ] && [ "$(wc -l <"$TMP/err")" -eq 2 ] ||
		bad "$name: not one error and the summary: $(cat "$TMP/err")"
	grep error "$TMP/err" | grep -E -- "file=\"$file\" " | grep -Eq "$words.*what came before is exported" ||
		bad "$name: the error does not tell $file and $words: $(cat "$TMP/err")"
	grep -q '^weir: 100 packets seen.*the ledger adds up$' "$TMP/err" ||
		bad "$name: no sound summary: $(cat "$TMP/err")"
}

# broken FORMAT WORDS SCENARIO
broken() {
	local file=$TMP/$1.pcap name="$3 as $1" version
	run "gen $name" "$GEN" "$3" "$file" --format "$1" --truth "$TMP/truth" || return
	for version in 5 9 10; do
		run "$name, v$version" "$wire" --truth "$TMP/truth" --version $version --expect 2 -- \
			"$WEIR" -r "$file" -n '127.0.0.1:{port}' -v $version
	done
	says "$name" "$file" "$2" "$WEIR" -r "$file" -o csv
	says "$name on stdin" 'standard input' "$2" sh -c "exec '$WEIR' -r - -o csv <'$file'"
	says "$name through a pipe" 'standard input' "$2" sh -c "cat '$file' | '$WEIR' -r - -o csv"
	"$WEIR" -q -r "$file" -o csv >"$TMP/out" 2>"$TMP/err"
	[ "$(wc -l <"$TMP/err")" -eq 1 ] || bad "$name with -q: $(cat "$TMP/err")"
	done=$((done + 1))
}

for scenario in office fragments tunnels links:113 links:101; do
	broken pcap-cut 'truncated' $scenario
	broken pcapng-cut 'truncated' $scenario
	broken pcapng-mixed 'type [0-9]+ different' $scenario
done
finish "$done captures"
