#!/usr/bin/env python3
# run.sh: computes
"""Filters of exporters: each collector gets the records that its filter takes, judged here by their own values, in a
whole sequence; what is left out is counted as filtered and is no loss."""
import ipaddress
import json
import os
import subprocess
import sys
import threading
import socket

import wire

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WEIR = os.environ.get('WEIR', ROOT + '/weir')
GEN = os.environ.get('GEN', ROOT + '/build/tests/gen')
TMP = os.environ.get('TMP', '/tmp')


def within(network):
    n = ipaddress.ip_network(network)
    return lambda address: ipaddress.ip_address(address) in n


def ports(r):
    return () if r.proto in (1, 2, 58) else (r.sport, r.dport)


FILTERS = [
    ('', lambda r: True),
    ('tcp', lambda r: r.proto == 6),
    ('not tcp and not udp', lambda r: r.proto not in (6, 17)),
    ('ip6', lambda r: len(r.src) == 16),
    ('udp port 53 or icmp', lambda r: r.proto == 17 and 53 in ports(r) or r.proto == 1),
    ('src net 192.168.0.0/20', lambda r: within('192.168.0.0/20')(r.src)),
    ('dst net 192.168.0.0/20 and portrange 1-1023', lambda r: within('192.168.0.0/20')(r.dst) and any(1 <= p < 1024 for p in ports(r))),
    ('not (src net 192.168.0.0/16 or dst net 192.168.0.0/16)',
     lambda r: not any(within('192.168.0.0/16')(a) for a in (r.src, r.dst))),
    ('interface 77', lambda r: False),
]


def main():
    capture, truth = TMP + '/in.pcap', TMP + '/truth'
    if not os.path.exists(GEN):
        print('there is no ' + GEN)
        sys.exit(77)
    subprocess.run([GEN, 'office', capture, '--truth', truth], check=True)
    records, failures = wire.read_truth(truth), []
    for version in 5, 9, 10:
        sockets = [wire.open_socket() for _ in FILTERS]
        sessions, over = [wire.Session(version) for _ in FILTERS], threading.Event()

        def read(s, session):
            s.settimeout(0.05)
            while True:
                ended = over.is_set()
                try:
                    session.feed(s.recv(65535))
                except socket.timeout:
                    if ended:
                        return

        threads = [threading.Thread(target=read, args=a) for a in zip(sockets, sessions)]
        for t in threads:
            t.start()
        command = [WEIR, '-r', capture, '-v', str(version), '--ledger', TMP + '/ledger']
        for i, s in enumerate(sockets):
            command += ['-n', '127.0.0.1:%d' % s.getsockname()[1], '--set', 'exporters[%d].filter=%s' % (i, FILTERS[i][0])]
        p = subprocess.run(command, stderr=subprocess.PIPE, timeout=100)
        over.set()
        for t in threads:
            t.join()
        if p.returncode or b'the ledger adds up' not in p.stderr:
            failures.append('v%d: %s' % (version, p.stderr.decode()))
        with open(TMP + '/ledger') as f:
            ledger = json.load(f)['flows']['collectors']
        for (text, takes), session, c in zip(FILTERS, sessions, ledger):
            want = [r for r in records if takes(r)]
            told = len([r for r in want if version != 5 or len(r.src) == 4])
            name = 'v%d, "%s", %d of %d records: ' % (version, text, len(want), len(records))
            if text and text != 'interface 77' and not 0 < len(want) < len(records):
                failures.append(name + 'it proves nothing')
            failures += [name + x for x in session.complaints[:3] + wire.compare(want, session.records, version)[:3]
                         if x != 'no record tells flowEndReason' or want]
            got = c['sent']['flows'], c['filtered']['flows'], c['lost']['flows'], c['not_exportable']['flows']
            if got != (told, len(records) - len(want), 0, len(want) - told):
                failures.append(name + 'the ledger has %s' % (got,))
            if c['filtered']['packets'] != sum(r.packets for r in records) - sum(r.packets for r in want):
                failures.append(name + 'the ledger has %d packets filtered' % c['filtered']['packets'])
    p = subprocess.run([WEIR, '-r', capture, '-n', '127.0.0.1:9', '--set', 'exporters[0].filter=tcp and prot 80'], stderr=subprocess.PIPE)
    if p.returncode != 1 or b'exporters[0].filter: "tcp and prot 80": "prot" is not known' not in p.stderr:
        failures.append('a wrong filter: %s' % p.stderr.decode())
    p = subprocess.run([WEIR, '-r', capture, '-n', '127.0.0.1:9', '--set', 'exporters[0].filter=interface nowhere0'], stderr=subprocess.PIPE)
    if p.returncode != 2 and p.returncode != 1 or b'"nowhere0" is no interface' not in p.stderr:
        failures.append('an unknown interface: %d %s' % (p.returncode, p.stderr.decode()))
    for f in failures[:20]:
        print('35-filter.py: FAILED: ' + f)
    print('35-filter.py: %d records, %d filters, %d failures' % (len(records), len(FILTERS), len(failures)))
    sys.exit(bool(failures))


main()
