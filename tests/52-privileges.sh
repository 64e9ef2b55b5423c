#!/bin/bash
# A weir that root starts becomes another user without capabilities, in all its threads, with few files and
# few system calls, and does all that it did before: the whole live test runs so, where any call that is
# not on the list would kill it. And what is not on the list does kill.
. "$(dirname "$0")/common.sh"
TOP=${TOP:-$root}
WEIR=$(realpath "${WEIR_PLAIN:-$root/weir}") # a build with sanitizers is not confined
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
[ "$(id -u)" -eq 0 ] || skip 'needs root to become somebody else'
need python3 ip unshare
grep -q '^Seccomp:' /proc/self/status || skip 'the kernel has no seccomp'
two_hosts

# ---- A user weir, on this test's view of /etc only ----

(grep -v '^weir:' /etc/passwd && echo 'weir:x:54242:54243::/nonexistent:/usr/sbin/nologin') >"$TMP/passwd"
(grep -v '^weir:' /etc/group && echo 'weir:x:54243:') >"$TMP/group"
cat >"$TMP/as" <<END
#!/bin/sh
# as PROGRAM ARGUMENTS...: where there is a user weir
exec unshare -m sh -c 'mount --bind "$TMP/passwd" /etc/passwd && mount --bind "$TMP/group" /etc/group &&
	exec "\$0" "\$@"' "\$@"
END
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$TMP/as" "$WEIR" >"$TMP/weir"
chmod 755 "$TMP/as" "$TMP/weir" "$TMP"
"$TMP/as" true 2>"$TMP/err" || skip "mounts cannot be made here: $(cat "$TMP/err")"
mkdir "$TMP/run"
chown 54242:54243 "$TMP/run"
socket=$TMP/run/weir.sock
ctl() { timeout 30 "$WEIRCTL" -s "$socket" "$@"; }

# ---- What is left, in every thread ----

# start OPTIONS...
start() {
	rm -f "$TMP/pid"
	ip netns exec $b sh -c 'echo $$ >"$0/pid"; exec "$0/weir" "$@"' "$TMP" -i vb -n 127.0.0.1:9 \
		--set control.socket="$socket" "$@" >"$TMP/out" 2>&1 &
	weir=$!
	until_true 20 ctl status || bad "weir does not answer: $(cat "$TMP/out")"
}

