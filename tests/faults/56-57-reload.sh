#!/bin/bash
# A configuration that is read again and is wrong (56): by weirctl and by SIGHUP the old one holds, one error is said, and
# weirctl tells of it by its exit status. And as many SIGHUP as somebody can send, while packets come (57).
. "$(dirname "$0")/faults.sh"
wire_up
chmod 755 "$TMP"
conf() { # IDLE ACTIVE
	cat >"$TMP/new.conf" <<-C
		inputs = ( { interface = "vb"; } );
		cache = { entries = 262144; timeouts = { idle = "$1"; active = "$2"; }; };
		exporters = ( { collector = "127.0.0.1:$port"; } );
		control = { socket = "$socket"; };
		privileges = { user = "nobody"; };
	C
	chmod 644 "$TMP/new.conf"
	mv "$TMP/new.conf" "$TMP/weir.conf"
}
start_with_file() {
	rm -f "$TMP/log"
	ip netns exec $b "$WEIR_PLAIN" -f "$TMP/weir.conf" --ledger "$TMP/ledger" >"$TMP/out" 2>"$TMP/log" &
	weir=$!
	until_true 20 grep -q 'frames are let in' "$TMP/log" && until_true 20 ctl status && return
	bad "weir does not capture: $(cat "$TMP/log")"
	return 1
}
idle() { ctl timeouts | awk '/^idle/ { print $2 }'; }

collect $b
conf 3600s 7200s
start_with_file || finish
ctl help | grep -q '^reload' || skip 'this weir does not read its configuration again'
ctl reload >"$TMP/said" 2>&1 || bad "the same again: $(cat "$TMP/said")"
conf 1800s 7200s
ctl reload >"$TMP/said" 2>&1 || bad "another idle time: $(cat "$TMP/said")"
[ "$(idle)" = 1800.000 ] || bad "another idle time: idle is $(idle)"
send 0x0a000000 1000
until_true 10 reached packets/seen/frames 1000 || bad "$(number packets/seen/frames) of 1000 frames were seen"

sent=1000
wrong() { # NAME COMMAND...: makes the file wrong, twice read
	local name=$1 before errors
	shift
	conf 60s 60s
	"$@"
	errors=$(grep -c 'error: event=reload-refused' "$TMP/log")
	ctl reload >"$TMP/said" 2>&1
	[ $? -eq 1 ] && [ -s "$TMP/said" ] || bad "$name: weirctl reload: exit status $?: $(cat "$TMP/said")"
	[ "$(grep -c 'error: event=reload-refused' "$TMP/log")" = $((errors + 1)) ] || bad "$name: weirctl reload: not one error: $(tail -n 5 "$TMP/log")"
	kill -HUP $weir
	until_true 5 eval '[ "$(grep -c "error: event=reload-refused" "$TMP/log")" = $((errors + 2)) ]' || bad "$name: SIGHUP: not one error: $(tail -n 5 "$TMP/log")"
	[ "$(idle)" = 1800.000 ] || bad "$name: idle is $(idle)"
	send $((0x0a000000 + sent)) 100
	sent=$((sent + 100))
	until_true 10 reached packets/seen/frames $sent || bad "$name: $(number packets/seen/frames) of $sent frames were seen"
}
half() { head -c 100 "$TMP/weir.conf" >"$TMP/half" && cat "$TMP/half" >"$TMP/weir.conf"; }
typo() { sed -i 's/idle/idel/' "$TMP/weir.conf"; }
large() { sed -i 's/262144/99999999999/' "$TMP/weir.conf"; }
closed() { chmod 000 "$TMP/weir.conf"; }
folder() { rm "$TMP/weir.conf" && mkdir "$TMP/weir.conf"; }
stranger() { sed -i 's/127.0.0.1:/no-such-name.invalid:/' "$TMP/weir.conf"; }
wrong 'half a file' half
wrong 'a key that is not known' typo
wrong 'a number that is too large' large
wrong 'a file that may not be read' closed
wrong 'no file' rm "$TMP/weir.conf"
wrong 'a folder' folder
rmdir "$TMP/weir.conf"
conf 1800s 7200s
ctl reload >"$TMP/said" 2>&1 || bad "good again: $(cat "$TMP/said")"

# ---- As fast as signals can be sent, with two files in turn, in a flood ----

(end=$((SECONDS + 4)); while [ $SECONDS -lt $end ]; do conf 1800s 7200s; kill -HUP $weir; conf 1700s 7100s; kill -HUP $weir; done) &
files=$!
timeout 6 python3 - $weir <<'P' >"$TMP/storm" &
import os, signal, sys, time
n, end = 0, time.monotonic() + 4
while time.monotonic() < end:
    os.kill(int(sys.argv[1]), signal.SIGHUP)
    n += 1
    time.sleep(0.0005)
print(n)
P
storm=$!
for ((i = 0; i < 8; i++)); do
	send $((0x0b000000 + i * 10000)) 10000
	sleep 0.4
done
wait $files $storm
sent=$((sent + 80000))
until_true 20 reached packets/seen/frames $sent || bad "storm: $(number packets/seen/frames) of $sent frames were seen"
[ "$(number packets/kernel/dropped)" = 0 ] || bad "storm: capture was starved: $(number packets/kernel)"
ctl status >/dev/null || bad "storm: weir does not answer: $(tail -n 5 "$TMP/log")"
end storm
gather
agree storm
[ "$(got flows)" = $sent ] || bad "storm: $(got flows) of $sent records came"
finish "$(cat "$TMP/storm") signals and more in 4 s, $(grep -c reload "$TMP/log") lines of the log"
