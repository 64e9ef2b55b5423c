#!/bin/bash
# Collectors by name: a name that moves is followed, over UDP and over TCP, and one that is not known yet
# is asked for until it is; nothing waits for it. /etc/hosts is the test's own, in a mount namespace.
. "$(dirname "$0")/common.sh"
WEIR=$(realpath "${WEIR_PLAIN:-$root/weir}") # as users get it: confined
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
[ "$(id -u)" -eq 0 ] || skip 'needs root for namespaces'
need python3 ip unshare
two_hosts

echo '127.0.0.1 first.test stays.test' >"$TMP/hosts"
printf 'hosts: files\n' >"$TMP/nsswitch"
cat >"$TMP/in" <<END
#!/bin/sh
exec unshare -m sh -c 'mount --bind "$TMP/hosts" /etc/hosts && mount --bind "$TMP/nsswitch" /etc/nsswitch.conf &&
	exec "\$0" "\$@"' "\$@"
END
chmod 755 "$TMP/in"
"$TMP/in" true 2>"$TMP/err" || skip "mounts cannot be made here: $(cat "$TMP/err")"
# In place, since the bind mount is of this very file.
hosts() { printf '%s\n' "$@" >"$TMP/hosts"; }
ip netns exec $b ip address add 127.0.0.2/8 dev lo 2>/dev/null

socket=$TMP/weir.sock
ctl() { timeout 30 "$WEIRCTL" -s "$socket" "$@"; }

# What comes to an address and port, written down with whether it has templates: "data 9" lines
cat >"$TMP/udp.py" <<'P'
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
out = open(sys.argv[3], 'w', buffering=1)
out.write('ready\n')
while True:
    d = s.recv(65536)
    at, sets = 16, []
    while at + 4 <= len(d):
        number, length = struct.unpack_from('!HH', d, at)
        sets.append(number)
        at += length
    sequence = struct.unpack_from('!I', d, 8)[0]
    out.write(('templates' if 2 in sets else 'data') + f' {sequence}\n')
P
cat >"$TMP/tcp.py" <<'P'
import socket, sys
l = socket.create_server((sys.argv[1], int(sys.argv[2])))
out = open(sys.argv[3], 'w', buffering=1)
out.write('ready\n')
while True:
    c = l.accept()[0]
    out.write('connected\n')
    while c.recv(65536):
        out.write('octets\n')
    out.write('over\n')
P
listener() { # KIND ADDRESS PORT NAME
	ip netns exec $b python3 "$TMP/$1.py" "$2" "$3" "$TMP/$4" &
	cleanups+=("kill $! 2>/dev/null")
	until_true 20 grep -q ready "$TMP/$4" || bad "no listener $4"
}
start() {
	ip netns exec $b "$TMP/in" "$WEIR" -i vb --set control.socket="$socket" "$@" >"$TMP/out" 2>&1 &
	weir=$!
	until_true 20 ctl status || bad "weir does not answer: $(cat "$TMP/out")"
}

# ---- A name without address: no start, unless it is to be tried again ----

timeout 30 ip netns exec $b "$TMP/in" "$WEIR" -i vb -n later.test:4001 >"$TMP/out" 2>&1
[ $? -eq 2 ] && grep -q 'later.test' "$TMP/out" || bad "a name that is not there: $(cat "$TMP/out")"

listener udp 127.0.0.2 4001 later
listener udp 127.0.0.1 4002 before
listener udp 127.0.0.2 4002 after
listener udp 127.0.0.1 4003 still
listener tcp 127.0.0.1 4004 stream-before
listener tcp 127.0.0.2 4004 stream-after
start -n later.test:4001 -n first.test:4002 -n stays.test:4003 -n first.test:4004 \
	--set 'exporters[0].resolve=retry' --set 'exporters[1].resolve_refresh=1s' --set 'exporters[1].template_refresh=1s' --set 'exporters[2].resolve_refresh=1s' \
	--set 'exporters[3].resolve_refresh=1s' --set 'exporters[3].transport=tcp' --set 'exporters[3].reconnect=1s'
until_true 20 grep -q 'event=unresolved collector="later.test:4001"' "$TMP/out" || bad "nothing is said of a name: $(cat "$TMP/out")"
until_true 20 grep -q templates "$TMP/before" || bad 'nothing came to the first address'
until_true 20 grep -q octets "$TMP/stream-before" || bad 'nothing came to the first address over TCP'
[ "$(grep -c '' "$TMP/later")" = 1 ] || bad 'an address was known before it was'

# ---- The process that asks has no privileges, no other's sockets, and is one ----

