#!/usr/bin/env python3
"""nat.py echo ADDRESS PORT               says "ready" and answers each datagram and each connection's octets
nat.py ask COUNT FROM FROM-PORT TO TO-PORT as many datagrams, an answer to each
nat.py burst COUNT FIRST FROM TO TO-PORT   a datagram from each of so many ports from the first one on
nat.py tcp FROM FROM-PORT TO TO-PORT       a connection: some octets and back
nat.py ping FROM TO ID                     ICMP echo, with its answer
nat.py judge WITNESS FROM-LINE RECORDS.json [EVENTS:VERSION...]

What translated traffic needs, and what became of it: WITNESS is what conntrack(8) -E -o timestamp says. The
flow records' post-NAT elements are those of the connection at its time, and of connections that are not
translated zeros; events are those of the lines from FROM-LINE on, in their order.
"""
import json
import re
import socket
import struct
import sys
import threading


def bound(address, port, kind=socket.SOCK_DGRAM):
    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, int(port)))
    return s


def echo(address, port):
    def connections(listener):
        while True:
            s, _ = listener.accept()
            while octets := s.recv(4096):
                s.sendall(octets)
            s.close()
    listener = bound(address, port, socket.SOCK_STREAM)
    listener.listen()
    threading.Thread(target=connections, args=(listener,), daemon=True).start()
    s = bound(address, port)
    print('ready', flush=True)
    while True:
        octets, who = s.recvfrom(4096)
        s.sendto(octets, who)


def ask(count, source, source_port, to, port):
    s = bound(source, source_port)
    s.settimeout(5)
    for _ in range(int(count)):
        s.sendto(bytes(100), (to, int(port)))
        s.recvfrom(4096)


def burst(count, start, source, to, port):
    for n in range(int(count)):
        bound(source, int(start) + n).sendto(bytes(100), (to, int(port)))


def tcp(source, source_port, to, port):
    s = bound(source, source_port, socket.SOCK_STREAM)
    s.settimeout(5)
    s.connect((to, int(port)))
    s.sendall(bytes(100))
    left = 100
    while left:
        left -= len(s.recv(left))
    s.close()


def ping(source, to, number):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    s.bind((source, 0))
    s.settimeout(5)
    words = [8 << 8, 0, int(number), 1]
    total = sum(words)
    words[1] = ~(total + (total >> 16)) & 0xffff
    s.sendto(struct.pack('!4H', *words), (to, 0))
    while s.recv(4096)[20] != 0:
        pass


PROTOCOLS = {'udp': 17, 'tcp': 6, 'icmp': 1}


class Connection:
    def __init__(self, line):
        self.time, self.kind, name = re.match(r'\s*\[([\d.]+)\s*\]\s*\[(\w+)\]\s*(?:ipv\d\s+\d+\s+)?(\w+)', line).groups()
        self.time, self.protocol = float(self.time), PROTOCOLS.get(name)
        found = re.findall(r'\b(src|dst|sport|dport|type|code|id)=(\S+)', line)
        self.ends = []
        for key, value in found:
            if key == 'src':
                self.ends.append({})
            self.ends[-1][key] = value
        self.key = tuple(sorted(self.ends[0].items())), tuple(sorted(self.ends[1].items()))
        self.over = None

    def ports(self, side):
        e = self.ends[side]
        if 'type' in e:
            return 0, int(e['type']) << 8 | int(e['code'])
        return int(e['sport']), int(e['dport'])

    def seen(self, side):
        """Of its packets of a side: source, destination, ports; and what they are behind the host."""
        e, o = self.ends[side], self.ends[1 - side]
        other = (0, 0) if 'type' in e else self.ports(1 - side)[::-1]
        return (e['src'], e['dst'], *self.ports(side)), (o['dst'], o['src'], *other)

    def translated(self):
        a, b = self.ends
        return (a['src'], a['dst']) != (b['dst'], b['src']) or \
            ('sport' in a and (a['sport'], a['dport']) != (b['dport'], b['sport']))


def witness(name, start):
    alive, connections, events = {}, [], []
    for n, line in enumerate(open(name), 1):
        if not re.search(r'\[(NEW|DESTROY)\]', line):
            continue
        c = Connection(line)
        if c.protocol is None or not c.translated():
            continue
        if n >= start:
            events.append((c.kind, c))
        if c.kind == 'NEW':
            alive[c.key] = c
            connections.append(c)
        elif c.key in alive:
            alive.pop(c.key).over = c.time
    return connections, events