# left NAME VALUE [PID]: in /proc/PID/status of every thread
left() {
	local task
	for task in /proc/"${3:-$weir}"/task/*; do
		grep -qE "^$1:[[:space:]]+$2\$" "$task/status" || bad "$1 of $task: $(grep "^$1:" "$task/status"), not $2"
	done
}
all_is_left() { # CAPABILITIES [THREADS [PID]]
	local set pid=${3:-$weir}
	[ "$(ls /proc/$pid/task | wc -l)" -ge "${2:-4}" ] || bad "threads: $(ls /proc/$pid/task)"
	left Uid '54242\s54242\s54242\s54242' $pid
	left Gid '54243\s54243\s54243\s54243' $pid
	left Groups '54243 ' $pid
	for set in CapInh CapPrm CapEff CapAmb CapBnd; do
		case $set in CapPrm | CapEff | CapBnd) left $set "$1" $pid ;; *) left $set 0+ $pid ;; esac
	done
	left NoNewPrivs 1 $pid
	left Seccomp 2 $pid
}
# helper NAME: the process of weir's that is called so; empty: there is none
helper() { grep -lx "$1" $(sed -E 's#([0-9]+) ?#/proc/\1/comm #g' /proc/$weir/task/$weir/children) /dev/null 2>/dev/null | grep -o '[0-9]*'; }
start
all_is_left 0+
[ "$(stat -c %u /proc/$weir/mem)" = 0 ] || bad 'its memory may be dumped'
[ "$(stat -c '%u:%g %a' "$socket")" = '0:54243 660' ] || bad "the socket: $(stat -c '%u:%g %a' "$socket")"
grep -q 'privileges: event=dropped user=54242 capabilities=none landlock=[0-9]* seccomp=yes' "$TMP/out" || bad "$(cat "$TMP/out")"

# All that it is asked for, a stop and a continuation in between
for command in status ledger 'flows 1000' timeouts elements flush 'log debug' help; do
	ctl $command >"$TMP/answer" 2>&1 || bad "$command: $(cat "$TMP/answer" "$TMP/out")"
done
kill -STOP $weir
until_true 10 grep -q '^State:.T' /proc/$weir/status
kill -CONT $weir
until_true 10 ctl status || bad "after a stop: $(cat "$TMP/out")"
[ -z "$(helper weir-opener)" ] || bad 'somebody keeps the right to capture, and has no use for it'
stop $weir TERM 20 || bad "SIGTERM: exit status $?: $(cat "$TMP/out")"
[ ! -e "$socket" ] || bad 'the socket is still there'

# Another process keeps the right, and the one to load programs where that needs it
start --set privileges.capture=true
all_is_left 0+
all_is_left 0+2000 1 "$(helper weir-opener)"
all_is_open=$(ls -l /proc/"$(helper weir-opener)"/fd | grep -vc -e '/dev/null' -e "$TMP/out" -e socket -e total)
[ "$all_is_open" = 0 ] || bad "the opener has other files: $(ls -l /proc/"$(helper weir-opener)"/fd)"
stop $weir TERM 20 || bad "SIGTERM: exit status $?: $(cat "$TMP/out")"

start --set privileges.capture=true -i lo
all_is_left 0+
if grep -q event=no-egress "$TMP/out"; then want=0+2000; else want=0+8000002000; fi
all_is_left $want 1 "$(helper weir-opener)"
opener=$(helper weir-opener)
kill -KILL $weir
wait $weir
until_true 10 [ ! -e /proc/$opener ] || bad 'the opener outlives weir'

start --set privileges.user= --set privileges.confine=false
left Uid '0\s0\s0\s0'
left CapEff 0+
left Seccomp 0
stop $weir TERM 20 || bad "SIGTERM: exit status $?: $(cat "$TMP/out")"

# Without such a user root stays, but that is said; a user who was asked for has to be there.
timeout 30 ip netns exec $b "$WEIR" -i vb --set privileges.user=nobody-of-that-name >"$TMP/out" 2>&1
[ $? -eq 2 ] || bad "an unknown user: $(cat "$TMP/out")"
grep -q 'privileges.user: nobody-of-that-name: no such user' "$TMP/out" || bad "an unknown user: $(cat "$TMP/out")"

# Over TCP: a connection is made, ended and waited for under the filter
ip netns exec $b timeout 60 python3 -c 'import socket, sys
c = socket.create_server(("127.0.0.1", 4739)).accept()[0]
while d := c.recv(4096): sys.stdout.buffer.write(d)' >"$TMP/stream" &
peer=$!
listens() { ip netns exec $b awk '$2 ~ /:1283$/ && $4 == "0A" { found = 1 } END { exit !found }' /proc/net/tcp; }
until_true 20 listens
start -n 127.0.0.1:4739 --set 'exporters[1].transport=tcp'
until_true 20 grep -q 'event=connected collector="127.0.0.1:4739"' "$TMP/out" || bad "TCP: $(cat "$TMP/out")"
stop $weir TERM 20 || bad "TCP: exit status $?: $(cat "$TMP/out")"
wait $peer || bad 'TCP: the collector saw no end'
[ -s "$TMP/stream" ] || bad 'TCP: nothing came'

# ---- A capture file is opened, then as much is given up ----

mkfifo "$TMP/fifo"
"$GEN" office "$TMP/office.pcap" >/dev/null
chmod 600 "$TMP/office.pcap"
"$WEIR" -q -r "$TMP/office.pcap" -o csv >"$TMP/plain.csv" 2>&1 || bad "-r: exit status $?: $(cat "$TMP/plain.csv")"
# half of it, and no end yet
read_slowly() {
	"$TMP/weir" -r - -o csv <"$TMP/fifo" >"$TMP/slow.csv" 2>"$TMP/out" &
	weir=$!
	exec 9>"$TMP/fifo"
	head -c 100000 "$TMP/office.pcap" >&9
	until_true 20 grep -qE '^Seccomp:\s2' /proc/$weir/status || bad "-r: no filter: $(cat "$TMP/out")"
}
read_slowly
all_is_left 0+ 1
tail -c +100001 "$TMP/office.pcap" >&9
exec 9>&-
wait $weir || bad "-r: exit status $?: $(cat "$TMP/out")"
cmp -s "$TMP/plain.csv" "$TMP/slow.csv" || bad '-r: other records come of a pipe'
mkdir -m 700 "$TMP/root-only"
for kind in 'exporters[0].collector=127.0.0.1:9 exporters[0].transport=tcp' "exporters[0].transport=file exporters[0].file.path=$TMP/root-only/x" \
	"exporters[0].collector=127.0.0.1:9 exporters[0].transport=tcp exporters[0].spool.directory=$TMP/root-only"; do
	set --
	for word in $kind; do set -- "$@" --set "$word"; done
	"$TMP/weir" -r "$TMP/office.pcap" "$@" >"$TMP/out" 2>&1 || bad "-r $kind: exit status $?: $(cat "$TMP/out")"
	grep -q 'the ledger adds up' "$TMP/out" || bad "-r $kind: $(cat "$TMP/out")"
done
ls "$TMP"/root-only/x*.ipfix >/dev/null || bad 'no file was written for root'

# ---- What is not allowed ----

if (cd "$TOP" && make -s build/tests/tool_confined) >"$TMP/out" 2>&1; then
	tool=$TOP/build/tests/tool_confined
else
	bad "tool_confined: $(cat "$TMP/out")"
	finish
fi
echo x >"$TMP/file"
chmod 666 "$TMP/file"
chmod 777 "$TMP"

# deed STATUS WHAT [PATH]: 159 is the end by SIGSYS
deed() {
	local want=$1
	shift
	{ "$TMP/as" "$tool" weir "$TMP/run/weir.sock" "$@"; } >"$TMP/out" 2>&1
	local status=$?
	[ "$status" = "$want" ] || bad "$*: status $status, not $want: $(cat "$TMP/out")"
}
ulimit -c 0
deed 159 exec /bin/true
deed 159 fork
deed 159 trace
deed 159 root
deed 159 packets
deed 0 read /etc/hostname
deed 0 stat
# so many that they are sorted with memory from the system, if by somebody else's sort
mkdir "$TMP/asn"
for ((i = 0; i < 40000; i++)); do echo "10.$((i % 256)).$((i / 256)).0/24 $i"; done >"$TMP/asn/list"
chmod -R a+rX "$TMP/asn"
deed 0 asn "$TMP/asn/list"
"$tool" '' "$TMP/run/weir.sock" read /etc/hostname >"$TMP/out" 2>&1 || bad "as root: status $?: $(cat "$TMP/out")"
if dmesg 2>/dev/null | grep -q 'landlock: Up and running' || grep -qw landlock /sys/kernel/security/lsm 2>/dev/null ||
	python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 1)'; then
	for what in 'read file' 'write file' 'create new' 'unlink file'; do
		deed 1 ${what% *} "$TMP/${what#* }"
		grep -q 'Permission denied' "$TMP/out" || bad "$what: $(cat "$TMP/out")"
	done
	deed 1 create "$TMP/run/new"
	touch "$TMP/run/old"
	deed 0 unlink "$TMP/run/old"
else
	echo 'the kernel has no Landlock: files were not tried'
fi

# ---- The whole live test as user weir, and that of the control socket, whose folder is root's ----

# whole TEST WEIR
whole() {
	WEIR=$2 timeout 200 "$here/$1" >"$TMP/whole" 2>&1
	local status=$?
	[ $status -ne 77 ] || skip "$(tail -1 "$TMP/whole"); all else is good"
	[ $status -eq 0 ] || bad "$1: $(head -20 "$TMP/whole")"
}
printf '#!/bin/sh\nexec "%s" --set privileges.user= "$@"\n' "$WEIR" >"$TMP/root"
chmod 755 "$TMP/root"
whole 40-live.sh "$TMP/weir"
whole 50-control.sh "$TMP/root"
finish
