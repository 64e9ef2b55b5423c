#!/bin/bash
# Metrics of a running weir: the same numbers as its ledger, in a form that promtool and the rules of
# OpenMetrics accept; rules and dashboard speak of metrics that there are; hostile clients cost nothing.
. "$(dirname "$0")/common.sh"
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
need python3 ip
[ -x "$GEN" ] || skip "there is no $GEN"
two_hosts

"$GEN" office "$TMP/office.pcap" --truth "$TMP/office.tsv" --no-timeouts
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
cat >"$TMP/get.py" <<'P'
import socket, sys
def get(path, head='', method='GET'):
    s = socket.create_connection(('127.0.0.1', 9416), 20)
    s.sendall(f'{method} {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n'.encode())
    got = b''
    while piece := s.recv(65536):
        got += piece
    head, body = got.split(b'\r\n\r\n', 1)
    status = head.split(b' ')[1].decode()
    assert f'Content-Length: {len(body)}'.encode() in head, head
    return status, body.decode(), head.decode()
if __name__ == '__main__':
    status, body, head = get(*sys.argv[1:])
    sys.stdout.write(body)
    sys.exit(status != '200')
P
get() { ip netns exec $b timeout 30 python3 "$TMP/get.py" "$@"; }
ctl() { timeout 30 "$WEIRCTL" -s "$TMP/weir.sock" "$@"; }

# Twice the same collector and twice the same interface: their metrics must not be one.
ip netns exec $b "$WEIR" -i vb -i vb -n 127.0.0.1:9 -n 127.0.0.1:9 -v 5 -t idle=1h -t active=1h -t tcp.fin=1h \
	-t tcp.rst=1h --set control.socket="$TMP/weir.sock" --set metrics.listen=127.0.0.1:9416 >"$TMP/out" 2>&1 &
weir=$!
until_true 20 get /healthz || bad "weir does not answer: $(cat "$TMP/out")"
ip netns exec $a python3 "$TMP/sender.py" "$TMP/office.pcap"
frames=$(awk '/^# seen/ { print $3 }' "$TMP/office.tsv")
seen() { [ "$(ctl -j ledger | python3 -c 'import json, sys; print(json.load(sys.stdin)["packets"]["seen"]["frames"])')" -ge $((2 * frames)) ]; }
until_true 20 seen || bad "weir did not see all: $(ctl ledger)"

get /metrics >"$TMP/text" || bad '/metrics failed'
get /metrics $'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n' >"$TMP/open" || bad '/metrics as OpenMetrics failed'
ctl -j ledger >"$TMP/ledger"
ctl -j status >"$TMP/status"

# ---- The numbers are those of the ledger ----

cat >"$TMP/compare.py" <<'P'
import json, re, sys
folder, open_metrics = sys.argv[1], sys.argv[2] == 'open'
ledger, status = (json.load(open(f'{folder}/{name}')) for name in ('ledger', 'status'))
line = re.compile(r'(weir_[a-z0-9_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)*)\})? (-?[0-9.]+)$')
values, family, kinds = {}, None, {}
lines = open(f'{folder}/{sys.argv[2]}').read().split('\n')
assert lines.pop() == ''
if open_metrics:
    assert lines.pop() == '# EOF'
for l in lines:
    if l.startswith('# HELP '):
        continue
    if l.startswith('# TYPE '):
        family, kind = l.split(' ')[2:]
        assert family not in kinds, l
        kinds[family] = kind
        continue
    m = line.match(l)
    assert m, l
    name, labels = m.group(1), m.group(2) or ''
    counter = kinds[family] == 'counter'
    assert name == family + ('_total' if counter and open_metrics else ''), l
    assert name.endswith('_total') == counter, l
    assert (name, labels) not in values, f'twice: {l}'
    values[name, labels] = float(m.group(3))
def is_(name, value, labels=''):
    assert values['weir_' + name, labels] == value, (name, labels, values['weir_' + name, labels], value)
p, f = ledger['packets'], ledger['flows']
for name in ('seen', 'metered', 'sampled_out', 'filtered'):
    is_(f'packets_{name}_total', p[name]['frames'])
    is_(f'packets_{name}_octets_total', p[name]['octets'])
assert p['seen']['frames'] > 5000
def tally(name, t, end, labels=''):
    is_(name + end, t['flows'], labels)
    is_(f'{name}_packets' + end, t['packets'], labels)
    is_(f'{name}_octets' + end, t['octets'], labels)
tally('flows_opened', f['metered'], '_total')
tally('flows_live', f['live'], '')
tally('flows_transit', f['transit'], '')
tally('flows_lost', f['lost'], '_total')
tally('flows_exported', f['exported'], '_total')
for reason, t in f['closed'].items():
    tally('flows_closed', t, '_total', f'reason="{reason}"')
ignored = {l: v for (n, l), v in values.items() if n == 'weir_packets_ignored_total'}
assert sum(ignored.values()) == p['ignored']['frames'] > 0, ignored
for row in p['ignored']['by']:
    if row['value'] is not None:
        assert ignored[f'reason="{row["reason"]}",kind="{row["text"]}"'] == row['frames'], row
