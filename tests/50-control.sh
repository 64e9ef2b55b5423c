#!/bin/bash
# A running weir is asked: ledger and status tell what was sent to it, to the packet and to the octet,
# before and after its flows have gone to the collector; wrong questions get an answer, too.
. "$(dirname "$0")/common.sh"
WEIRCTL=${WEIRCTL:-$root/weirctl}
need python3 ip
[ -x "$GEN" ] || skip "there is no $GEN"
[ -x "$WEIRCTL" ] || skip "there is no $WEIRCTL"
WEIRCTL=$(realpath "$WEIRCTL")

two_hosts

socket=$TMP/weir.sock
ctl() { timeout 30 "$WEIRCTL" -s "$socket" "$@"; }

cat >"$TMP/sender.py" <<'P'
import socket, struct, sys
b = open(sys.argv[1], 'rb').read()
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('va', 0))
at = 24
while at < len(b):
    n = struct.unpack_from('<I', b, at + 8)[0]
    s.send(b[at + 16:at + 16 + n])
    at += 16 + n
P
send() { ip netns exec $a python3 "$TMP/sender.py" "$1" || bad "the sender failed"; }

# field ANSWER PATH: "packets.seen.frames" of the answer's file
field() {
	python3 - "$1" "$2" <<-'P'
	import functools, json, sys
	step = lambda o, k: o[int(k)] if isinstance(o, list) else o[k]
	print(functools.reduce(step, sys.argv[2].split('/'), json.load(open(sys.argv[1]))))
	P
}

# tells ANSWER PATH VALUE
tells() {
	local found
	found=$(field "$TMP/$1" "$2" 2>&1)
	[ "$found" = "$3" ] || bad "$1: $2 is $found, not $3"
}

seen() { # COUNT: so many frames have come to weir
	ctl -j ledger >"$TMP/seen" && [ "$(field "$TMP/seen" packets/seen/frames)" -ge "$1" ]
}

exported() { # COUNT: so many records have come to the exporter
	ctl -j ledger >"$TMP/exported" && [ "$(field "$TMP/exported" flows/exported/flows)" -ge "$1" ]
}

# ---- Nobody there ----

ctl status >"$TMP/out" 2>"$TMP/err"
[ $? -eq 2 ] || bad "without a weir: exit status not 2: $(cat "$TMP/out" "$TMP/err")"
grep -q 'is weir running' "$TMP/err" || bad "without a weir: $(cat "$TMP/err")"

# ---- Traffic with a known sum: office is all IP, ethertypes is not ----

"$GEN" office "$TMP/office.pcap" --truth "$TMP/office.tsv" --no-timeouts
"$GEN" ethertypes "$TMP/ethertypes.pcap" --truth "$TMP/ethertypes.tsv" --no-timeouts
cat >"$TMP/truth.py" <<'P'
import struct, sys
frames = octets = 0
for name in sys.argv[1:]:
    b = open(name, 'rb').read()
    at = 24
    while at < len(b):
        n, wire = struct.unpack_from('<II', b, at + 8)
        frames, octets, at = frames + 1, octets + n, at + 16 + n
print(frames, octets)
P
read -r frames octets < <(python3 "$TMP/truth.py" "$TMP/office.pcap" "$TMP/ethertypes.pcap")
# The same through a file: the rules of what is metered are not this test's.
for name in office ethertypes; do
	"$WEIR" -q -r "$TMP/$name.pcap" --ledger "$TMP/$name.json" -o csv >"$TMP/$name.csv" 2>"$TMP/err" ||
		bad "--ledger: $(cat "$TMP/err")"
done
sum() { # PATH
	echo $(($(field "$TMP/office.json" "$1") + $(field "$TMP/ethertypes.json" "$1")))
}

ip netns exec $b "$WEIR" -i vb -n 127.0.0.1:9 -n 127.0.0.1:9 -v 5 -t idle=1h -t active=1h -t tcp.fin=1h -t tcp.rst=1h \
	--set "control.socket=$socket" >"$TMP/weir.out" 2>&1 &
