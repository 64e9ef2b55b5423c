#!/bin/bash
# The reference rules, written apart from this program, over captures of real traffic, with and without
# time-outs. The captures are not part of this repository.
. "$(dirname "$0")/common.sh"
need python3 tcpdump
[ -n "$SHARED" ] && [ -d "$SHARED/pcaps/ordinary" ] || skip "no shared captures"

for version in 5 9 10; do
	for timeouts in '' idle=15,active=60 idle=2,active=5,tcp.fin=1,tcp.rst=1; do
		name="v$version ${timeouts:-without time-outs}"
		said=$(WEIR=$WEIR "$SHARED/oracle/exact.py" $version ${timeouts:+--timeouts $timeouts} \
			"$SHARED/pcaps/ordinary" 2>&1)
		case $said in
		*'exact 129 of 129') echo "$name: exact 129 of 129" ;;
		*) bad "$name"; printf '%s\n' "$said" ;;
		esac
	done
done
finish
