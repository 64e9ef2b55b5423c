#!/bin/bash
# All shared captures: encapsulations, link types, fragments, damage; as the outer flow and the inner.
. "$(dirname "$0")/common.sh"
need python3 tcpdump
[ -n "$SHARED" ] && [ -d "$SHARED/pcaps/malformed" ] || skip "no shared captures"

for how in '9' '10' '9 --inner' '10 --inner' '5'; do
	# shellcheck disable=SC2086
	if said=$(WEIR=$WEIR "$SHARED/oracle/exact.py" $how "$SHARED/pcaps" 2>&1); then
		printf '%s\n' "$said" | tail -1
	else
		bad "version $how"
		printf '%s\n' "$said"
	fi
done
finish
