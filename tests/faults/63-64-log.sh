#!/bin/bash
# Nobody reads the log: standard streams are closed (63), or a pipe that is full (63); weir meters, answers and ends as
# ever, and what it opens never becomes its standard error. And a log that is read does not flood (64): with frames that
# are no IP, a collector that refuses and a link that flaps there are some lines, not one for each event.
. "$(dirname "$0")/faults.sh"
wire_up

meter() { # NAME: weir was started in this way; are 3000 flows metered and exported?
	until_true 20 ctl status || bad "$1: weir does not answer: $(cat "$TMP/log")"
	send 0x0a000000 3000
	until_true 10 reached packets/seen/frames 3000 || bad "$1: $(number packets/seen/frames) of 3000 frames were seen"
	stop $weir TERM 15 || bad "$1: exit status $?"
	weir=
	[ "$(told adds_up)" = True ] || bad "$1: the ledger does not add up"
	gather
	agree "$1"
	[ "$(got flows)" = 3000 ] || bad "$1: $(got flows) of 3000 records came"
}
options() { echo -i vb --ledger "$TMP/ledger" --set control.socket="$socket" -n 127.0.0.1:"$port"; }

# ---- Closed ----

collect $b
ip netns exec $b sh -c 'exec "$@" <&- >&- 2>&-' sh "$WEIR" $(options) &
weir=$!
until_true 20 ctl status
for fd in 0 1 2; do
	[ "$(readlink /proc/$weir/fd/$fd)" = /dev/null ] || bad "closed: descriptor $fd is $(readlink /proc/$weir/fd/$fd)"
done
meter closed

# ---- Full: not one line has room, until somebody reads ----

cat >"$TMP/full.py" <<'P'
import fcntl, os, select, sys
fifo = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(fifo, 1031, 16384)  # F_SETPIPE_SZ
while select.select([], [fifo], [], 0)[1]:
    os.write(fifo, b"x" * 4096)
os.dup2(fifo, 2)
os.execv(sys.argv[2], sys.argv[2:])
P
mkfifo "$TMP/fifo"
collect $b
ip netns exec $b python3 "$TMP/full.py" "$TMP/fifo" "$WEIR" $(options) &
weir=$!
meter 'a full pipe'

collect $b
ip netns exec $b python3 "$TMP/full.py" "$TMP/fifo" "$WEIR" $(options) &
weir=$!
until_true 20 ctl status
dd if="$TMP/fifo" of=/dev/null bs=16384 count=1 status=none
ip -n $b link set vb down
until_true 10 eval '[ "$(status inputs/0/state)" = down ]' || bad 'a pipe that is read again: the link is not down'
ip -n $b link set vb up
says() { timeout 2 dd if="$TMP/fifo" bs=16384 count=1 status=none >>"$TMP/read"; grep -q "$1" "$TMP/read"; }
until_true 10 says 'event=down interface="vb"' || bad "a pipe that is read again: $(cat "$TMP/read")"
until_true 10 eval '[ "$(status inputs/0/state)" = capturing ]' || bad 'a pipe that is read again: the link is not up'
exec 7<>"$TMP/fifo" # the last lines stay when weir has ended
meter 'a pipe that is read again'
until_true 10 says 'event=left-out lines=[1-9]' || bad "a pipe that is read again: $(cat "$TMP/read")"
exec 7>&-

# ---- Flood ----

start "$WEIR" -n 127.0.0.1:9 -n 127.0.0.1:9 -m 1024 -t idle=10ms || finish
before=$(wc -l <"$TMP/log")
cat >"$TMP/noise.py" <<'P'
import os, socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('va', 0))
end = time.monotonic() + 5
while time.monotonic() < end:
    for i in range(100):
        frame = b'\2\0\0\0\0\1\2\0\0\0\0\2' + (b'\x86\xdd' if i & 1 else os.urandom(2)) + os.urandom(46)
        try:
            s.send(frame)
        except OSError:
            pass
    time.sleep(0.02)
P
ip netns exec $a python3 "$TMP/noise.py" &
noise=$!
flaps=0
while kill -0 $noise 2>/dev/null; do
	send $((0x0a000000 + flaps * 3000)) 3000
	ip -n $b link set vb down
	ip -n $b link set vb up
	flaps=$((flaps + 1))
done
lines=$(($(wc -l <"$TMP/log") - before))
echo "$lines lines of the log, $flaps flaps, $(number packets/ignored/frames) frames that are no IP, $(number flows/collectors/0/refusals) refusals"
[ "$(number packets/ignored/frames)" -gt 3000 ] && [ "$(number flows/collectors/0/refusals)" -gt 20 ] ||
	bad 'there was nothing to say much about'
[ $flaps -gt 20 ] && [ $lines -le 20 ] || bad "$lines lines of the log: $(cat "$TMP/log")"
end flood
finish
