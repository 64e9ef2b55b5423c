#!/bin/bash
# The live view on a terminal, which tmux is: it fills the screen and no more, at 80x24 and at 200x50, is
# drawn anew when the size changes, takes keys for its order, and leaves the terminal as it was.
. "$(dirname "$0")/common.sh"
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
need python3 ip tmux
[ -x "$GEN" ] || skip "there is no $GEN"
two_hosts

socket=$TMP/weir.sock
ctl() { timeout 30 "$WEIRCTL" -s "$socket" "$@"; }
terminal() { TERM=screen LC_ALL=C.UTF-8 tmux -f /dev/null -S "$TMP/tmux" "$@"; }
cleanups+=("terminal kill-server 2>/dev/null")
seen() { terminal capture-pane -p >"$TMP/screen"; }
shows() { seen && grep -qE -- "$1" "$TMP/screen"; }

"$GEN" office "$TMP/office.pcap" >/dev/null
cat >"$TMP/sender.py" <<'P'
import socket, struct, sys
b = open(sys.argv[1], 'rb').read()
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('va', 0))
while True:
    at = 24
    while at < len(b):
        n = struct.unpack_from('<I', b, at + 8)[0]
        s.send(b[at + 16:at + 16 + n])
        at += 16 + n
P
ip netns exec $b "$WEIR" -i vb -n 127.0.0.1:9 -t idle=1h -t tcp.fin=1h --set control.socket="$socket" >"$TMP/out" 2>&1 &
weir=$!
until_true 20 ctl status || bad "weir does not answer: $(cat "$TMP/out")"
ip netns exec $a python3 "$TMP/sender.py" "$TMP/office.pcap" &
sender=$!
flows() { ctl -j flows 100 >"$TMP/flows" && [ "$(grep -o '"source"' "$TMP/flows" | wc -l)" -ge 100 ]; }
until_true 20 flows || bad 'there are no flows'

# A shell, so that what is there afterwards is seen too
terminal new-session -d -x 80 -y 24 "stty -a >$TMP/before; '$WEIRCTL' -s '$socket' top; stty -a >$TMP/after; echo left with \$?; cat" ||
	skip "tmux does not start here"
until_true 20 shows '^[1-9][0-9 ]* packets/s  [1-9][0-9 ]* octets/s  [1-9][0-9 ]* flows  by octets' || bad "80x24: $(cat "$TMP/screen")"
fits() { # COLUMNS LINES
	seen
	[ "$(wc -l <"$TMP/screen")" -eq "$2" ] && head -1 "$TMP/screen" | grep -q 'packets/s' && sed -n 2p "$TMP/screen" | grep -q '^PROTO' &&
		tail -4 "$TMP/screen" | grep -q 'live flows match$' && [ -z "$(awk -v n="$1" 'length > n' "$TMP/screen")" ]
}
until_true 10 fits 80 24 || bad "80x24 is not filled: $(cat "$TMP/screen")"
narrow=$(grep -c ':[0-9]* ' "$TMP/screen")
terminal resize-window -x 200 -y 50
until_true 10 fits 200 50 || bad "200x50 is not filled: $(cat "$TMP/screen")"
[ "$(grep -c ':[0-9]* ' "$TMP/screen")" -gt $((narrow + 20)) ] || bad "200x50 has hardly more flows: $(cat "$TMP/screen")"
terminal resize-window -x 60 -y 8
until_true 10 eval 'seen && head -1 "$TMP/screen" | grep -q packets/s' || bad "60x8: $(cat "$TMP/screen")"
terminal resize-window -x 80 -y 24
for order in p:packets r:rate n:recent o:octets; do
	terminal send-keys "${order%:*}"
	until_true 10 shows "by ${order#*:} " || bad "$order: $(cat "$TMP/screen")"
done
until_true 10 fits 80 24 || bad "80x24 again: $(cat "$TMP/screen")"
terminal send-keys q
until_true 10 shows 'left with 0' || bad "q: $(cat "$TMP/screen")"
cmp -s "$TMP/before" "$TMP/after" || bad "the terminal was changed: $(diff "$TMP/before" "$TMP/after")"

# ---- By rate, with a filter ----

terminal respawn-pane -k "'$WEIRCTL' -s '$socket' top by=packets udp port 53"
until_true 20 shows 'by packets' || bad "a filter: $(cat "$TMP/screen")"
[ "$(grep -cE '^(tcp|icmp)' "$TMP/screen")" -eq 0 ] && grep -qE '^udp .*:53 ' "$TMP/screen" || bad "a filter: $(cat "$TMP/screen")"

# ---- weir goes: the view says so and ends ----

kill $sender
wait $sender 2>/dev/null
terminal respawn-pane -k "'$WEIRCTL' -s '$socket' top; echo left with \$?; cat"
until_true 20 shows packets/s || bad "again: $(cat "$TMP/screen")"
stop $weir TERM 20 || bad "exit status $?: $(cat "$TMP/out")"
until_true 20 shows 'left with 2' || bad "weir has gone: $(cat "$TMP/screen")"
finish
