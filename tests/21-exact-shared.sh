#!/bin/bash
# run.sh: computes
# The reference rules, written apart from this program, over captures of real traffic, with and without
# time-outs. The captures are not part of this repository. The runs mostly wait, so they go side by side.
. "$(dirname "$0")/common.sh"
need python3 tcpdump
[ -n "$SHARED" ] && [ -d "$SHARED/pcaps/ordinary" ] || skip "no shared captures"

for version in 5 9 10; do
	for timeouts in '' idle=15,active=60 idle=2,active=5,tcp.fin=1,tcp.rst=1; do
		name="v$version ${timeouts:-without time-outs}"
		WEIR=$WEIR "$SHARED/oracle/exact.py" $version ${timeouts:+--timeouts $timeouts} \
			"$SHARED/pcaps/ordinary" >"$TMP/$name" 2>&1 &
	done
done
wait
for said in "$TMP/v"*; do
	case $(cat "$said") in
	*'exact 129 of 129') echo "${said##*/}: exact 129 of 129" ;;
	*) bad "${said##*/}"; cat "$said" ;;
	esac
done
finish
