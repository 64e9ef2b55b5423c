#!/bin/bash
# IPFIX files: each can be read alone, all of them have each record once; a full disk leaves whole messages.
. "$(dirname "$0")/common.sh"
need python3
[ -x "$GEN" ] || skip "there is no $GEN"

"$GEN" office "$TMP/in.pcap" --truth "$TMP/truth" || bad gen
"$GEN" many "$TMP/many.pcap" --truth "$TMP/many" --flows 30000 --packets 2 || bad gen
mkdir "$TMP/out"
to_files=(--set 'exporters[0].transport=file' --set "exporters[0].file.path=$TMP/out/flows")
names() { (cd "$TMP/out" && ls); }

# ---- one file, named by its first message ----

"$WEIR" -r "$TMP/in.pcap" "${to_files[@]}" --set 'exporters[0].file.time=366d' 2>"$TMP/err" || bad "one file: $(cat "$TMP/err")"
[[ $(names) =~ ^flows-20231114T2[0-9]{5}Z\.ipfix$ ]] || bad "one file: $(names)"
run 'one file' "$here/stream.py" --truth "$TMP/truth" --load "$TMP"/out/*.ipfix
cp "$TMP"/out/*.ipfix "$TMP/first"
"$WEIR" -r "$TMP/in.pcap" "${to_files[@]}" --set 'exporters[0].file.time=366d' 2>"$TMP/err" || bad "again: $(cat "$TMP/err")"
[ "$(names | wc -l)" = 2 ] && ls "$TMP"/out/flows-*Z-1.ipfix >/dev/null || bad "a name was used twice: $(names)"
cmp "$TMP/first" "$TMP"/out/flows-*Z-1.ipfix || bad 'the same capture makes another file'

# ---- by time: each message in the file of its minutes ----

rm "$TMP"/out/*
"$WEIR" -r "$TMP/in.pcap" "${to_files[@]}" --set 'exporters[0].file.time=10m' 2>"$TMP/err" || bad "by time: $(cat "$TMP/err")"
[ "$(names | wc -l)" -ge 6 ] || bad "by time: $(names)"
run 'by time' "$here/stream.py" --truth "$TMP/truth" --load "$TMP"/out/*.ipfix
python3 - "$TMP"/out/*.ipfix <<-'PYTHON' || bad 'by time: a message in the file of other minutes'
	import struct, sys
	for name in sys.argv[1:]:
	    b, at, spans = open(name, 'rb').read(), 0, set()
	    while at < len(b):
	        length, time, _, _, kind = struct.unpack_from('!xxHIIIH', b, at)
	        if kind != 2:
	            spans.add(time // 600)
	        at += length
	    if len(spans) != 1:
	        sys.exit('%s: %s' % (name, spans))
PYTHON

# ---- by size ----

rm "$TMP"/out/*
"$WEIR" -r "$TMP/many.pcap" -m 262144 "${to_files[@]}" --set 'exporters[0].file.size=256K' --set 'exporters[0].file.time=366d' \
	2>"$TMP/err" || bad "by size: $(cat "$TMP/err")"
[ "$(names | wc -l)" -ge 8 ] && [ -z "$(find "$TMP/out" -size +256k)" ] || bad "by size: $(ls -l "$TMP/out")"
run 'by size' "$here/stream.py" --truth "$TMP/many" --load "$TMP"/out/*.ipfix

# ---- a crash: what it left is named, up to its last whole message ----

rm "$TMP"/out/*
{ cat "$TMP/first"; head -c 90 "$TMP/first"; } >"$TMP/out/flows.part"
"$WEIR" -r "$TMP/in.pcap" "${to_files[@]}" --set 'exporters[0].file.time=366d' 2>"$TMP/err" || bad "after a crash: $(cat "$TMP/err")"
[ "$(names | wc -l)" = 2 ] || bad "after a crash: $(names)"
for file in "$TMP"/out/*.ipfix; do
	case $file in
	*Z-1.ipfix) cmp "$file" "$TMP/first" || bad 'after a crash: the new file' ;;
	*) cmp "$file" "$TMP/first" || bad 'after a crash: the old file' ;;
	esac
done

# ---- a full disk ----

if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
	rm "$TMP"/out/*
	cat >"$TMP/full.sh" <<-'SH'
		mount -t tmpfs -o size=1M none "$TMP/out" || exit 77
		"$@" 2>"$TMP/err"
		status=$?
		cp "$TMP"/out/* "$TMP/kept"
		exit $status
	SH
	mkdir "$TMP/kept"
	export TMP
	unshare -m bash "$TMP/full.sh" "$WEIR" -r "$TMP/many.pcap" -m 262144 "${to_files[@]}" --set 'exporters[0].file.time=366d'
	case $? in
	0)
		grep -q 'No space left on device' "$TMP/err" || bad "full disk: $(cat "$TMP/err")"
		lost=$(sed -n 's/.* lost \([0-9]*\); the ledger adds up/\1/p' "$TMP/err")
		[ "${lost:-0}" -gt 1000 ] || bad "full disk: $(cat "$TMP/err")"
		"$here/stream.py" --load "$TMP"/kept/*.ipfix >"$TMP/said" || bad "full disk: $(cat "$TMP/said")"
		grep -q " $((30000 - lost)) records" "$TMP/said" || bad "full disk: lost $lost, but $(cat "$TMP/said")"
		;;
	77) echo 'a full disk: left out, no tmpfs can be mounted here' ;;
	*) bad "full disk: $(cat "$TMP/err")" ;;
	esac
else
	echo 'a full disk: left out, needs root'
fi

"$WEIR" -r "$TMP/in.pcap" --set 'exporters[0].transport=file' --set "exporters[0].file.path=$TMP/none/flows" 2>"$TMP/err" &&
	bad 'a folder that is not there was taken'
grep -q 'No such file or directory' "$TMP/err" || bad "no folder: $(cat "$TMP/err")"
"$WEIR" -r "$TMP/in.pcap" -n 127.0.0.1:1 "${to_files[@]}" 2>"$TMP/err" && bad 'a collector and a file were taken'
finish
