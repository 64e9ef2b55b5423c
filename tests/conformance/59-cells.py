#!/usr/bin/env python3
"""RFC 5471's tests as a matrix: what they ask of an exporter, over UDP, TCP and TLS, IPv4 and IPv6.

A cell is a test of the RFC, a transport and an address family: weir reads a capture and exports it, and a collector that
knows nothing of weir has to find every message right, what the test is about in the templates and options, and the same
records as over every other transport; UDP over IPv4 is held against the truth. Tests that another file shows are named
with it, and so are those that an exporter of flow records has no part in."""
import argparse
import collections
import os
import re
import socket
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, TESTS)
import stream
import truth
import wire

ROOT = os.path.dirname(TESTS)
WEIR = os.environ.get('WEIR', ROOT + '/weir')
GEN = os.environ.get('GEN', ROOT + '/build/tests/gen')
TMP = os.environ.get('TMP', '/tmp')
WAYS = [(transport, family) for transport in ('udp', 'tcp', 'tls') for family in (4, 6)]
FAR = [a for t in ('active', 'idle', 'tcp.fin', 'tcp.rst') for a in ('-t', t + '=36500d')]

# Tests that stand elsewhere: FILE:WORDS, which must be there.
ELSEWHERE = {
    '3.5.2': 'check_stream.c:START_TEST(collector_does_not_read)',
    '3.6.1': '48-spool.sh:one that is away',
    '3.6.3': '47-tls.sh:one that ends its connection',
    '3.6.4': 'fuzz_roundtrip.c:LLVMFuzzerTestOneInput',
    '3.6.5': 'fuzz_roundtrip.c:LLVMFuzzerTestOneInput',
    '3.6.6': 'fuzz_roundtrip.c:LLVMFuzzerTestOneInput',
    '3.6.7': 'fuzz_roundtrip.c:LLVMFuzzerTestOneInput',
    '3.7.2': "47-tls.sh:tls 'a collector'",
    '3.7.5': '47-tls.sh:stranger',
    '3.7.6': '47-tls.sh:unknown',
    '3.7.7': '47-tls.sh:misnamed',
}
NOT_OURS = {
    '3.2.5': 'weir withdraws no template: a change of records ends the session',
    '3.5.3': 'a template has 64 fields at most',
    '3.5.4': 'a session has 24 templates of flows at most',
    '3.5.5': 'a test of collectors',
    '3.6.8.1': 'there is no SCTP',
    '3.7.3': 'there is no DTLS',
    '3.7.4': 'there is no SCTP',
}


# ------------------------------------------------------------------------------------------------ what a session has
def layouts(s, options=None):
    return {k[2]: (layout, scopes) for k, (layout, scopes, is_options) in s.templates.items()
            if options is None or is_options == options}


def elements(s, options=None):
    return {f[:2] for layout, _ in layouts(s, options).values() for f in layout}


def complain_unless(good, what):
    return [] if good else [what]


def every_type(s):
    kinds = {wire.ELEMENTS[i][:2] for pen, i in elements(s) if pen == 0 and i in wire.ELEMENTS}
    want = {('int', 1), ('int', 2), ('int', 4), ('int', 8), ('bool', 1)}
    return complain_unless(want <= kinds and len(kinds) >= 9, 'only these types: %s' % sorted(kinds, key=str))


def variable(s):
    long = [k for k, (layout, _) in layouts(s).items() if any(f[2] == 65535 for f in layout)]
    mixed = [k for k in long if any(f[2] != 65535 for f in layouts(s)[k][0])]
    names = {v for o in s.options for v in o.get((0, 341), ())}
    return complain_unless(mixed and len(names) > 3 and len({len(n) for n in names}) > 1,
                           'no elements of variable length: %s, %s' % (long, names))


def padded_sets(s):
    odd = [k for k, (layout, _) in layouts(s, False).items() if sum(f[2] for f in layout) % 4]
    return complain_unless(odd, 'all records are multiples of four octets')


def padded_records(s):
    tiny = [layout for layout, _ in layouts(s, False).values() if layout == ((0, 4, 1), (0, 210, 3))]
    return complain_unless(tiny, 'no record of one octet with three of padding: %s' % layouts(s, False))


def enterprises(s):
    return complain_unless({pen for pen, _ in elements(s, False)} >= {wire.REVERSE, 35632}, 'no elements of enterprises')


def reduced(s):
    short = [f for layout, _ in layouts(s, False).values() for f in layout if f[:2] == (0, 6)]
    flags = {wire.number(r.fields[0, 6][0]) for r in s.records if (0, 6) in r.fields}
    return complain_unless(short and all(f[2] == 1 for f in short) and len(flags) > 3, 'flags as %s: %s' % (short, flags))


def repeated(s):
    apart = adjacent = False
    for layout, _ in layouts(s, False).values():
        names = [f[:2] for f in layout]
        adjacent |= any(a == b for a, b in zip(names, names[1:]))
        apart |= any(names.count(n) > 1 and names[names.index(n) + 1:names.index(n) + 2] != [n] for n in names)
    return complain_unless(apart and adjacent, 'no elements repeated, apart: %s, adjacent: %s' % (apart, adjacent))


