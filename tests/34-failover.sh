#!/bin/bash
# Failover while weir captures: a collector that is closed, or whose host is gone, is left within seconds and
# taken again when it is back; both see whole sequences, and what the first had not is what the ledger calls in doubt.
. "$(dirname "$0")/common.sh"
need python3
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
two_hosts
c=weir-c-$$
ip netns add $c && cleanups+=("ip netns del $c")
# weir is in $b and hears vb; the collectors are in $c, on a wire of their own
ip -n $b link add vc type veth peer name vd netns $c
for end in "$b vc 10.9.0.1/24 fd09::1/64" "$c vd 10.9.0.2/24 fd09::2/64"; do
	set -- $end
	ip netns exec "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 \
		net.ipv6.conf."$2".disable_ipv6=0 net.ipv6.conf."$2".accept_dad=0
	ip -n "$1" addr add "$3" dev "$2"
	ip -n "$1" addr add "$4" dev "$2" nodad
	ip -n "$1" link set "$2" up
done
ip -n $c link set lo up
ip -n $c addr add 10.9.0.3/24 dev vd
ip -n $c addr add fd09::3/64 dev vd nodad

# flows.py: a flow of one packet every 5 ms, numbered by its ports, until it is killed
cat >"$TMP/flows.py" <<'PY'
import socket, struct, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('va', 0))
n = 0
while True:
    ip = bytes.fromhex('4500001c000000004011 0000 0a010001 0a010002'.replace(' ', ''))
    total = sum(struct.unpack('!10H', ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack('!H', ~total & 0xffff) + ip[12:]
    s.send(bytes.fromhex('020000000002020000000001' '0800') + ip + struct.pack('!HHHH', 1024 + n % 60000, 9, 8, 0))
    n += 1
    time.sleep(0.005)
PY
# collector.py KIND ADDRESS PORT FILE: writes to FILE how many records it has, and what is wrong; SIGUSR1 closes its
# socket, SIGUSR2 opens it again. Who was away sees a gap then, and begins anew.
cat >"$TMP/collector.py" <<'PY'
import os, select, signal, socket, sys
sys.path.insert(0, os.environ['HERE'])
import wire

class Session(wire.Session):
    counted = False

    def sequence(self, key, got, step):
        self.data_sequence.setdefault(key, got)
        super().sequence(key, got, step)

kind, address, port, path = sys.argv[1:5]
family = socket.AF_INET6 if ':' in address else socket.AF_INET
sessions, wanted, sock, peer, held = [], True, None, None, b''
def want(number, frame):
    global wanted
    wanted = number == signal.SIGUSR2
signal.signal(signal.SIGUSR1, want)
signal.signal(signal.SIGUSR2, want)
while True:
    if wanted and not sock:
        sessions.append(Session(10, live=True))
        sock = socket.socket(family, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, int(port)))
        if kind == 'tcp':
            sock.listen()
    if not wanted and sock:
        for s in (peer, sock):
            if s:
                s.close()
        sock = peer = None
    for s in select.select([s for s in (sock, peer) if s], [], [], 0.05)[0]:
        if kind == 'udp':
            sessions[-1].feed(sock.recv(65535))
        elif s is sock:
            peer, held = sock.accept()[0], b''
        else:
            m = peer.recv(65536)
            held += m
            while len(held) >= 4 and len(held) >= int.from_bytes(held[2:4], 'big'):
                n = int.from_bytes(held[2:4], 'big')
                sessions[-1].feed(held[:n])
                held = held[n:]
            if not m:
                peer.close()
                peer = None
    with open(path + '.new', 'w') as f:
        f.write('%d\n' % sum(len(s.records) for s in sessions))
        # over UDP, what comes first to one that was away may be of templates that were not for it
        f.writelines(c + '\n' for s in (sessions if kind == 'tcp' else sessions[:1]) for c in s.complaints)
    os.rename(path + '.new', path)
PY

records() { sed -n 1p "$TMP/$1"; }
more_than() { [ "$(records "$1")" -gt "$2" ]; }
started() { grep -q 'threads=1' "$TMP/err"; }
status() { "$WEIRCTL" -j -s "$TMP/socket" status >"$TMP/status"; }
# state INDEX STATE: what weirctl says of a collector
state() { status && python3 -c '
import json, sys
sys.exit(json.load(open(sys.argv[1]))["collectors"][int(sys.argv[2])]["state"] != sys.argv[3])' "$TMP/status" "$@"; }
# goes_to NAME SECONDS COLLECTOR: its records become more within this time
goes_to() {
	local have began=${EPOCHREALTIME/./}
	have=$(records "$3")
	until_true "$2" more_than "$3" $((have + 20)) || bad "$1: no records for $3: $(cat "$TMP/status")"
	echo "$1: $(((${EPOCHREALTIME/./} - began) / 1000)) ms"
}

collect() { # KIND ADDRESS PORT FILE: leaves the process in $collector
	rm -f "$TMP/$4"
	HERE=$here ip netns exec $c python3 "$TMP/collector.py" "$1" "$2" "$3" "$TMP/$4" &
	collector=$!
	cleanups+=("kill $collector 2>/dev/null")
	until_true 10 test -s "$TMP/$4" || bad "$4 does not listen"
}

# failover KIND FIRST SECOND: addresses; the first one can be taken away
failover() {
	local name="$1 to $2" first second weir flows
	collect "$1" "$2" 4739 first && first=$collector
	collect "$1" "$3" 4740 second && second=$collector
	cat >"$TMP/conf" <<-CONF
		inputs = ( { interface = "vb"; filter = "udp dst port 9"; } );
		cache = { timeouts = { idle = "100ms"; }; };
		groups = ( { name = "pair"; mode = "failover"; } );
		exporters = (
			{ collector = "${2/*:*/[$2]}:4739"; group = "pair"; transport = "$1"; reconnect = "500ms"; },
			{ collector = "${3/*:*/[$3]}:4740"; group = "pair"; transport = "$1"; reconnect = "500ms"; }
		);
		control = { socket = "$TMP/socket"; };
		privileges = { user = ""; };
	CONF
	: >"$TMP/err"
	ip netns exec $b "$WEIR" -f "$TMP/conf" --ledger "$TMP/ledger" 2>"$TMP/err" &
	weir=$!
	cleanups+=("kill $weir 2>/dev/null")
	until_true 20 started || { bad "$name: weir does not start: $(cat "$TMP/err")"; return; }
	until_true 10 state 1 standby || bad "$name: the second is not standing by: $(cat "$TMP/status")"
	ip netns exec $a python3 "$TMP/flows.py" &
	flows=$!
	cleanups+=("kill $flows 2>/dev/null")
	goes_to "$name, at the start" 10 first
	[ "$1" = tcp ] || [ "$(records second)" = 0 ] || bad "$name: the second has records while the first is well"
	kill -USR1 $first
	goes_to "$name, the first is closed" 5 second
	state 0 "$([ "$1" = tcp ] && echo away || echo dead)" || bad "$name: $(cat "$TMP/status")"
	kill -USR2 $first
	goes_to "$name, the first is back" 12 first
	if [ "$1" = udp ]; then
		ip -n $c addr del "$2/$4" dev vd
		ip -n $b neigh flush dev vc
		goes_to "$name, its host is gone" 10 second
		ip -n $c addr add "$2/$4" dev vd $([[ $2 != *:* ]] || echo nodad)
		goes_to "$name, its host is back" 20 first
	fi
	kill $flows
	wait $flows 2>/dev/null
	stop $weir TERM 20 || bad "$name: weir ended with $?: $(cat "$TMP/err")"
	grep -q 'the ledger adds up' "$TMP/err" || bad "$name: $(tail -n 1 "$TMP/err")"
	until_true 5 run_out || bad "$name: $said"
	stop $first TERM 5
	stop $second TERM 5
	for file in first second; do
		[ "$(wc -l <"$TMP/$file")" = 1 ] || bad "$name: $file: $(sed -n 2,4p "$TMP/$file")"
	done
	echo "$name: $said"
}

# What was sent to the first and did not arrive is in doubt at most, and the second has all of its own.
run_out() {
	said=$(python3 - "$TMP/ledger" "$(records first)" "$(records second)" <<-'PY'
	import json, sys
	f = json.load(open(sys.argv[1]))['flows']
	a, b = f['collectors']
	sent = [c['sent']['flows'] for c in (a, b)]
	got = [int(n) for n in sys.argv[2:]]
	print('sent', sent, 'arrived', got, 'in doubt', a['in_doubt']['flows'], 'of', f['exported']['flows'])
	assert sum(sent) == f['exported']['flows'] and a['lost']['flows'] == b['lost']['flows'] == 0, f
	assert got[1] == sent[1] and b['in_doubt']['flows'] == 0
	assert sent[0] - a['in_doubt']['flows'] <= got[0] <= sent[0]
	assert min(got) > 50 and a['in_doubt']['flows'] < 2000
	PY
	) 2>/dev/null
}

# The group changes while weir runs: in turn, then the second alone, then failover with the second first.
reloads() {
	local name='reload' first second weir flows
	collect tcp 10.9.0.3 4739 first && first=$collector
	collect tcp 10.9.0.2 4740 second && second=$collector
	change() { # MODE EXPORTER...
		local mode=$1 x
		shift
		{
			echo 'inputs = ( { interface = "vb"; filter = "udp dst port 9"; } ); cache = { timeouts = { idle = "100ms"; }; };'
			echo "groups = ( { name = \"pair\"; mode = \"$mode\"; } ); control = { socket = \"$TMP/socket\"; };"
			echo 'privileges = { user = ""; };'
			for x; do echo "{ collector = \"$x\"; group = \"pair\"; transport = \"tcp\"; reconnect = \"500ms\"; }"; done |
				paste -sd, | sed 's/^/exporters = ( /; s/$/ );/'
		} >"$TMP/conf"
		[ -z "${weir:-}" ] || "$WEIRCTL" -s "$TMP/socket" reload >"$TMP/out" 2>&1 || bad "$name to $mode: $(cat "$TMP/out")"
	}
	change failover 10.9.0.3:4739 10.9.0.2:4740
	: >"$TMP/err"
	ip netns exec $b "$WEIR" -f "$TMP/conf" --ledger "$TMP/ledger" 2>"$TMP/err" &
	weir=$!
	cleanups+=("kill $weir 2>/dev/null")
	until_true 20 started || { bad "$name: weir does not start: $(cat "$TMP/err")"; return; }
	until_true 10 state 1 standby || bad "$name: the second is not standing by"
	ip netns exec $a python3 "$TMP/flows.py" &
	flows=$!
	cleanups+=("kill $flows 2>/dev/null")
	goes_to "$name, at the start" 10 first
	change round_robin 10.9.0.3:4739 10.9.0.2:4740
	goes_to "$name, in turn, the second" 5 second
	goes_to "$name, in turn, the first" 5 first
	change failover 10.9.0.2:4740 10.9.0.3:4739
	until_true 10 state 1 standby || bad "$name: the first is not standing by: $(cat "$TMP/status")"
	goes_to "$name, another order" 5 second
	change hash 10.9.0.2:4740
	goes_to "$name, the second alone" 5 second
	kill $flows
	wait $flows 2>/dev/null
	stop $weir TERM 20 || bad "$name: weir ended with $?: $(cat "$TMP/err")"
	grep -q 'the ledger adds up' "$TMP/err" || bad "$name: $(tail -n 1 "$TMP/err")"
	all_came() {
		said=$(python3 - "$TMP/ledger" "$(records first)" "$(records second)" <<-'PY'
		import json, sys
		f, got = json.load(open(sys.argv[1]))['flows'], [int(n) for n in sys.argv[2:]]
		print(got, 'of', f['exported']['flows'])
		assert sum(got) == f['exported']['flows'] and min(got) > 40
		PY
		) 2>/dev/null
	}
	until_true 5 all_came || bad "$name: $said"
	echo "$name: $said"
	stop $first TERM 5
	stop $second TERM 5
	for file in first second; do
		[ "$(wc -l <"$TMP/$file")" = 1 ] || bad "$name: $file: $(sed -n 2,4p "$TMP/$file")"
	done
}

reloads
failover udp 10.9.0.3 10.9.0.2 24
failover udp fd09::3 fd09::2 64
failover tcp 10.9.0.3 10.9.0.2 24
finish
