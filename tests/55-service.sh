#!/bin/bash
# weir as a service: make install puts the units where systemd looks, they hold what they promise, and a
# weir that a service manager has started says when it is ready, lives, and stops.
. "$(dirname "$0")/common.sh"
TOP=${TOP:-$root}

# ---- make install ----

(cd "$TOP" && make -s install DESTDIR="$TMP/to" prefix=/opt/weir sysconfdir=/opt/etc V=) >"$TMP/out" 2>&1 ||
	bad "make install: $(cat "$TMP/out")"
units=$TMP/to/opt/weir/lib/systemd/system
for unit in weir.service weir@.service; do
	grep -q '^ExecStart=/opt/weir/sbin/weir --config /opt/etc/weir/weir.conf ' "$units/$unit" ||
		bad "$unit: $(grep ExecStart "$units/$unit")"
	grep -q '^User=weir$' "$units/$unit" || bad "$unit has no user"
	grep -q '@[A-Z]*@' "$units/$unit" && bad "$unit: $(grep '@[A-Z]*@' "$units/$unit")"
done
grep -q '^u weir ' "$TMP/to/opt/weir/lib/sysusers.d/weir.conf" || bad 'no user in sysusers.d'
grep -q '^d /run/weir ' "$TMP/to/opt/weir/lib/tmpfiles.d/weir.conf" || bad 'no folder in tmpfiles.d'
(cd "$TOP" && make -s uninstall DESTDIR="$TMP/to" prefix=/opt/weir sysconfdir=/opt/etc) >"$TMP/out" 2>&1 ||
	bad "make uninstall: $(cat "$TMP/out")"
[ "$(find "$TMP/to" -type f)" = "$TMP/to/opt/etc/weir/weir.conf" ] ||
	bad "left by make uninstall: $(find "$TMP/to" -type f)"

# ---- What the service manager hears ----

# hears COMMAND...: runs it as a service manager would; $TMP/heard has a line for each message
cat >"$TMP/manager.py" <<'P'
import os, signal, socket, subprocess, sys, time
path, watchdog, log = sys.argv[1] + '/notify', 400000, open(sys.argv[1] + '/heard', 'w', buffering=1)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
s.settimeout(20)
env = dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC=str(watchdog))
weir = subprocess.Popen(sys.argv[2:], env=env)
beats = []
while weir.returncode is None:
    try:
        m = s.recv(4096).decode()
    except socket.timeout:
        weir.kill()
        sys.exit('nothing was heard for 20 s')
    log.write(m.replace('\n', ' ') + '\n')
    if m == 'WATCHDOG=1':
        beats.append(time.monotonic())
        if len(beats) == 6:
            weir.send_signal(signal.SIGTERM)
    if m == 'STOPPING=1':
        weir.wait(20)
# Half the watchdog's time apart on the average; a single one may be late on a busy machine.
apart = (beats[5] - beats[0]) / 5
if not watchdog / 4e6 < apart < watchdog / 1e6:
    sys.exit(f'{apart} s from one sign of life to the next')
sys.exit(weir.returncode)
P
if [ "$(id -u)" -eq 0 ] && command -v ip >/dev/null; then
	two_hosts
	timeout 60 ip netns exec $b python3 "$TMP/manager.py" "$TMP" "$WEIR" -i vb -n 127.0.0.1:9 >"$TMP/out" 2>&1 ||
		bad "as a service: exit status $?: $(cat "$TMP/out")"
	printf '%s\n' READY=1 WATCHDOG=1 STOPPING=1 >"$TMP/expected"
	grep -v STATUS= "$TMP/heard" | uniq | diff "$TMP/expected" - >"$TMP/out" || bad "heard: $(cat "$TMP/out")"
	# One that cannot start never says that it is ready.
	timeout 60 ip netns exec $b env NOTIFY_SOCKET=@nobody "$WEIR" -i none -n 127.0.0.1:9 >"$TMP/out" 2>&1
	[ $? -eq 2 ] || bad "without its interface: $(cat "$TMP/out")"
fi

# ---- systemd's own judgement, last, since a machine without it skips ----

[ $failures -eq 0 ] || finish
command -v systemd-analyze >/dev/null || skip 'systemd-analyze is not installed; all else is good'
systemd-analyze security --help 2>&1 | grep -q -- --offline || skip 'systemd-analyze has no --offline; all else is good'
(cd "$TOP" && make -s BUILD="$TMP/build" service-files sbindir="$(dirname "$WEIR")") >"$TMP/out" 2>&1 ||
	bad "make service-files: $(cat "$TMP/out")"
for unit in weir.service weir@.service; do
	systemd-analyze security --offline=true --threshold=15 --no-pager "$TMP/build/$unit" >"$TMP/out" 2>&1 ||
		bad "$unit: $(grep -v ✓ "$TMP/out")"
	exposure=$(sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p' "$TMP/out")
	echo "$unit: exposure $exposure"
	[ -n "$exposure" ] || bad "$unit: no exposure in: $(cat "$TMP/out")"
done
cp "$TMP/build/weir@.service" "$TMP/build/weir@eth0.service"
for unit in weir.service weir@eth0.service; do
	# Manuals and targets of another system are not this test's.
	systemd-analyze verify --man=no "$TMP/build/$unit" 2>&1 | grep -F "$TMP/build" >"$TMP/out" &&
		bad "$unit: $(cat "$TMP/out")"
done
finish