for i, c in enumerate(f['collectors']):
    labels = f'exporter="{i}",collector="{c["name"]}",version="5"'
    for name in ('sent', 'lost', 'not_exportable'):
        tally(f'collector_{name}', c[name], '_total', labels)
    tally('collector_pending', c['pending'], '', labels)
for i, s in enumerate(status['inputs']):
    labels = f'input="{i}",interface="{s["interface"]}"'
    is_('input_packets_total', s['frames'], labels)
    is_('input_packets_octets_total', s['octets'], labels)
    is_('input_failed', 0, labels)
is_('cache_entries', status['cache']['entries'])
is_('ring_size', status['ring']['size'])
is_('ledger_adds_up', 1)
assert len(status['inputs']) == len(f['collectors']) == 2
# every metric that rules and dashboard speak of is there
if len(sys.argv) > 3:
    names = {n for n, l in values}
    for path in sys.argv[3:]:
        used = set(re.findall(r'\bweir_[a-z0-9_]+', open(path).read()))
        assert used and used <= names, (path, used - names)
P
for form in text open; do
	python3 "$TMP/compare.py" "$TMP" $form "$root"/packaging/grafana/* >"$TMP/said" 2>&1 || bad "$form: $(cat "$TMP/said")"
done
python3 -m json.tool "$root/packaging/grafana/weir.json" >/dev/null || bad 'the dashboard is no JSON'

# ---- Other questions, and clients that mean no good ----

[ "$(get /healthz)" = ok ] || bad "healthz: $(get /healthz)"
get '/metrics?x=1' >/dev/null || bad 'a query is refused'
get / >/dev/null && bad '/ is there'
get /metricsx >/dev/null && bad '/metricsx is there'
get /metrics '' POST >/dev/null && bad 'POST is taken'
timeout 100 ip netns exec $b python3 - <<'P' || bad 'hostile clients'
import os, socket
def connect():
    s = socket.create_connection(('127.0.0.1', 9416), 20)
    return s
def answer(octets):
    s = connect()
    try:
        s.sendall(octets)
        return s.recv(65536)
    except OSError:
        return b''
assert answer(b'GET /metrics HTTP/1.1\r\n' + b'X: ' + b'y' * 6000).startswith(b'HTTP/1.1 431 ')
assert answer(b'GET /\0metrics\r\n\r\n').startswith(b'HTTP/1.1 404 ')
assert answer(b'\r\n\r\n').startswith(b'HTTP/1.1 405 ')
assert answer(os.urandom(3000).replace(b'\r', b'') + b'\r\n\r\n').startswith(b'HTTP/1.1 40')
silent = [connect() for i in range(100)]     # a hundred that say nothing
for s in silent[50:]:
    s.close()
slow = silent[:50]
for s in slow:
    try:
        s.send(b'GET /metrics')
    except OSError:
        pass
P
until_true 30 get /healthz || bad 'weir does not answer after hostile clients'
stop $weir TERM 20 || bad "exit status $?: $(cat "$TMP/out")"

# syntax is looked at before anything is opened, and by --check-config
for listen in 9416 nowhere:1 127.0.0.1 127.0.0.1:http '[::1:1' ::1:9416 127.0.0.1:0 127.0.0.1:65536 '[127.0.0.1]:1'; do
	for check in '' -C; do
		timeout 20 ip netns exec $b "$WEIR" -i vb $check --set "metrics.listen=$listen" >"$TMP/out" 2>&1
		[ $? -eq 1 ] && grep -qF "metrics.listen: \"$listen\", allowed: " "$TMP/out" || bad "metrics.listen=$listen: $(cat "$TMP/out")"
	done
done
"$WEIR" -C -i vb --set 'metrics.listen=[::1]:9416' >"$TMP/out" 2>&1 || bad "IPv6 is refused: $(cat "$TMP/out")"
for listen in 192.0.2.1:9416; do
	timeout 20 ip netns exec $b "$WEIR" -i vb --set "metrics.listen=$listen" >"$TMP/out" 2>&1
	[ $? -eq 2 ] && grep -qF "metrics.listen: $listen: " "$TMP/out" || bad "metrics.listen=$listen: $(cat "$TMP/out")"
done

# ---- Prometheus' own judgement, last, since a machine without it skips ----

[ $failures -eq 0 ] || finish
command -v promtool >/dev/null || skip 'promtool is not installed; all else is good'
promtool check metrics <"$TMP/text" >"$TMP/said" 2>&1 || bad "promtool check metrics: $(cat "$TMP/said")"
promtool check rules "$root/packaging/grafana/weir-alerts.yml" >"$TMP/said" 2>&1 || bad "promtool check rules: $(cat "$TMP/said")"
promtool test rules "$here/alerts.yml" >"$TMP/said" 2>&1 || bad "promtool test rules: $(cat "$TMP/said")"
finish
