#!/bin/bash
# The templates that weirctl shows are those that are on the wire: each collector's are compared with
# what it was sent, number by number.
. "$(dirname "$0")/common.sh"
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
need python3 ip
[ -x "$WEIRCTL" ] || skip "there is no $WEIRCTL"

two_hosts

socket=$TMP/weir.sock
ctl() { timeout 30 "$WEIRCTL" -s "$socket" "$@"; }

# Reads datagrams as they come, and writes their templates: version, kind, id, and per field number,
# length and enterprise. An independent reading of RFC 3954 and RFC 7011 section 3.4.
cat >"$TMP/wire.py" <<'P'
import json, socket, struct, sys
found = {}
def fields(b, at, n, enterprises):
    out = []
    for _ in range(n):
        number, length = struct.unpack_from('!HH', b, at)
        at += 4
        pen = 0
        if enterprises and number & 0x8000:
            pen, number, at = struct.unpack_from('!I', b, at)[0], number & 0x7fff, at + 4
        out.append([number, length, pen])
    return out, at
def sets(b, version):
    at = 16 if version == 10 else 20
    while at + 4 <= len(b):
        number, length = struct.unpack_from('!HH', b, at)
        yield number, b[at + 4:at + length]
        at += length
def read(b):
    version = struct.unpack_from('!H', b)[0]
    if version == 5:
        return
    for number, body in sets(b, version):
        plain, options = (2, 3) if version == 10 else (0, 1)
        at = 0
        while number in (plain, options) and at + 4 <= len(body):
            tid, n = struct.unpack_from('!HH', body, at)
            if tid < 256:
                break
            at += 4
            if number == plain:
                found[tid], at = fields(body, at, n, version == 10)
            elif version == 10:
                found[tid], at = fields(body, at + 2, n, True)
            else:
                others = struct.unpack_from('!H', body, at)[0]
                found[tid], at = fields(body, at + 2, (n + others) // 4, False)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', int(sys.argv[1])))
s.settimeout(20)
open(sys.argv[2] + '.ready', 'w').close()
read(s.recv(65536))
s.settimeout(1)
try:
    while True:
        read(s.recv(65536))
except socket.timeout:
    pass
json.dump(found, open(sys.argv[2], 'w'))
P
readers=()
for port in 9 10 11; do
	ip netns exec $b python3 "$TMP/wire.py" "$((9000 + port))" "$TMP/wire.$port" &
	readers+=($!)
	until_true 20 test -e "$TMP/wire.$port.ready" || bad "no reader on $port"
done

cat >"$TMP/weir.conf" <<C
inputs = ( { interface = "vb"; } );
cache = { biflow = true; };
exporters = (
	{ collector = "127.0.0.1:9009"; protocol = "netflow9"; },
	{ collector = "127.0.0.1:9010"; protocol = "ipfix"; },
	{ collector = "127.0.0.1:9011"; protocol = "ipfix"; options_data = false; }
);
control = { socket = "$socket"; };
C
ip netns exec $b "$WEIR" -f "$TMP/weir.conf" >"$TMP/weir.out" 2>&1 &
weir=$!
until_true 20 ctl status || bad "weir does not answer: $(cat "$TMP/weir.out")"
sent() { # every collector with templates has got them
	ctl -j templates >"$TMP/templates" && [ "$(grep -o '"sent_ms":[0-9]' "$TMP/templates" | wc -l)" -eq 3 ]
}
until_true 20 sent || bad "templates were not sent: $(cat "$TMP/templates")"
before=$(date +%s)
ctl -j templates >"$TMP/templates" || bad "templates: exit status $?"
for reader in "${readers[@]}"; do wait "$reader" || bad 'a reader failed'; done
python3 - "$TMP" "$before" <<'P' || bad 'what is shown is not what was sent'
import json, sys
folder, now = sys.argv[1], int(sys.argv[2])
answer = json.load(open(folder + '/templates'))
assert answer['left_out'] == 0
collectors = answer['collectors']
assert [c['protocol'] for c in collectors] == ['netflow9', 'ipfix', 'ipfix'], collectors
for c, port in zip(collectors, (9, 10, 11)):
    assert c['name'] == f'127.0.0.1:{9000 + port}'
    assert abs(now - c['sent_ms'] / 1000) < 30, c['sent_ms']
    shown = {str(t['id']): [[f['id'], f['length'], f['pen']] for f in t['fields']] for t in c['templates']}
    wire = json.load(open(f'{folder}/wire.{port}'))
    assert shown == wire, (port, shown, wire)
    kinds = {t['kind'] for t in c['templates']}
    assert kinds == ({'data'} if port == 11 else {'data', 'options'}), kinds
    for t in c['templates']:
        assert any(f['scope'] for f in t['fields']) == (t['kind'] == 'options'), t
    records = [t['record'] for t in c['templates']]
    assert len(set(records)) == len(records), records
    assert 'default: IPv6, ICMP, answered' in records, records
ipfix = next(t for t in collectors[2]['templates'] if t['record'] == 'default: IPv4, answered')
reverse = [f for f in ipfix['fields'] if f['pen'] == 29305]
assert 'reverseOctetDeltaCount' in [f['name'] for f in reverse], reverse
assert {f['name']: f['key'] for f in ipfix['fields']}['sourceIPv4Address'] is True
P

ctl -j templates 127.0.0.1:9009 >"$TMP/one" && [ "$(grep -o '"protocol"' "$TMP/one" | wc -l)" -eq 1 ] ||
	bad "one collector: $(cat "$TMP/one")"
for wrong in nobody:1 collector=7; do
	ctl templates "$wrong" >"$TMP/out" 2>"$TMP/err"
	[ $? -eq 1 ] && grep -q collector "$TMP/err" || bad "templates $wrong: $(cat "$TMP/out" "$TMP/err")"
done
ctl templates >"$TMP/text" || bad "templates: exit status $?"
[ -z "$(awk 'length > 80' "$TMP/text")" ] || bad "$(awk 'length > 80' "$TMP/text")"
grep -q '^ipfix, templates last sent 20' "$TMP/text" || bad "$(head -5 "$TMP/text")"
grep -q '  sourceIPv4Address, key$' "$TMP/text" || bad "$(head -20 "$TMP/text")"
stop $weir TERM 10 || bad "exit status $?: $(cat "$TMP/weir.out")"

# ---- NetFlow v5 has a record and no template ----

ip netns exec $b "$WEIR" -i vb -n 127.0.0.1:9 -v 5 --set "control.socket=$socket" >"$TMP/weir.out" 2>&1 &
weir=$!
until_true 20 ctl status || bad "weir does not answer: $(cat "$TMP/weir.out")"
ctl -j templates >"$TMP/templates" || bad "templates: exit status $?"
python3 - "$TMP/templates" <<'P' || bad "v5: $(cat "$TMP/templates")"
import json, sys
c = json.load(open(sys.argv[1]))['collectors'][0]
assert c['protocol'] == 'netflow5' and c['sent_ms'] is None
assert [(t['id'], t['kind'], len(t['fields'])) for t in c['templates']] == [(0, 'data', 20)]
assert sum(f['length'] for f in c['templates'][0]['fields']) == 48
P
ctl templates | grep -q '^data record  netflow5' || bad "v5: $(ctl templates)"
stop $weir TERM 10 || bad "exit status $?: $(cat "$TMP/weir.out")"
finish