weir=$!
if ! until_true 20 ctl status; then
	bad "weir does not answer: $(cat "$TMP/weir.out")"
	kill -KILL $weir
	finish
fi
[ "$(stat -c %a "$socket")" = 660 ] || bad "the socket's mode is $(stat -c %a "$socket")"

ctl -j ledger >"$TMP/empty"
tells empty packets/seen/frames 0
tells empty adds_up True
send "$TMP/office.pcap"
send "$TMP/ethertypes.pcap"
until_true 20 seen "$frames" || bad "weir saw $(field "$TMP/seen" packets/seen/frames) of $frames frames"

ctl -j ledger >"$TMP/live" || bad "ledger: exit status $?"
tells live adds_up True
tells live packets/seen/frames "$frames"
tells live packets/seen/octets "$octets"
tells live packets/kernel/dropped 0
for path in packets/metered/frames packets/metered/octets packets/ignored/frames packets/ignored/octets \
	flows/metered/packets flows/metered/octets; do
	tells live $path "$(sum $path)"
done
tells live flows/live/packets "$(sum packets/metered/frames)"
[ "$(field "$TMP/live" packets/ignored/frames)" -gt 0 ] || bad 'nothing was ignored'
# every ignored frame stands in a line by reason and value, the same as in the file's ledger
python3 - "$TMP/live" "$TMP/ethertypes.json" "$TMP/office.json" <<'P' || bad 'ignored frames differ by reason'
import collections, json, sys
def rows(name):
    p = json.load(open(name))['packets']['ignored']
    assert sum(r['frames'] for r in p['by']) == p['frames'], name
    assert sum(r['octets'] for r in p['by']) == p['octets'], name
    return collections.Counter({r['text']: r['frames'] for r in p['by']})
live, files = rows(sys.argv[1]), rows(sys.argv[2]) + rows(sys.argv[3])
if live != files:
    sys.exit(f'{live - files} {files - live}')
P

ctl -j status >"$TMP/status" || bad "status: exit status $?"
tells status inputs/0/interface vb
tells status inputs/0/frames "$frames"
tells status inputs/0/octets "$octets"
tells status cache/live "$(field "$TMP/live" flows/live/flows)"
[ "$(field "$TMP/status" pid)" -gt 1 ] || bad "status tells no pid"
tells status collectors/0/protocol netflow5
tells status adds_up True

# ---- For a person: 80 columns, the sums, the end of the sum ----

for command in status ledger timeouts help; do
	ctl $command >"$TMP/$command.txt" 2>"$TMP/err" || bad "$command: $(cat "$TMP/err")"
	[ -s "$TMP/$command.txt" ] || bad "$command: nothing was printed"
	[ -z "$(awk 'length > 80' "$TMP/$command.txt")" ] || bad "$command: $(awk 'length > 80' "$TMP/$command.txt")"
done
grep -q 'The ledger adds up' "$TMP/ledger.txt" || bad "ledger: $(cat "$TMP/ledger.txt")"
grep -q 'ethertype 0x' "$TMP/ledger.txt" || bad "ledger has no ethertypes: $(cat "$TMP/ledger.txt")"
ctl timeouts | grep -q '^idle  *3600.000 s' || bad "timeouts: $(ctl timeouts)"
ctl elements | grep -q octetDeltaCount || bad 'elements has no octetDeltaCount'

# ---- Live flows, and out with them ----

ctl -j flows limit=1000 >"$TMP/flows" || bad "flows: exit status $?"
python3 - "$TMP/flows" "$TMP/live" <<'P' || bad 'the live flows are not those of the ledger'
import json, sys
a, live = (json.load(open(name)) for name in sys.argv[1:])
live = live['flows']['live']
flows = a['flows']
assert a['complete'] and a['looked_at'] == a['matched'] == live['flows'], (a['looked_at'], live)
assert [f['octets'] for f in flows] == sorted((f['octets'] for f in flows), reverse=True)
assert len(flows) == min(1000, live['flows'])
if len(flows) == live['flows']:
    assert sum(f['packets'] for f in flows) == live['packets']
    assert sum(f['octets'] for f in flows) == live['octets']
