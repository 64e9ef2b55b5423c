#!/bin/bash
# run.sh: computes
# What tunnels say is the same with the outermost packet as the flow and with the innermost one, and
# noting it changes nothing of the flow: frame by frame, over the generator's captures and then over
# captures of real traffic, which are not part of this repository.
. "$(dirname "$0")/common.sh"
tools=$(dirname "$WEIR")/tests
[ -x "$GEN" ] || skip "there is no $GEN"
[ -x "$tools/tool_story" ] || skip "there is no $tools/tool_story, 'make asan' builds it"

# told WHAT ENTERED NAMED FILE...: so many frames at least have an inner packet, so many an identity only
told() {
	local what=$1 entered=$2 named=$3 with identity
	shift 3
	"$tools/tool_frames" 1000000 "$@" >"$TMP/frames" 2>/dev/null || bad "$what: the captures are not read"
	run "$what" "$tools/tool_story" "$TMP/frames" || return
	echo "$what: $said"
	read -r with identity < <(sed 's/.*frames, \([0-9]*\) with .* \([0-9]*\) with .*/\1 \2/' <<<"$said")
	[ "$with" -ge "$entered" ] || bad "$what: only $with frames with an inner packet"
	[ "$identity" -ge "$named" ] || bad "$what: only $identity frames with an identity only"
}

for scenario in $("$GEN" --list | awk '{ print $1 }'); do
	run "gen $scenario" "$GEN" "$scenario" "$TMP/${scenario/:/-}.pcap" --flows 100
done
told generated 100 2 "$TMP"/*.pcap
if [ -z "$SHARED" ] || [ ! -d "$SHARED/pcaps" ]; then
	[ $failures -eq 0 ] || exit 1
	skip "no captures of real traffic; those of the generator are good"
fi
told 'real traffic' 3000 40 "$SHARED"/pcaps/*/*
finish