def first(r, *names):
    return next((r[n] for n in names if n in r), None)


ENDS = (('sourceIPv4Address', 'sourceIPv6Address'), ('destinationIPv4Address', 'destinationIPv6Address'))
POST = (('postNATSourceIPv4Address', 'postNATSourceIPv6Address'),
        ('postNATDestinationIPv4Address', 'postNATDestinationIPv6Address'),
        ('postNAPTSourceTransportPort',), ('postNAPTDestinationTransportPort',))


def time_of(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def judge_records(name, connections):
    wrong, told = 0, set()  # conntrack(8) tells the time when it prints, which may be late
    for line in open(name):
        r = json.loads(line)
        key = tuple(first(r, *n) for n in ENDS)
        if r['protocolIdentifier'] == 1:
            key += 0, first(r, 'icmpTypeCodeIPv4')
        else:
            key += r.get('sourceTransportPort'), r.get('destinationTransportPort')
        begin, end = time_of(r['flowStartMilliseconds']), time_of(r['flowEndMilliseconds'])
        got = tuple(first(r, *n) for n in POST)
        candidates = [(c, side) for c in connections for side in (0, 1)
                      if c.protocol == r['protocolIdentifier'] and c.seen(side)[0] == key and
                      c.time <= end + 1.5 and (c.over is None or c.over >= begin - 0.002)]
        # by chance the kernel may give one burst's connection a port that it gave one of the burst before
        told |= {(c.key, c.time, side) for c, side in candidates if c.seen(side)[1] == got}
        want = [c.seen(side)[1] for c, side in candidates] or [('::' if ':' in key[0] else '0.0.0.0',) * 2 + (0, 0)]
        if got not in want:
            if wrong < 5:
                print(f'a flow {key} from {begin} to {end} has {got}, conntrack {want}')
            wrong += 1
    sides = sum(1 + any(t[0] == c.key and t[2] == 1 for t in told) for c in connections)
    missing = [c.seen(0)[0] for c in connections if (c.key, c.time, 0) not in told]
    if missing:
        print(f'no flow records of {missing[:5]}: {len(missing)} connections')
    print(f'{len(told)} of {sides} sides of translated connections told')
    return wrong or missing


def judge_events(name, version, want):
    kinds = {'NEW': (1, 4), 'DESTROY': (2, 5)}
    got = {4: [], 6: []}
    for line in open(name):
        r = json.loads(line)
        if 'natEvent' not in r:
            continue
        key = tuple(first(r, *n) for n in ENDS) + (r['sourceTransportPort'], r['destinationTransportPort'])
        got[6 if ':' in key[0] else 4].append(
            (r['natEvent'], r['protocolIdentifier'], key, tuple(first(r, *n) for n in POST), r['observationTimeMilliseconds']))
    wrong = 0
    for family in got:
        expected = []
        for kind, c in want:
            if (':' in c.ends[0]['src']) != (family == 6):
                continue
            key, after = c.seen(0)
            if 'id' in c.ends[0]:
                key = key[:2] + (int(c.ends[0]['id']),) + key[3:]
            expected.append((kinds[kind][version == 10 and family == 4], c.protocol, key, after, c.time))
        print(f'{name}: IPv{family}: {len(got[family])} events')
        if [e[:4] for e in got[family]] != [e[:4] for e in expected]:
            wrong += 1
            print(f'{name}: IPv{family}: not the {len(expected)} events of conntrack:')
            for a, b in zip(got[family] + [None] * len(expected), expected + [None] * len(got[family])):
                if (a and a[:4]) != (b and b[:4]):
                    print(f'    {a}, not {b}')
                    break
        for a, b in zip(got[family], expected):
            if abs(time_of(a[4]) - b[4]) > 1.5:
                wrong += 1
                print(f'an event at {a[4]}, not {b[4]}')
    return wrong


if sys.argv[1] != 'judge':
    {'echo': echo, 'ask': ask, 'burst': burst, 'tcp': tcp, 'ping': ping}[sys.argv[1]](*sys.argv[2:])
else:
    connections, events = witness(sys.argv[2], int(sys.argv[3]))
    bad = judge_records(sys.argv[4], connections)
    for argument in sys.argv[5:]:
        name, version = argument.rsplit(':', 1)
        bad = judge_events(name, int(version), events) or bad
    sys.exit(bool(bad))