P
host=$(field "$TMP/flows" flows/0/source)
ctl -j flows 1 by=packets "host=$host" >"$TMP/host" || bad "flows host=: exit status $?"
[ "$(field "$TMP/host" flows/0/source)" = "$host" ] || [ "$(field "$TMP/host" flows/0/destination)" = "$host" ] ||
	bad "flows host=$host: $(cat "$TMP/host")"
for by in octets packets rate recent; do
	ctl flows 15 by=$by protocol=17 >"$TMP/flows.txt" || bad "flows by=$by: exit status $?"
	[ "$(grep -c '^udp' "$TMP/flows.txt")" -gt 3 ] || bad "flows by=$by: $(cat "$TMP/flows.txt")"
done
[ -z "$(awk 'length > 80' "$TMP/flows.txt")" ] || bad "flows: $(awk 'length > 80' "$TMP/flows.txt")"
ctl -j flows 5 "host=$host" protocol=17 port=53 >"$TMP/names" || bad "flows with names: exit status $?"
for words in "host $host and udp and port 53" "udp port 53 host $host" "proto 17 and host $host and port 53" "proto udp port=53 host=$host"; do
	ctl -j flows 5 $words >"$TMP/words" || bad "flows $words: exit status $?"
	# the flows; how many were looked through may have changed
	python3 - "$TMP/names" "$TMP/words" <<-'P' || bad "flows $words: $(cat "$TMP/words") is not $(cat "$TMP/names")"
	import json, sys
	a, b = (json.load(open(name)) for name in sys.argv[1:])
	sys.exit(a['flows'] != b['flows'] or a['matched'] != b['matched'])
	P
done
for words in 'host' 'port 53 or' 'host not-an-address' '( port 53' 'proto nonsense' 'host=::1 host=::2'; do
	ctl flows $words >"$TMP/out" 2>"$TMP/err"
	[ $? -eq 1 ] && [ "$(wc -l <"$TMP/err")" -eq 1 ] || bad "flows $words: $(cat "$TMP/out" "$TMP/err")"
done
ctl top 3 count=2 >"$TMP/top.txt" || bad "top: exit status $?"
[ "$(grep -c ^PROTO "$TMP/top.txt")" -eq 2 ] || bad "top: $(cat "$TMP/top.txt")"
for wrong in limit=0 limit=1001 limit=many by=size host=nobody port=http; do
	ctl flows $wrong >"$TMP/out" 2>"$TMP/err"
	[ $? -eq 1 ] || bad "flows $wrong: $(cat "$TMP/out" "$TMP/err")"
done
flows=$(field "$TMP/live" flows/live/flows)
ctl -j flush >"$TMP/flush" || bad "flush: exit status $?"
tells flush flushed "$flows"
until_true 20 exported "$flows" || bad "$(field "$TMP/exported" flows/exported/flows) of $flows flows came out by a flush"
tells exported flows/closed/forced/flows "$flows"
tells exported flows/live/flows 0
grep -q "^weir: control: event=flush flows=$flows" "$TMP/weir.out" || bad "flush was not told: $(cat "$TMP/weir.out")"

# ---- What was said at the start ----

for line in 'capture: event=input interface="vb" workers=1 ' 'cache: event=cache workers=1 entries=65536 record=' \
	'exporter: event=collector collector="127.0.0.1" port=9 transport=udp protocol=netflow5 ' \
	'main: event=without what=".*IPv6 to collectors of NetFlow v5, .*metrics (metrics.listen)"$'; do
	grep -q "^weir: $line" "$TMP/weir.out" || bad "nothing was said like '$line': $(head -20 "$TMP/weir.out")"
done
grep -q 'event=without .*weirctl' "$TMP/weir.out" && bad "weirctl is said to be without a socket: $(head -20 "$TMP/weir.out")"

# ---- Who speaks on the log ----