def scopes(s):
    found = {layout[0][1] for layout, n in layouts(s, True).values() if n}
    return complain_unless({149, 144, 145} <= found and all(n for _, n in layouts(s, True).values()), 'scopes %s' % found)


def two_scopes(s):
    return complain_unless(any(n == 2 and [f[1] for f in layout[:2]] == [346, 303] for layout, n in layouts(s, True).values()),
                           'no template with the scopes 346 and 303, in this order')


def has_options(*ids):
    def check(s):
        kinds = [k for k, (layout, _) in layouts(s, True).items() if [f[1] for f in layout] == list(ids)]
        told = [o for o in s.options if [i for _, i in o] == list(dict.fromkeys(ids))]
        return complain_unless(kinds and told, 'no options data with %s' % (ids,))
    return check


def flow_keys(s):
    keys = {wire.number(o[0, 145][0]): wire.number(o[0, 173][0]) for o in s.options if (0, 173) in o}
    return complain_unless(set(keys) == set(layouts(s, False)) and all(keys.values()), 'flow keys of %s' % sorted(keys))


def one_template(s):
    used = collections.Counter(tuple(r.fields) for r in s.records)
    return complain_unless(max(used.values()) >= 5000, '%s records of a template at most' % max(used.values()))


def nothing(s):
    return []


# section, what it is, scenario, weir's options, what has to be in the session, whether records are of the classic kind
CELLS = [
    ('3.1.1', 'connectivity', 'office', [], nothing, True),
    ('3.2.1', 'fixed-length elements of every type', 'ports', ['cache.record=wide'], every_type, True),
    ('3.2.2', 'elements of variable length', 'office', ['cache.record=tcp', 'cache.biflow=true'], variable, True),
    ('3.2.3', 'padding of sets', 'office', ['cache.record=minimal'], padded_sets, True),
    ('3.2.4', 'padding of records', 'ports', ['cache.record=tiny'], padded_records, False),
    ('3.3.1', 'elements of enterprises', 'office', ['cache.record=tcp', 'cache.biflow=true'], enterprises, True),
    ('3.3.2', 'reduced size', 'ports', ['exporters[0].control_bits=1'], reduced, True),
    ('3.3.3', 'elements that repeat', 'tunnels', ['cache.record=twice'], repeated, True),
    ('3.4.1', 'scopes', 'office', [], scopes, True),
    ('3.4.2', 'several scopes', 'office', ['cache.record=tcp', 'cache.biflow=true'], two_scopes, True),
    ('3.4.3', 'metering process statistics', 'office', [], has_options(149, 41, 42, 40), True),
    ('3.4.4', 'metering process reliability', 'office', [], has_options(149, 164, 165, 323, 323), True),
    ('3.4.5', 'exporting process reliability', 'office', [], has_options(144, 166, 167, 168, 323, 323), True),
    ('3.4.6', 'flow keys', 'office', ['cache.record=layer2'], flow_keys, True),
    ('3.5.1', 'many records of one template', 'many', [], one_template, True),
    ('3.5.6', 'another collector beside this one', 'office', [], nothing, True),
    ('3.6.2', 'an exporter that is restarted', 'office', [], nothing, True),
    ('3.6.8', 'a template id is never used again', 'office', ['exporters[0].template_datagrams=1'], nothing, True),
]


# ------------------------------------------------------------------------------------------------------- collectors
class Datagrams:
    """A session for each exporter, which is a port."""

    def __init__(self, family, classic):
        self.socket = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE, for root
        except OSError:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(('127.0.0.1' if family == 4 else '::1', 0))
        self.port, self.classic, self.by_port, self.over = self.socket.getsockname()[1], classic, {}, False
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        self.socket.settimeout(0.05)
        while True:
            ended = self.over
            try:
                m, where = self.socket.recvfrom(65535)
            except socket.timeout:
                if ended:
                    return
                continue
            self.by_port.setdefault(where[1], wire.Session(10, classic=self.classic)).feed(m)

    def sessions(self):
        self.over = True
        self.thread.join()
        self.socket.close()
        return list(self.by_port.values())


class Connections(stream.Collector):
    """A session for each connection."""

    def __init__(self, family, tls, classic):
        self.classic = classic
        super().__init__(argparse.Namespace(v6=family == 6, kill=0, close=0, absent=0, away=0, tls=TMP if tls else None, tls12=False))
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def connection(self):
        c = stream.Connection()
        c.classic = self.classic
        return c

    def sessions(self):
        self.over = True
        self.thread.join()
        self.listener.close()
        return self.connections


