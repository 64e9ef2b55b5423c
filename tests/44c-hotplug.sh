#!/bin/bash
# Interfaces that a pattern stands for come, go, come again, are renamed and are too many, while weir is confined as a
# user without rights and only the process that opens interfaces has one. Each frame is a flow of its own: every one
# that was sent while its interface was metered is in one record, and in no other; the ledger is exact.
. "$(dirname "$0")/common.sh"
flood=$(dirname "$WEIR")/tests/tool_flood
WEIR=$(realpath "${WEIR_PLAIN:-$WEIR}") # a build with sanitizers is not confined
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
[ -x "$flood" ] || flood=$root/build/tests/tool_flood
need python3 ip
[ -x "$flood" ] || skip "there is no tool_flood, 'make tools' builds it"
two_hosts
chmod 711 "$TMP"
mkdir "$TMP/run" && chmod 777 "$TMP/run"
socket=$TMP/run/weir.sock
ctl() { timeout 30 "$WEIRCTL" -s "$socket" "$@"; }
# of EXPRESSION [COMMAND]: of the answer, as Python has it
of() { ctl -j "${2:-ledger}" | python3 -c "import json, sys; a = json.load(sys.stdin); print($1)"; }
seen() { of 'a["packets"]["seen"]["frames"]'; }
inputs() { of '" ".join(sorted(i["interface"] + ":" + i["state"] for i in a["inputs"]))' status; }
metered() { [ "$(inputs)" = "$*" ]; } # NAME:STATE...
wait_for() { until_true 20 metered "$@" || bad "$*: inputs are $(inputs): $(tail -n 5 "$TMP/log")"; }

wire() { # NAME OTHER: NAME in $b, wired to OTHER in $a
	ip -n $b link add "$1" type veth peer name "$2" netns $a
	ip -n $a link set "$2" up
	ip -n $b link set "$1" up
	until_true 10 eval 'ip -n $a link show '"$2"' | grep -q LOWER_UP' || bad "$2 is not up"
}
next=$((0x0a000000))
sent=0
# send OTHER COUNT: frames that are all metered
send() {
	local before
	before=$(seen)
	ip netns exec $a "$flood" "$1" $next "$2" >"$TMP/flood" || bad "flood: $(cat "$TMP/flood")"
	next=$((next + $2)) sent=$((sent + $2))
	until_true 20 eval "[ \"\$(seen)\" = $((before + $2)) ]" || bad "$2 frames at $1: $(seen) are seen, $before before"
}
lost_on_the_way() { # OTHER COUNT: frames that nobody meters
	ip netns exec $a "$flood" "$1" $next "$2" >"$TMP/flood" || bad "flood: $(cat "$TMP/flood")"
	next=$((next + $2))
}

# ---- Nothing matches at the start ----

ip netns exec $b "$WEIRDUMP" -j -p 9990 >"$TMP/records.json" 2>"$TMP/dump.log" &
dump=$!
cleanups+=("kill $dump 2>/dev/null")
until_true 10 ip netns exec $b grep -qi ":$(printf %04X 9990) " /proc/net/udp /proc/net/udp6 || bad 'weirdump does not listen'
configure() { # INPUTS
	cat >"$TMP/weir.conf.new" <<-F
		inputs = ( $1 );
		cache = { entries = 65536; fragments = 64; timeouts = { idle = "1h"; active = "1h"; }; };
		exporters = ( { collector = "127.0.0.1:9990"; protocol = "ipfix"; } );
		control = { socket = "$socket"; };
		privileges = { user = "nobody"; };
	F
	mv "$TMP/weir.conf.new" "$TMP/weir.conf"
}
u='{ interface = "u*"; buffer = "1M"; filter = "ip or vlan"; }'
configure "$u"
ip netns exec $b "$WEIR" -f "$TMP/weir.conf" >"$TMP/log" 2>&1 &
weir=$!
cleanups+=("kill -9 $weir 2>/dev/null")
until_true 20 ctl status || bad "weir does not answer: $(cat "$TMP/log")"
grep -q 'event=no-match' "$TMP/log" || bad "nothing matches, and nobody says so: $(cat "$TMP/log")"
metered '' || bad "inputs: $(inputs)"
[ "$(of 'a["adds_up"]')" = True ] || bad "the ledger of nothing: $(ctl ledger)"

# ---- What is left to whom ----