ctl -j log warning >"$TMP/log" || bad "log warning: exit status $?"
ctl flush >/dev/null || bad "flush: exit status $?"
[ "$(grep -c 'control: event=flush' "$TMP/weir.out")" -eq 1 ] || bad "a level that was taken off still speaks: $(cat "$TMP/weir.out")"
ctl -j log debug control,main >"$TMP/log" || bad "log debug control,main: exit status $?"
tells log level debug
tells log room control,main
ctl status >/dev/null
grep -q '^weir: control: debug: event=answered command="status" ' "$TMP/weir.out" || bad "log debug: $(cat "$TMP/weir.out")"
ctl log info || bad "log info: exit status $?"
for wrong in loudly 'info kitchen' 'info control,' 'level=3' 'room=main'; do
	ctl log $wrong >"$TMP/out" 2>&1
	[ $? -eq 1 ] || bad "log $wrong was taken: $(cat "$TMP/out")"
done

# ---- Who held the cache, and how long ----

ctl -j status >"$TMP/held" || bad "status: exit status $?"
python3 - "$TMP/held" <<'P' || bad "turns do not add up: $(cat "$TMP/held")"
import json, sys
holds = json.load(open(sys.argv[1]))['holds']
assert set(holds) == {'expiry', 'flows', 'counters', 'capture_waited'}
for name, h in holds.items():
    assert sum(h['classes']) == h['turns'], name
    assert 0 <= h['p50_us'] <= h['p99_us'] <= h['p999_us'] <= h['longest_us'], name
    assert h['turns'] > 0 or name == 'capture_waited', name
P
ctl status | grep -q '^expiry  *[1-9]' || bad "status tells no turns: $(ctl status)"

# ---- Wrong questions ----

ctl frobnicate >"$TMP/out" 2>"$TMP/err"
[ $? -eq 1 ] || bad "an unknown command: $(cat "$TMP/out" "$TMP/err")"
grep -q frobnicate "$TMP/err" || bad "an unknown command: $(cat "$TMP/err")"
ctl status nonsense >"$TMP/out" 2>&1
[ $? -eq 1 ] || bad "a bad argument: $(cat "$TMP/out")"
timeout 30 "$WEIRCTL" >"$TMP/out" 2>&1
[ $? -eq 1 ] || bad 'no command: exit status not 1'
timeout 60 python3 - "$socket" <<'P' || bad 'a wrong question was not answered as it should be'
import json, os, socket, sys
def ask(octets):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(sys.argv[1])
    try:
        s.sendall(octets)
    except OSError:
        pass
    got = b''
    while not got.endswith(b'\n'):
        piece = s.recv(65536)
        if not piece:
            break
        got += piece
    return json.loads(got) if got else None
for octets in (b'\n', b'[]\n', b'{}\n', b'7\n', b'{"command": 7}\n', b'{"command": "ledger"\n', b'\xff\xfe\n',
               b'{"command": "\xff"}\n', b'{"command": "a", "command": "b"}\n', b'[' * 4000 + b'\n',
               b'{"command": "' + 'é'.encode() * 1500 + b'"}\n', b'{"command": "\\u0000"}\n', b'x' * 5000 + b'\n',
               os.urandom(3000).replace(b'\n', b'') + b'\n'):
    assert 'error' in ask(octets), octets[:40]
assert ask(b'{"command": "ledger"}\n')['adds_up'] is True
# a hundred that say nothing, and one that wants to know
silent = [socket.socket(socket.AF_UNIX) for i in range(100)]
for s in silent:
    s.connect(sys.argv[1])
for s in silent:
    s.close()
P
until_true 20 ctl status || bad 'weir does not answer after a hundred clients'

# ---- A ledger that does not add up is told in capitals, and what is no answer is told ----

