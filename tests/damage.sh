# damage PROGRAM FRAMES LESS: the body of 30-damage.sh and 31-damage-msan.sh. PROGRAM meters damaged
# frames (tests/tool_damage.c), FRAMES reads them from captures (tests/tool_frames.c).
#
# The first 200 frames of each of the generator's scenarios, then the first 40 of captures of real
# traffic, which are not part of this repository: every DAMAGE-th of them (8), all with DAMAGE=all.
# Without that only one of LESS frames and captures.

# damaged WHAT PROGRAM FRAMES MOST FILE...
damaged() {
	local what=$1 program=$2 frames=$3
	shift 3
	if ! "$frames" "$@" >"$TMP/frames" 2>"$TMP/refused"; then
		bad "$what: $(cat "$TMP/refused")"
		return
	fi
	run "$what" "$program" "$TMP/frames" || return
	echo "$what: ${said##*$'\n'}"
}

damage() {
	local program=$1 frames=$2 less=$3 scenario each=${DAMAGE:-8} files=() chosen=() i
	[ "$each" != all ] || less=1
	for scenario in $("$GEN" --list | awk '{ print $1 }'); do
		run "gen $scenario" "$GEN" "$scenario" "$TMP/${scenario/:/-}.pcap" --flows 100
	done
	damaged generated "$program" "$frames" $((200 / less)) "$TMP"/*.pcap
	if [ -z "$SHARED" ] || [ ! -d "$SHARED/pcaps" ]; then
		[ $failures -eq 0 ] || exit 1
		skip "no captures of real traffic; those of the generator are good"
	fi
	[ "$each" != all ] || each=1
	files=("$SHARED"/pcaps/*/*)
	for ((i = 0; i < ${#files[@]}; i += each * less)); do chosen+=("${files[i]}"); done
	damaged "${#chosen[@]} of ${#files[@]} captures" "$program" "$frames" 40 "${chosen[@]}"
}