child=$(pgrep -P $weir)
[ "$(cat /proc/$child/comm)" = weir-names ] || bad "children of weir: $child"
grep -qE '^CapEff:\s0+$' /proc/$child/status && grep -qE '^NoNewPrivs:\s1$' /proc/$child/status ||
	bad "the resolver: $(grep -E 'Cap|NoNew' /proc/$child/status)"
[ "$(find /proc/$child/fd -lname 'socket:*' | wc -l)" -eq 1 ] || bad "the resolver has $(ls -l /proc/$child/fd)"

# ---- Addresses change ----

hosts '127.0.0.2 first.test later.test' '127.0.0.1 stays.test'
until_true 30 grep -q 'event=redirected collector="later.test:4001" was=unknown' "$TMP/out" || bad "later: $(cat "$TMP/out")"
until_true 20 grep -q templates "$TMP/later" || bad 'nothing came to a name that was found later'
until_true 20 grep -q templates "$TMP/after" || bad "nothing came to the new address: $(cat "$TMP/out")"
[ "$(sed -n 2p "$TMP/after" | cut -d' ' -f1)" = templates ] || bad "templates are not the first: $(cat "$TMP/after")"
until_true 20 grep -q octets "$TMP/stream-after" || bad "nothing came to the new address over TCP: $(cat "$TMP/out")"
grep -q over "$TMP/stream-before" || bad 'the old connection is still there'
grep -q 'redirected collector="stays.test' "$TMP/out" && bad "one that stayed was redirected: $(cat "$TMP/out")"

# ---- A name that is gone keeps its last address ----

hosts '127.0.0.1 nobody.test'
until_true 20 grep -q 'event=unresolved collector="first.test:4002"' "$TMP/out" || bad "gone: $(cat "$TMP/out")"
seen=$(wc -l <"$TMP/after")
more() { [ "$(wc -l <"$TMP/after")" -gt "$seen" ]; }
ctl flush >/dev/null
ip netns exec $a ping -c 2 -i 0.2 -W 1 10.9.9.2 >/dev/null 2>&1
ctl flush >/dev/null
until_true 90 more || bad 'the last address was given up'

ctl -j ledger | grep -q '"adds_up":true' || bad 'the ledger does not add up'
stop $weir TERM 30 || bad "exit status $?: $(cat "$TMP/out")"
until_true 20 test ! -e /proc/$child || bad 'the resolver outlives weir'

# ---- What is sent to a name is weir's own, wherever that leads, and whoever brings it ----

own() { ctl -j ledger | python3 -c 'import json, sys; print(json.load(sys.stdin)["packets"]["own"]["frames"])'; }
# own_only ADDRESS PORT NAME: more and more messages come there, and none of them is metered
own_only() {
	local had
	until_true 20 grep -q templates "$TMP/$3" || bad "nothing came to $1:$2: $(cat "$TMP/out")"
	had=$(own)
	until_true 20 eval '[ "$(own)" -gt "$had" ]' || bad "messages to $1:$2 are not weir's own"
	ctl -j flows "dst host $1 and dst port $2" | grep -q "\"$1\"" && bad "messages to $1:$2 are metered: $(ctl flows)"
}
hosts '127.0.0.1 moves.test'
listener udp 127.0.0.1 4005 lo-before
listener udp 127.0.0.2 4005 lo-after
listener udp 127.0.0.2 4006 lo-new
exporter='resolve_refresh = "1s"; template_refresh = "1s";'
echo "inputs = ( { interface = \"lo\"; } ); control = { socket = \"$socket\"; };
exporters = ( { collector = \"moves.test:4005\"; $exporter } );" >"$TMP/weir.conf"
ip netns exec $b "$TMP/in" "$WEIR" -f "$TMP/weir.conf" >"$TMP/out" 2>&1 &
weir=$!
until_true 20 ctl status || bad "weir does not answer: $(cat "$TMP/out")"
own_only 127.0.0.1 4005 lo-before
hosts '127.0.0.2 moves.test new.test'
own_only 127.0.0.2 4005 lo-after
sed -i 's/^exporters = (/& { collector = "new.test:4006"; '"$exporter"' },/' "$TMP/weir.conf"
ctl reload >/dev/null || bad "a collector by name: $(cat "$TMP/out")"
own_only 127.0.0.2 4006 lo-new
own_only 127.0.0.2 4005 lo-after
ctl -j ledger | grep -q '"adds_up":true' || bad 'the ledger of own messages does not add up'
stop $weir TERM 30 || bad "own messages: exit status $?: $(cat "$TMP/out")"
finish