# said ANSWER COMMAND: weirctl before one that answers so; its exit status
said() {
	python3 - "$TMP/fake" "$1" <<-'P' &
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.bind(sys.argv[1] + '.new')
	s.listen()
	os.rename(sys.argv[1] + '.new', sys.argv[1])
	c = s.accept()[0]
	c.recv(4096)
	c.sendall(sys.argv[2].encode())
	P
	local server=$!
	until_true 20 test -S "$TMP/fake"
	timeout 30 "$WEIRCTL" -s "$TMP/fake" "$2" >"$TMP/out" 2>&1
	local status=$?
	wait $server
	rm -f "$TMP/fake"
	return $status
}
said $'{"adds_up": false, "wrong": "one and one"}\n' ledger
[ $? -eq 3 ] || bad "a wrong ledger: $(cat "$TMP/out")"
grep -q 'THE LEDGER DOES NOT ADD UP: one and one' "$TMP/out" || bad "a wrong ledger: $(cat "$TMP/out")"
for answer in '' '{}' $'no JSON\n' $'\n'; do
	said "$answer" status
	[ $? -eq 2 ] || bad "answer '$answer': $(cat "$TMP/out")"
done
for command in ledger status flows help elements templates timeouts flush log; do # whatever is missing or else
	said $'{"inputs": [7, {}], "collectors": {}, "flows": [[]], "packets": 0, "adds_up": true}\n' $command
	[ $? -eq 0 ] || bad "a strange answer to $command: $(cat "$TMP/out")"
done

# ---- Another weir does not take the socket away ----

timeout 30 ip netns exec $b "$WEIR" -i vb --set "control.socket=$socket" >"$TMP/out" 2>"$TMP/err"
[ $? -eq 2 ] || bad "a second weir on one socket: $(cat "$TMP/err")"
grep -q 'another process listens' "$TMP/err" || bad "a second weir on one socket: $(cat "$TMP/err")"
ctl status >/dev/null || bad 'the socket is gone after a second weir'

stop $weir TERM 10 || bad "exit status $?: $(cat "$TMP/weir.out")"
grep -q 'the ledger adds up' "$TMP/weir.out" || bad "$(cat "$TMP/weir.out")"
[ ! -e "$socket" ] || bad 'the socket is still there'

# ---- Read while traffic runs, by one that never rests: it always adds up ----

ip netns exec $b "$WEIR" -i vb -n 127.0.0.1:9 -m 64 -t idle=10ms -t active=50ms --set "control.socket=$socket" \
	>"$TMP/weir.out" 2>&1 &
weir=$!
until_true 20 ctl status || bad "weir does not answer: $(cat "$TMP/weir.out")"
(for ((i = 0; i < 3; i++)); do send "$TMP/office.pcap"; done) &
sender=$!
timeout 60 python3 - "$socket" $sender <<'P' || bad 'the ledger did not add up in mid-traffic'
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
f = s.makefile('rw')
reads = 0
while reads < 100 or (os.path.exists(f'/proc/{sys.argv[2]}') and reads < 5000):
    f.write('{"command": "ledger"}\n')
    f.flush()
    a = json.loads(f.readline())
    assert a['adds_up'] is True, a
    p, l = a['packets'], a['flows']
    assert p['seen']['frames'] == p['metered']['frames'] + p['ignored']['frames'] + p['sampled_out']['frames']
    for what in ('flows', 'packets', 'octets'):
        assert l['metered'][what] == sum(l[part][what] for part in ('live', 'transit', 'lost', 'exported')), a
        c = l['collectors'][0]
        assert l['exported'][what] == sum(c[part][what] for part in ('sent', 'pending', 'lost', 'not_exportable')), a
    reads += 1
P
wait $sender

# ---- More than one frame in a hundred is no IP: that is said without being asked ----

for ((i = 0; i < 10; i++)); do send "$TMP/ethertypes.pcap"; done
until_true 30 grep -q 'warning: event=not-ip percent=.* frames=.* seconds=.* note="no valid IP packets: ' "$TMP/weir.out" ||
	bad "no warning of frames that are not IP: $(cat "$TMP/weir.out")"
stop $weir TERM 10 || bad "exit status $?: $(cat "$TMP/weir.out")"
finish
