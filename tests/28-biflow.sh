#!/bin/bash
# run.sh: computes
# With cache.biflow both directions of a connection are one record, and nothing is lost or doubled.
. "$(dirname "$0")/common.sh"
need python3
[ -x "$GEN" ] || skip "there is no $GEN"

captures=()
for scenario in office ports tcp; do
	"$GEN" $scenario "$TMP/$scenario.pcap" >"$TMP/out" 2>&1 && captures+=("$TMP/$scenario.pcap")
done
run 'generated captures' "$(dirname "$0")/biflow.py" "$WEIR" "${captures[@]}"
if [ -n "${SHARED:-}" ]; then
	run 'shared captures' "$(dirname "$0")/biflow.py" "$WEIR_PLAIN" "$SHARED"/pcaps/ordinary/*
fi
finish
