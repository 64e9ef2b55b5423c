#!/bin/bash
# Memory is taken at the start and not later: by the capture threads, each on its processor, before
# frames are let in; and a cache, rings and tables that have all been in use have not made the process
# larger. The process has no huge pages here, so that page faults count who touched what.
. "$(dirname "$0")/common.sh"
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
WEIR_PLAIN=${WEIR_PLAIN:-$root/weir}
flood=$(dirname "$WEIR")/tests/tool_flood
[ -x "$flood" ] || flood=$root/build/tests/tool_flood
need python3 ip taskset
[ -x "$flood" ] || skip "there is no tool_flood, 'make tools' builds it"
[ -x "$WEIR_PLAIN" ] && [ -x "$WEIRCTL" ] || skip "there is no $WEIR_PLAIN or no $WEIRCTL"

# The first and the last processor that there is for us, or the only one twice.
read -r one two < <(python3 -c 'import os; c = sorted(os.sched_getaffinity(0)); print(c[0], c[-1])')

# ---- Processors that are not there are told with the line that names them ----

printf 'inputs = ( {\n interface = "lo";\n workers = 2;\n cpu = [%s, 1023];\n} );\n' "$one" >"$TMP/cpu.conf"
"$WEIR" -f "$TMP/cpu.conf" >"$TMP/out" 2>&1
[ $? -eq 2 ] || bad "processor 1023: exit status not 2: $(cat "$TMP/out")"
grep -qF "$TMP/cpu.conf:4: inputs[0].cpu: 1023 is not there or not for this process, allowed: " "$TMP/out" ||
	bad "processor 1023: $(cat "$TMP/out")"
if [ "$one" != "$two" ]; then
	taskset -c "$one" "$WEIR" -i lo --set "inputs[0].cpu=$two" >"$TMP/out" 2>&1
	grep -q "inputs\[0\].cpu: $two is not there or not for this process, allowed: $one\$" "$TMP/out" ||
		bad "a processor that is not allowed: $(cat "$TMP/out")"
fi

# ---- Live ----

two_hosts
ip -n $a link set va arp off
ip -n $b link set vb arp off
ENTRIES=100000 FRAGMENTS=65536
PROGRAM=16384 # KB: weir, its libraries and threads
pages=$(((ENTRIES * 109 + 65536 * 96 + FRAGMENTS * 52) / $(getconf PAGESIZE))) # of each worker
cat >"$TMP/small-pages.py" <<'P'
import ctypes, os, sys
PR_SET_THP_DISABLE = 41
if ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0):
    sys.exit('prctl failed')
os.execv(sys.argv[1], sys.argv[1:])
P
ip netns exec $b python3 "$TMP/small-pages.py" "$WEIR_PLAIN" -i vb -n 127.0.0.1:9 -v 9 -m $ENTRIES \
	-t idle=1m -t active=1m --set cache.pressure=100 --set cache.fragments=$FRAGMENTS --set 'inputs[0].workers=2' \
	--set "inputs[0].cpu=$one,$two" --set control.socket="$TMP/socket" >"$TMP/log" 2>&1 &
weir=$!
until_true 30 grep -q 'frames are let in' "$TMP/log" || bad "weir does not capture: $(cat "$TMP/log")"
grep -q "interface=\"vb\" workers=2 cpu=$one,$two " "$TMP/log" || bad "processors are not told: $(cat "$TMP/log")"
"$WEIRCTL" -s "$TMP/socket" status >"$TMP/status" || bad 'weir does not answer'
grep -q "on processor $one, $two\$" "$TMP/status" || bad "processors are not in the status: $(cat "$TMP/status")"

# of_thread NAME FILE: of /proc/PID/task of the thread that is called so
of_thread() {
	local task
	for task in /proc/$weir/task/*; do
		[ "$(cat "$task/comm")" != "$1" ] || cat "$task/$2"
	done
}
faults() { sed 's/.*) //' | cut -d' ' -f8; } # of a line of /proc/.../stat: pages taken
runs_on() { awk '/^Cpus_allowed_list/ { print $2 }' "$@"; }
resident() { awk '/^VmRSS/ { print $2 }' /proc/$weir/status; } # KB

for k in 0 1; do
	cpu=$([ $k = 0 ] && echo "$one" || echo "$two")
	allowed=$(of_thread "vb/$k" status | runs_on)
	[ "$allowed" = "$cpu" ] || bad "capture $k may run on $allowed, not on $cpu"
	count=$(of_thread "vb/$k" stat | faults)
	[ "${count:-0}" -ge $pages ] || bad "capture $k took $count pages, its worker has $pages"
	echo "capture $k: on processor $allowed, took $count pages of at least $pages"
done
count=$(faults </proc/$weir/task/$weir/stat)
[ "$count" -lt $pages ] || bad "the main thread took $count pages"
[ "$(runs_on /proc/$weir/status)" = "$(runs_on /proc/self/status)" ] ||
	bad "the main thread runs on $(runs_on /proc/$weir/status)"

ledger() { "$WEIRCTL" -j -s "$TMP/socket" ledger | python3 -c 'import json, sys; print(json.load(sys.stdin)["packets"]["seen"]["frames"])'; }
seen() { [ "$(ledger)" -ge "$1" ]; }

# A little first: what a library takes at its first use is no flow's.
ip netns exec $a "$flood" va 0x0a000000 20000 >/dev/null
until_true 20 seen 20000 || bad 'no 20000 frames were seen'
before=$(resident)
ip netns exec $a "$flood" va 0x0b000000 1500000 >/dev/null
until_true 60 seen 1520000 || bad "$(ledger) of 1520000 frames were seen"
"$WEIRCTL" -s "$TMP/socket" status >"$TMP/status"
grep 'entries in use' "$TMP/status" | grep -qv ' 0 displaced' || bad 'the cache was never full: this shows nothing'
after=$(resident)
echo "resident: $before KB, and $after KB after 1500000 flows"
[ $((after - before)) -le 512 ] || bad "memory grew from $before to $after KB"
moved=$((after > before ? after - before : before - after))
[ $((100 * moved)) -lt "$before" ] || bad "memory moved by 1 % or more, from $before to $after KB"

# The sum that was told at the start is that of all tables; what is resident besides is the program with its
# libraries and threads, which take as much with the smallest tables.
told=$(sed -n 's/.*event=memory most=\([0-9]*\)K .*/\1/p' "$TMP/log")
tables=$(sed -n 's/.*event=memory .*workers=\([0-9]*\)K.*/\1/p' "$TMP/log")
[ "${told:-0}" -gt 0 ] || bad "no sum is told: $(cat "$TMP/log")"
[ "${tables:-0}" -ge $((2 * pages * $(getconf PAGESIZE) / 1024)) ] || bad "$tables KB are told for tables of two workers"
[ $((after - told)) -le $PROGRAM ] || bad "$after KB are resident, $told KB were told"
[ $((before - tables)) -ge 0 ] || bad "$tables KB are told, of which $before KB were taken"
echo "told: $told KB, tables $tables KB"
stop $weir TERM 20 || bad "exit status $?: $(cat "$TMP/log")"
finish
