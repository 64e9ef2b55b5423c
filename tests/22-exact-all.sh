#!/bin/bash
# run.sh: computes
# All shared captures: encapsulations, link types, fragments, damage; as the outer flow and the inner.
# The runs mostly wait, so they go side by side; the plain build, for each starts it 537 times.
. "$(dirname "$0")/common.sh"
need python3 tcpdump
[ -n "$SHARED" ] && [ -d "$SHARED/pcaps/malformed" ] || skip "no shared captures"

plain=${WEIR_PLAIN:-$WEIR}
[ -x "$plain" ] || plain=$WEIR
for how in '9' '10' '9 --inner' '10 --inner' '5' '5 --inner'; do
	# shellcheck disable=SC2086
	WEIR=$plain "$SHARED/oracle/exact.py" $how "$SHARED/pcaps" >"$TMP/v$how" 2>&1 &
done
wait
for said in "$TMP/v"*; do
	case $(tail -1 "$said") in
	*'exact 537 of 537') tail -1 "$said" ;;
	*) bad "version ${said##*/v}"; cat "$said" ;;
	esac
done
finish
