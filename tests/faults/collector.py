#!/usr/bin/env python3
"""collector.py RESULT [options]: a collector of IPFIX, until SIGTERM; then it reads what is left.

  --address A   where it listens (127.0.0.1)
  --port N      and at which port (a free one, which is printed)
  --default     UDP: with as much room in the kernel as any socket has,
                and a processor when it needs one
  --tcp         over TCP
  --hold        TCP: nothing is read before SIGUSR1
  --small       TCP: with little room in the kernel

What comes is looked into at the end only, so that a flood finds a collector that reads. RESULT is JSON: flow records
("flows"), packets and octets that came; how many records are missing in the sequence numbers; what is wrong with
messages; what options data said last; records by end reason, ingress interface and VLAN; and the first thousand
records' time.time() of coming.
"""
import argparse
import collections
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wire

SILENCE = 0.3  # seconds
TOLD = {160: 'started', 164: 'ignored', 166: 'lost', 167: 'lost_packets', 168: 'lost_octets'}
SUMMED = {2: 'packets', 1: 'octets', 136: 'reason', 10: 'ingress', 58: 'vlan'}
FORMATS = {1: 'B', 2: 'H', 4: 'I', 8: 'Q'}


class Reader(wire.Session):
    """What one transport session said. Of flow records only what is SUMMED is read."""
    counted = False  # of what was lost on the way options data know nothing

    def __init__(self):
        super().__init__(10)
        self.flows, self.sums, self.missing, self.shapes = 0, collections.Counter(), 0, {}
        self.by = {name: collections.Counter() for name in ('reason', 'ingress', 'vlan')}
        self.told, self.names, self.order, self.when, self.times = {}, set(), [], 0, []

    def sequence(self, key, got, step):
        ahead = got - self.data_sequence.get(key, 0) & 0xffffffff
        if ahead < 1 << 31:
            self.missing += ahead
            self.data_sequence[key] = got
        super().sequence(key, got, step)

    def define(self, version, domain, ident, layout, seconds):
        self.order.append('template')
        super().define(version, domain, ident, layout, seconds)
        form, names = '!', []
        for pen, element, length in layout[0]:
            if pen == 0 and element in SUMMED:
                form, names = form + FORMATS[length], names + [SUMMED[element]]
            else:
                form += '%dx' % length
        self.shapes[domain, ident] = struct.Struct(form) if 65535 not in [f[2] for f in layout[0]] else None, names

    def data(self, version, domain, ident, b, boot, seconds):
        shape, names = self.shapes.get((domain, ident), (None, []))
        if not shape or self.templates[version, domain, ident][2]:
            return super().data(version, domain, ident, b, boot, seconds)
        count = len(b) // shape.size
        self.order.append('record')
        for values in shape.iter_unpack(b[:count * shape.size]):
            for name, value in zip(names, values):
                if name in self.by:
                    self.by[name][value] += 1
                else:
                    self.sums[name] += value
        self.padding(b[count * shape.size:], 4, 'data set %d' % ident)
        self.flows += count
        self.times += [self.when] * min(count, 1000 - len(self.times))
        return count

    def option(self, domain, values):
        super().option(domain, values)
        for ident, name in TOLD.items():
            if (0, ident) in values:
                self.told[name] = wire.number(values[0, ident][0])
        if (0, 82) in values:
            self.names.add(values[0, 82][0].rstrip(b'\0').decode(errors='replace'))

    def all(self, pieces):
        """Pieces are (time, octets) of whole messages, or of a stream of them."""
        rest = b''
        for self.when, octets in pieces:
            rest += octets
            while len(rest) >= 4 and len(rest) >= wire.number(rest[2:4]) >= 16:
                length = wire.number(rest[2:4])
                self.feed(rest[:length])
                rest = rest[length:]


class Collector:
    def __init__(self, a):
        self.tcp, self.over, self.held, self.streams, self.pieces = a.tcp, False, a.hold, {}, []
        family = socket.AF_INET6 if ':' in a.address else socket.AF_INET
        s = self.socket = socket.socket(family, socket.SOCK_STREAM if a.tcp else socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if a.small:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        elif not a.tcp and not a.default:
            s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        s.bind((a.address, a.port))
        if a.tcp:
            s.listen()
        else:
            self.pieces.append([])
            self.streams[s] = self.pieces[0]
        signal.signal(signal.SIGTERM, self.end)
        signal.signal(signal.SIGUSR1, self.go)
        print(s.getsockname()[1], flush=True)

    def end(self, *_):
        self.over, self.held = True, False

    def go(self, *_):
        self.held = False

    def accept(self):
        stream = self.socket.accept()[0]
        self.pieces.append([])
        self.streams[stream] = self.pieces[-1]

    def read(self, s):
        """All that is there."""
        while True:
            try:
                octets = s.recv(1 << 17, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except ConnectionError:
                octets = b''
            if not octets and self.tcp:
                s.close()
                del self.streams[s]
                return
            self.streams[s].append((time.time(), octets))

    def run(self):
        last = time.monotonic()
        while not self.over or time.monotonic() - last < SILENCE:
            wanted = ([self.socket] if self.tcp else []) + ([] if self.held else list(self.streams))
            for s in select.select(wanted, [], [], 0.05)[0]:
                if self.tcp and s is self.socket:
                    self.accept()
                else:
                    self.read(s)
                last = time.monotonic()

    def result(self):
        readers = [Reader() for _ in self.pieces]
        for reader, pieces in zip(readers, self.pieces):
            reader.all(pieces)
        by = {name: sum((r.by[name] for r in readers), collections.Counter()) for name in ('reason', 'ingress', 'vlan')}
        return {
            **{name: sum(r.sums[name] for r in readers) for name in ('packets', 'octets')}, **by,
            'flows': sum(r.flows for r in readers), 'missing': sum(r.missing for r in readers),
            'connections': len(readers), 'messages': sum(r.counts['datagrams'] for r in readers),
            'complaints': [w for r in readers for w in r.complaints if 'sequence number' not in w][:20],
            'told': {k: v for r in readers for k, v in r.told.items()}, 'names': sorted(set().union(*(r.names for r in readers))),
            'times': [t for r in readers for t in r.times], 'order': [o for r in readers for o in r.order][:20],
        }


def main():
    a = argparse.ArgumentParser(usage=__doc__)
    a.add_argument('result')
    a.add_argument('--address', default='127.0.0.1')
    a.add_argument('--port', type=int, default=0)
    for flag in ('--default', '--tcp', '--hold', '--small'):
        a.add_argument(flag, action='store_true')
    a = a.parse_args()
    gc.disable()
    if a.default and os.geteuid() == 0:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    c = Collector(a)
    c.run()
    with open(a.result + '.new', 'w') as f:
        json.dump(c.result(), f)
    os.rename(a.result + '.new', a.result)


main()