look() { # PID CAPABILITIES
	local task
	for task in /proc/"$1"/task/*; do
		grep -qE "^CapEff:\s$2\$" "$task/status" && grep -qE "^CapPrm:\s$2\$" "$task/status" && grep -qE '^Seccomp:\s2' "$task/status" &&
			grep -qE '^NoNewPrivs:\s1' "$task/status" && grep -qE '^Uid:\s([1-9][0-9]*)\s\1\s\1\s\1$' "$task/status" ||
			bad "$(cat "$task/comm"): $(grep -E '^(Uid|Cap|Seccomp|NoNew)' "$task/status" | tr '\n\t' '; ')"
	done
}
opener=$(grep -lx weir-opener $(sed -E 's#([0-9]+) ?#/proc/\1/comm #g' /proc/$weir/task/$weir/children) | grep -o '[0-9]*')
look $weir 0+
if grep -q event=no-egress "$TMP/log"; then look "$opener" 0+2000; else look "$opener" 0+8000002000; fi

# ---- They come, go, and come again ----

wire u0 w0
wait_for u0:capturing
send w0 500
wire u1 w1
wait_for u0:capturing u1:capturing
send w0 400
send w1 300
ip -n $b link del u0
wait_for u1:capturing
[ "$(grep -c 'event=gone interface="u0"' "$TMP/log")" = 1 ] || bad "gone, said otherwise than once: $(cat "$TMP/log")"
until_true 20 eval '[ "$(grep -c "\"flowEndReason\":4" "$TMP/records.json")" = 900 ]' ||
	bad "of 900 flows of u0 $(grep -c '"flowEndReason":4' "$TMP/records.json") were exported when it went"
send w1 200
wire u0 w0
wait_for u0:capturing u1:capturing
send w0 100

# ---- Renamed ----

ip -n $b link set u1 down && ip -n $b link set u1 name x1 && ip -n $b link set x1 up
wait_for u0:capturing
lost_on_the_way w1 100
ip -n $b link set x1 down && ip -n $b link set x1 name u7 && ip -n $b link set u7 up
wait_for u0:capturing u7:capturing
send w1 150

# ---- Under load, again and again; one lies over another ----

before=$(seen)
ip netns exec $a "$flood" w1 $next 20000 >"$TMP/flood1" &
loading=$!
next=$((next + 20000)) sent=$((sent + 20000))
for ((i = 0; i < 8; i++)); do
	ip -n $b link del u0
	wait_for u7:capturing
	wire u0 w0
	wait_for u0:capturing u7:capturing
done
wait $loading || bad "flood: $(cat "$TMP/flood1")"
until_true 20 eval '[ "$(seen)" = '$((before + 20000))' ]' || bad "under load: $(seen) are seen, of $((before + 20000))"
if ip -n $b link add u9 type bridge mcast_snooping 0 2>/dev/null; then
	ip -n $b link set u0 master u9 && ip -n $b link set u9 up
	wait_for u0:capturing u7:capturing u9:capturing
	until_true 10 grep -q 'u9 gets its packets from other inputs' "$TMP/log" || bad "a bridge over an input: $(cat "$TMP/log")"
	send w0 120
	ip -n $b link del u9
	wait_for u0:capturing u7:capturing
else
	echo 'the kernel has no bridge: none was tried'
fi

# ---- Another file ----

configure "$u, { interface = \"v?\"; buffer = \"1M\"; }"
ctl reload >"$TMP/answer" 2>&1 || bad "reload: $(cat "$TMP/answer")"
wait_for u0:capturing u7:capturing vb:capturing
send va 130
send w0 10
configure "{ interface = \"u7\"; buffer = \"1M\"; filter = \"ip or vlan\"; }, $u"
ctl reload >"$TMP/answer" 2>&1 || bad "reload: $(cat "$TMP/answer")"
wait_for u0:capturing u7:capturing
send w1 140
configure "{ interface = \"u7\"; buffer = \"1M\"; filter = \"ip or vlan\"; }, { interface = \"u0\"; cpu = 0; }"
ctl reload >"$TMP/answer" 2>&1 && bad "reload: a processor of its own: $(cat "$TMP/answer")"
grep -q 'threads on processors of their choice' "$TMP/answer" || bad "a processor: $(cat "$TMP/answer")"

# ---- More than there may be ----

for ((i = 10; i < 80; i++)); do echo "link add u$i up type veth peer name p$i"; done | ip -n $b -b -
until_true 30 eval '[ "$(of "len(a[\"inputs\"])" status)" = 64 ]' || bad "of 72: $(inputs)"
until_true 20 grep -q 'event=inputs-full left_out=[1-8] most=64' "$TMP/log" || bad "72 match: $(grep -v event=capturing "$TMP/log" | tail -n 4)"
for ((i = 10; i < 20; i++)); do echo "link del u$i"; done | ip -n $b -b -
until_true 30 eval '[ "$(of "len(a[\"inputs\"])" status)" = 62 ]' || bad "of 62: $(inputs)"
send w1 160
look $weir 0+

# ---- The end ----

[ "$(of 'a["adds_up"]')" = True ] || bad "the ledger: $(ctl ledger)"
all=$(seen)
[ "$all" = $sent ] || bad "$all frames are seen, of $sent"
stop $weir TERM 20 || bad "exit status $?: $(tail -n 5 "$TMP/log")"
grep -q 'lost 0.*the ledger adds up' "$TMP/log" || bad "the end: $(tail -n 1 "$TMP/log")"
until_true 10 [ ! -e /proc/$opener ] || bad 'the opener outlives weir'
until_true 20 eval '[ "$(grep -c sourceIPv4Address "$TMP/records.json")" -ge '$sent' ]' || bad "records: $(grep -c sourceIPv4Address "$TMP/records.json")"
python3 - "$TMP/records.json" $sent <<'P' || bad 'records'
import collections, json, sys
count = collections.Counter()
for line in open(sys.argv[1]):
    r = json.loads(line)
    if 'sourceIPv4Address' in r:
        count[r['sourceIPv4Address']] += r['packetDeltaCount']
twice = [a for a, n in count.items() if n != 1]
print(len(count), 'frames in records,', len(twice), 'not in one:', twice[:5])
sys.exit(len(count) != int(sys.argv[2]) or bool(twice))
P
finish
