#!/usr/bin/env python3
"""Groups of collectors that share the records: by hash each conversation is at one collector alone, in turn the
records are spread evenly, and each collector sees a whole sequence of what it was given. Together they have the truth,
a collector beside the group has it alone, and the ledger counts each record once."""
import collections
import json
import os
import socket
import subprocess
import sys
import threading

import wire

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WEIR = os.environ.get('WEIR', ROOT + '/weir')
GEN = os.environ.get('GEN', ROOT + '/build/tests/gen')
TMP = os.environ.get('TMP', '/tmp')
failures = 0


def bad(name, what):
    global failures
    failures += 1
    print('33-groups.py: FAILED: %s: %s' % (name, what))


class Collector:
    """Reads a socket as long as the exporter runs, and what is left in it then."""

    def __init__(self, version):
        self.socket, self.session, self.over = wire.open_socket(), wire.Session(version), False
        self.socket.settimeout(0.05)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while True:
            ended = self.over
            try:
                self.session.feed(self.socket.recv(65535))
            except socket.timeout:
                if ended:
                    return

    def end(self):
        self.over = True
        self.thread.join()
        port = self.socket.getsockname()[1]
        self.socket.close()
        return port


def run(name, version, capture, mode, members, beside, options=()):
    """The sessions of a group's members and of those beside it, and what the ledger has of each."""
    collectors = [Collector(version) for _ in range(members + beside)]
    command = [WEIR, '-r', capture, '-v', str(version), '--ledger', TMP + '/ledger']
    for i, c in enumerate(collectors):
        command += ['-n', '127.0.0.1:%d' % c.socket.getsockname()[1]]
    command += ['--set', 'groups[0].name=pair', '--set', 'groups[0].mode=' + mode]
    for i in range(members):
        command += ['--set', 'exporters[%d].group=pair' % i]
    p = subprocess.run(command + list(options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    for c in collectors:
        c.end()
    if p.returncode or b'the ledger adds up' not in p.stderr:
        bad(name, p.stderr.decode())
    for i, c in enumerate(collectors):
        for complaint in c.session.complaints[:5]:
            bad(name, 'collector %d: %s' % (i, complaint))
    with open(TMP + '/ledger') as f:
        ledger = json.load(f)
    if not ledger['adds_up']:
        bad(name, ledger['wrong'])
    return [c.session for c in collectors], ledger['flows']


def conversation(r):
    ends = sorted([(r.src, r.sport), (r.dst, r.dport)])
    if r.proto in (1, 58):
        ends = sorted([r.src, r.dst])
    return r.proto, str(ends)


def check(name, version, capture, truth, mode, members):
    sessions, flows = run(name, version, capture, mode, members, 1)
    group, beside = sessions[:members], sessions[members]
    for differences in (wire.compare(truth, [r for s in group for r in s.records], version),
                        wire.compare(truth, beside.records, version)):
        for line in differences[:5]:
            bad(name, line)
    whole = flows['exported']['flows']
    for c in flows['collectors'][:members]:
        if sum(c[k]['flows'] for k in ('sent', 'lost', 'pending', 'not_exportable', 'elsewhere')) != whole:
            bad(name, 'the ledger has %s' % c)
    if flows['collectors'][members]['elsewhere']['flows']:
        bad(name, 'who is in no group has records elsewhere')
    given = [whole - c['elsewhere']['flows'] for c in flows['collectors'][:members]]
    if sum(given) != whole:
        bad(name, '%d records were given to %s' % (whole, given))
    return group, given


def homes(name, group):
    where = collections.defaultdict(set)
    for i, s in enumerate(group):
        for r in s.records:
            where[conversation(r)].add(i)
    apart = [k for k, v in where.items() if len(v) > 1]
    if apart:
        bad(name, '%d of %d conversations are at several collectors: %s' % (len(apart), len(where), apart[:3]))
    if min(len(s.records) for s in group) < len(where) // len(group) // 2:
        bad(name, 'records are spread as %s' % [len(s.records) for s in group])
    return {k: min(v) for k, v in where.items()}


def main():
    capture, truth = TMP + '/in.pcap', TMP + '/truth'
    if not os.path.exists(GEN):
        print('there is no ' + GEN)
        sys.exit(77)
    # short time-outs: flows have several records
    subprocess.run([GEN, 'office', capture, '--truth', truth, '--timeouts=active=2,idle=1,tcp.fin=1,tcp.rst=1'], check=True)
    short = [a for t in ('active=2', 'idle=1', 'tcp.fin=1', 'tcp.rst=1') for a in ('-t', t)]
    global run
    plain = run
    run = lambda *a: plain(*a, options=short)
    want = wire.read_truth(truth)
    for version in 5, 9, 10:
        group, _ = check('hash, v%d' % version, version, capture, want, 'hash', 2)
        first = homes('hash, v%d' % version, group)
        group, _ = check('hash again, v%d' % version, version, capture, want, 'hash', 2)
        if homes('hash again, v%d' % version, group) != first:
            bad('hash, v%d' % version, 'another run has other homes')
        _, given = check('in turn, v%d' % version, version, capture, want, 'round_robin', 3)
        if max(given) - min(given) > 1:
            bad('in turn, v%d' % version, 'records are spread as %s' % given)
        check('failover, v%d' % version, version, capture, want, 'failover', 2)
    sessions, _ = run('replicate', 10, capture, 'replicate', 2, 0)
    for s in sessions:
        for line in wire.compare(want, s.records, 10)[:5]:
            bad('replicate', line)
    print('33-groups.py: %d records, %d failures' % (len(want), failures))
    sys.exit(failures > 0)


main()