def certificates():
    names = 'subjectAltName=IP:127.0.0.1,IP:::1'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout',
                    TMP + '/collector.key', '-subj', '/CN=test', '-addext', names, '-days', '2', '-out', TMP + '/collector.pem'],
                   check=True, stderr=subprocess.DEVNULL)
    with open(TMP + '/collector.pem') as a, open(TMP + '/ca.pem', 'w') as b:
        b.write(a.read())


def configuration():
    names = truth.element_names(WEIR)
    def of(text, key):
        return ', '.join('"%s"' % names[i] for i, k in truth.fields_of(text) if k == key)
    with open(TMP + '/cells.conf', 'w') as f:
        f.write('''records = (
	{ name = "wide"; match = [%s]; collect = [%s]; },
	{ name = "tiny"; match = ["protocolIdentifier"]; },
	{ name = "twice"; match = ["sourceIPv4Address", "destinationIPv4Address", "protocolIdentifier",
		"inner.sourceIPv4Address", "inner.destinationIPv4Address", "inner.protocolIdentifier"];
	  collect = ["ipVersion", "inner.ipVersion", "packetDeltaCount", "octetDeltaCount",
		"flowStartMilliseconds", "flowEndMilliseconds", "flowEndReason"]; }
);
''' % (of(truth.OWN['wide'], True), of(truth.OWN['wide'], False)))


def run(capture, options, way, classic, beside, times):
    """The sessions of a collector, the exit status and what weir said; weir runs so often."""
    transport, family = way
    c = Datagrams(family, classic) if transport == 'udp' else Connections(family, transport == 'tls', classic)
    host = '127.0.0.1' if family == 4 else '[::1]'
    command = [WEIR, '-f', TMP + '/cells.conf', '-r', capture, '-n', '%s:%d' % (host, c.port), *FAR]
    for o in ['exporters[0].transport=' + transport, 'exporters[0].tls.ca=%s/ca.pem' % TMP, 'exporters[0].tls.key=%s/collector.key' % TMP,
              'exporters[0].tls.certificate=%s/collector.pem' % TMP] + options:
        command += ['--set', o]
    if beside:
        command += ['-n', '127.0.0.1:%d' % beside.port]
    wrong = []
    for _ in range(times):
        p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60)
        if p.returncode or b'the ledger adds up' not in p.stderr:
            wrong.append('weir: status %d: %s' % (p.returncode, p.stderr.decode(errors='replace')))
    return c.sessions(), wrong


def told(session):
    return collections.Counter(tuple(sorted((k, tuple(v)) for k, v in r.fields.items())) for r in session.records)


def cell(row, way, capture, want, reference):
    """What is wrong with a cell, and the records that were told."""
    section, _, _, options, check, classic = row
    beside = Datagrams(4, True) if section == '3.5.6' else None
    times = 2 if section == '3.6.2' else 1
    sessions, wrong = run(capture, options, way, classic, beside, times)
    if len(sessions) != times:
        return wrong + ['%d sessions, not %d' % (len(sessions), times)], None
    if beside:
        sessions += beside.sessions()
    for s in sessions:
        wrong += s.complaints[:3] + check(s)
        if reference is not None and told(s) != reference:
            wrong.append('%d records that are not those of UDP over IPv4' % sum((told(s) - reference).values()))
        if reference is None and classic and not options:
            wrong += wire.compare(want, s.records, 10)[:3]
    return wrong, told(sessions[0])


def elsewhere():
    for section, where in ELSEWHERE.items():
        file, words = where.split(':', 1)
        with open(TESTS + '/' + file) as f:
            if words not in f.read():
                yield '%s: %s has no "%s"' % (section, file, words)


def main():
    if not os.path.exists(GEN):
        print('there is no ' + GEN)
        sys.exit(77)
    certificates()
    configuration()
    failures = list(elsewhere())
    done, captures = 0, {}
    for row in CELLS:
        section, name, scenario = row[:3]
        capture = '%s/%s.pcap' % (TMP, scenario)
        if scenario not in captures:
            more = ['--flows', '8000', '--packets', '1'] if scenario == 'many' else ['--no-timeouts']
            subprocess.run([GEN, scenario, capture, '--truth', capture + '.truth', *more], check=True, stdout=subprocess.DEVNULL)
            captures[scenario] = wire.read_truth(capture + '.truth')
        reference, line = None, []
        for way in WAYS:
            wrong, records = cell(row, way, capture, captures[scenario], reference)
            reference = reference or records
            done += 1
            line.append('%s%d %s' % (*way, 'FAILED' if wrong else 'ok'))
            failures += ['%s %s, %s%d: %s' % (section, name, *way, w) for w in wrong]
        print('%-6s %-40s %s' % (section, name, '  '.join(line)))
    for section, where in sorted(ELSEWHERE.items()):
        print('%-6s %s' % (section, where))
    for section, why in sorted(NOT_OURS.items()):
        print('%-6s left out: %s' % (section, why))
    for f in failures[:30]:
        print('59-cells.py: FAILED: ' + f)
    print('59-cells.py: %d cells, %d failures' % (done, len(failures)))
    sys.exit(bool(failures))


main()
