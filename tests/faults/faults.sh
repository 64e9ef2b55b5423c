# What the live tests of faults share, sourced first by each: weir on vb in the namespace $b, whose other end
# is va in $a, a collector of our own, and the comparison of what that got with weir's ledger.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
faults=$here/faults
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
WEIR_PLAIN=$(realpath "${WEIR_PLAIN:-$root/weir}") # for floods: sanitizers are slow
flood=$(dirname "$WEIR")/tests/tool_flood
[ -x "$flood" ] || flood=$root/build/tests/tool_flood
need python3 ip
[ -x "$WEIRCTL" ] || skip "there is no $WEIRCTL"
[ -x "$flood" ] || skip "there is no tool_flood, 'make tools' builds it"

socket=$TMP/weir.sock weir= collector=
ctl() { timeout 20 "$WEIRCTL" -s "$socket" "$@"; }

# ask.py FILE PATH, or ask.py SOCKET COMMAND PATH: "flows/live/flows" of an answer
cat >"$TMP/ask.py" <<'P'
import functools, json, socket, sys
step = lambda o, k: o[int(k)] if isinstance(o, list) else o[k]
if len(sys.argv) == 3:
    answer = json.load(open(sys.argv[1]))
else:
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(sys.argv[1])
    s.sendall(json.dumps({'command': sys.argv[2]}).encode() + b'\n')
    answer = json.loads(s.makefile().readline())
print(functools.reduce(step, sys.argv[-1].split('/'), answer))
P
field() { python3 -S "$TMP/ask.py" "$@"; }            # FILE PATH
number() { field "$socket" ledger "$1"; }             # PATH, of the ledger now
status() { field "$socket" status "$1"; }             # PATH
reached() { [ "$(number "$1" 2>/dev/null)" -ge "$2" ]; } # PATH COUNT
told() { field "$TMP/ledger" "$1"; }                     # PATH, of the ledger at the end
got() { field "$TMP/got" "$1"; }                         # PATH, of what the collector got
cleanups+=('kill -KILL $weir $collector 2>/dev/null')

wire_up() { # two_hosts, and frames need no neighbours
	two_hosts
	ip -n $a link set va arp off
	ip -n $b link set vb arp off
}
send() { ip netns exec $a "$flood" va "$1" "$2" >/dev/null || bad "the sender failed"; } # FIRST COUNT: one flow a frame

# collect NAMESPACE OPTIONS...: collector.py, whose port is then $port
collect() {
	local ns=$1
	shift
	rm -f "$TMP/got" "$TMP/port"
	ip netns exec "$ns" "$faults/collector.py" "$TMP/got" "$@" >"$TMP/port" 2>"$TMP/collector.log" &
	collector=$!
	until_true 10 test -s "$TMP/port" || bad "the collector does not listen: $(cat "$TMP/collector.log")"
	port=$(cat "$TMP/port")
}
gather() { # the collector reads what is left and tells
	stop $collector TERM 20 || bad "the collector: $(cat "$TMP/collector.log")"
	collector=
}

# start PROGRAM OPTIONS...: weir on vb, until it lets frames in
start() {
	local program=$1
	shift
	rm -f "$TMP/ledger" "$TMP/log"
	ip netns exec $b "$program" -i vb --ledger "$TMP/ledger" --set control.socket="$socket" "$@" >"$TMP/out" 2>"$TMP/log" &
	weir=$!
	until_true 20 grep -q 'frames are let in' "$TMP/log" && until_true 20 ctl status && return
	bad "weir does not capture: $(cat "$TMP/log")"
	return 1
}

# end NAME [STATUS]: SIGTERM; it ends in time, as it should, and its ledger adds up
end() {
	local ended
	stop $weir TERM 20
	ended=$?
	weir=
	[ $ended -eq "${2:-0}" ] || bad "$1: exit status $ended: $(tail -n 30 "$TMP/log")"
	grep -q 'the ledger adds up' "$TMP/log" && [ "$(told adds_up)" = True ] || bad "$1: $(tail -n 30 "$TMP/log")"
}

# agree NAME [MISSING]: the collector has what the ledger calls sent; so many records are missing in its sequence
cat >"$TMP/agree.py" <<'P'
import json, sys
name, folder, missing = sys.argv[1:]
got, ledger = (json.load(open(folder + '/' + f)) for f in ('got', 'ledger'))
collector, packets, wrong = ledger['flows']['collectors'][0], ledger['packets'], []
for what in 'flows', 'packets', 'octets':
    if got[what] != collector['sent'][what]:
        wrong.append(f"the collector got {got[what]} {what}, the ledger says {collector['sent'][what]}")
if missing == 'lost':
    missing = collector['lost']['flows']
if got['missing'] != int(missing):
    wrong.append(f"{got['missing']} records are missing in the sequence, not {missing}")
if got['complaints']:
    wrong.append(f"the collector complains: {got['complaints']}")
kernel = packets['kernel']
if kernel['received'] - kernel['dropped'] != packets['seen']['frames']:
    wrong.append(f"the kernel says {kernel}, seen were {packets['seen']}")
sys.exit(wrong and f"{name}: {'; '.join(wrong)}" or 0)
P
agree() { said=$(python3 -S "$TMP/agree.py" "$1" "$TMP" "${2:-0}" 2>&1) || bad "$said"; }
