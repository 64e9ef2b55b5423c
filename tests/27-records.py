#!/usr/bin/env python3
# run.sh: computes
"""Every value of every ready-made record, and of two of a user's own, against what facts.py reads in the capture.

The captures are those of the generator and, where they are, a folder of real ones. Time-outs are far away, so a record
is a flow: but for a bare SYN after a FIN or RST, and a clock set back. Layouts count, too: each kind of flow is told by
the elements that it has a value for, in the order of the definition.
"""
import collections
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import facts
import truth
import wire

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
WEIR = os.environ.get('WEIR', ROOT + '/weir')
GEN = os.environ.get('GEN', ROOT + '/build/tests/gen')
TMP = os.environ.get('TMP', '/tmp')
SHARED = os.environ.get('SHARED', '')

SCENARIOS = ['office', 'timeouts', 'fragments', 'links', 'ethertypes', 'ports', 'tunnels', 'damage', 'counters']
FAR = [a for t in ('active', 'idle', 'tcp.fin', 'tcp.rst') for a in ('-t', t + '=36500d')]


def received(record, version):
    out = []
    for (_, i), octets in record.fields.items():
        if version == 9 and i in (21, 22):
            out.append((152 if i == 22 else 153, int(record.first if i == 22 else record.last)))
            continue
        for b in octets:
            out.append((i, b if i in (8, 12, 27, 28, 56, 80, 70) else facts.be(b)))
    return tuple(out)


def own_records(path):
    """A configuration with the user's records."""
    names = truth.element_names(WEIR)
    def row(name, text):
        f = truth.fields_of(text)
        quoted = [', '.join('"%s"' % names[i] for i, key in f if key == want) for want in (True, False)]
        return '{ name = "%s"; match = [%s]; collect = [%s]; }' % (name, quoted[0], quoted[1])
    with open(path, 'w') as file:
        file.write('records = ( %s );\n' % ', '.join(row(n, t) for n, t in truth.OWN.items()))


def compare(name, packets, capture, text, version, conf):
    record = name.split()[-1]
    command = [WEIR, '-f', conf, '-r', capture, '-n', '127.0.0.1:{port}', '-v', str(version), '-m', '131072',
               '--set', 'cache.record=' + record, '--set', 'cache.fragments=65536'] + FAR
    datagrams, status, err = wire.collect(command, 120)
    session = wire.Session(version, classic=record != 'bare')
    for when, m in datagrams:
        session.feed(m, when)
    complaints = session.complaints + ([] if status == 0 else ['status %s: %s' % (status, err[-300:])])
    fields = truth.fields_of(text)
    want = collections.Counter(truth.expected(fields, f, version) for f in truth.flows_of(packets, fields))
    got = collections.Counter(received(r, version) for r in session.records)
    lines = ['missing %s' % (r,) for r in (want - got)] + ['extra   %s' % (r,) for r in (got - want)]
    for line in (complaints + sorted(lines, key=lambda l: l[8:]))[:6]:
        print('    ' + line[:1500])
    if complaints or lines or not want:
        print('27-records.py: FAILED: %s, v%d: %d complaints, %d of %d records differ' % (
            name, version, len(complaints), len(lines), sum(want.values())))
        return 0
    return sum(want.values())


def captures():
    for scenario in SCENARIOS:
        path = '%s/%s.pcap' % (TMP, scenario)
        subprocess.run([GEN, scenario, path], check=True, stdout=subprocess.DEVNULL)
        yield scenario, [path]
    if os.path.isdir(SHARED + '/pcaps'):
        for folder in ('ordinary', 'encapsulation', 'fragment', 'application'):
            yield 'shared ' + folder, sorted(glob.glob('%s/pcaps/%s/*.pcap' % (SHARED, folder)))
    else:
        print('27-records.py: shared captures are left out: they are not there')


def main():
    if not os.access(GEN, os.X_OK) or not os.access(WEIR, os.X_OK):
        print('27-records.py: skipped: there is no %s or %s' % (GEN, WEIR))
        return 77
    conf, chosen, records, runs, failed = TMP + '/own.conf', TMP + '/chosen.pcap', 0, 0, 0
    own_records(conf)
    kinds = collections.Counter()
    for source, paths in captures():
        packets = facts.choose(paths, chosen)
        for f in packets:
            kinds.update({'tagged': f.vlan[0] > 0, 'twice': f.customer[0] > 0, 'labelled': f.depth > 0,
                          'v4 options': f.options4 > 0, 'v6 headers': f.extensions > 0, 'TCP options': f.options > 0,
                          'cut chains': not f.complete, 'later': f.later, 'IPv6': f.version == 6})
        for record, text in {**truth.READY, **truth.OWN}.items():
            for version in (9, 10) if record == 'layer2' and source in SCENARIOS or source == 'ports' else (10,):
                n = compare('%s %s' % (source, record), packets, chosen, text, version, conf)
                runs, records, failed = runs + 1, records + n, failed + (n == 0)
    print('packets: ' + ', '.join('%d %s' % (n, kind) for kind, n in kinds.items()))
    if not all(kinds.values()):
        print('27-records.py: FAILED: the captures lack a kind of packet')
        failed += 1
    if failed:
        return 1
    print('27-records.py: %d records in %d runs, every value as in the capture' % (records, runs))
    return 0


if __name__ == '__main__':
    sys.exit(main())
