#!/usr/bin/env python3
"""stream.py: a collector of IPFIX over TCP and TLS (RFC 7011 section 10.4), which may behave badly.

usage: stream.py [options] -- COMMAND...      {port} in COMMAND is replaced by a free loopback TCP port
       stream.py [options] --load FILE...     reads what each file has as one connection

  --truth FILE     compare record by record with what tests/gen wrote
  --v6             listen on ::1, not 127.0.0.1
  --close N        after N messages end the first connection as TCP means it: half-close, read to the end
  --kill N         after N messages of the first connection stop reading until nothing moves any more, and reset it
  --absent SECONDS listen so much later
  --away SECONDS   after the first connection listen to nobody for so long
  --connections N  so many must have been made (default 1)
  --tls FOLDER     speak TLS with collector.pem and collector.key of this folder, and trust its ca.pem
  --tls12          and no later than TLS 1.2
  --gaps N         so many records must be missing in the sequence numbers (default 0)
  --expect N       the command's exit status (default 0)
  --limit SECONDS  stop the command after that long (default 60)

Each connection is a transport session: templates of its own, once, and sequence numbers from 0. What was read of all
connections, and for --kill what lay unread in whole messages, must be the truth, each record once.
"""
import argparse
import fcntl
import os
import select
import socket
import ssl
import struct
import subprocess
import sys
import termios
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import wire


class Connection(wire.Session):
    """One transport session: octets in, records out."""
    counted = False  # what options data say was exported has been acknowledged, some of it over other connections

    def __init__(self):
        super().__init__(10)
        self.rest, self.messages, self.gaps = b'', 0, 0

    def octets(self, b):
        self.rest += b
        while len(self.rest) >= 4:
            length = wire.number(self.rest[2:4])
            if length < 16:
                return self.complain('message of %d octets' % length)
            if len(self.rest) < length:
                return
            self.messages += 1
            self.feed(self.rest[:length])
            self.rest = self.rest[length:]

    def sequence(self, key, got, step):
        missing = got - self.data_sequence.get(key, 0) & 0xffffffff
        if missing < 1 << 31:
            self.gaps += missing
            self.data_sequence[key] = got
        super().sequence(key, got, step)

    def define(self, version, domain, ident, layout, seconds):
        if (version, domain, ident) in self.templates:
            self.complain('template %d a second time' % ident)
        super().define(version, domain, ident, layout, seconds)


class Collector:
    connection = Connection  # what is made of each

    def __init__(self, a):
        self.a, self.connections, self.lost, self.refused, self.over = a, [], None, [], False
        self.listener = self.open_listener(0)
        self.port = self.listener.getsockname()[1]
        self.context = tls_context(a.tls, a.tls12) if a.tls else None

    def open_listener(self, port):
        listener = socket.socket(socket.AF_INET6 if self.a.v6 else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.a.kill:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        listener.bind(('::1' if self.a.v6 else '127.0.0.1', port))
        return listener

    def serve(self):
        if self.a.absent:
            time.sleep(self.a.absent)
        self.listener.listen()
        while True:
            ready, _, _ = select.select([self.listener], [], [], 0.05)
            if ready:
                s = self.listener.accept()[0]
                away = self.a.away and not self.connections
                if away:
                    self.listener.close()
                self.one(s)
                if away:
                    time.sleep(self.a.away)
                    self.listener = self.open_listener(self.port)
                    self.listener.listen()
            elif self.over:
                return

    def one(self, s):
        c, first = self.connection(), not self.connections
        if self.context:
            try:
                s = self.context.wrap_socket(s, server_side=True)
            except (ssl.SSLError, OSError) as e:
                self.refused.append(str(e))
                return
        self.connections.append(c)
        with s:
            self.read(s, c, first)
        if c.rest and not (first and self.a.kill):
            c.complain('the connection ended inside a message')

    def read(self, s, c, first):
        closed = False
        while True:
            try:
                b = s.recv(1000 if first and self.a.kill else 65536)
            except (ssl.SSLError, ConnectionError):
                return
            if not b:
                return
            c.octets(b)
            if first and self.a.close and c.messages >= self.a.close and not closed:
                socket.socket.shutdown(s, socket.SHUT_WR)
                closed = True
            if first and self.a.kill and c.messages >= self.a.kill:
                return self.stop_reading(s, c)

    def stop_reading(self, s, c):
        """What the kernel has acknowledged and nobody read, once its buffer is full."""
        before, since = -1, time.monotonic()
        while time.monotonic() - since < 1:
            waiting = struct.unpack('i', fcntl.ioctl(s, termios.FIONREAD, b'\0' * 4))[0]
            if waiting != before:
                before, since = waiting, time.monotonic()
            time.sleep(0.02)
        self.lost = Connection()
        self.lost.templates, self.lost.template_times, self.lost.data_sequence = c.templates, c.template_times, c.data_sequence
        self.lost.octets(c.rest + s.recv(before, socket.MSG_PEEK))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


def tls_context(folder, tls12):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + '/collector.pem', folder + '/collector.key')
    context.load_verify_locations(folder + '/ca.pem')
    if tls12:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def arguments():
    a = argparse.ArgumentParser(usage=__doc__.replace('%', '%%'), add_help=False)
    a.add_argument('--truth')
    a.add_argument('--load', action='store_true')
    a.add_argument('--tls')
    a.add_argument('--v6', action='store_true')
    a.add_argument('--tls12', action='store_true')
    for text in ('--close', '--kill', '--expect', '--gaps'):
        a.add_argument(text, type=int, default=0)
    a.add_argument('--absent', type=float, default=0)
    a.add_argument('--away', type=float, default=0)
    a.add_argument('--connections', type=int, default=1)
    a.add_argument('--limit', type=float, default=60)
    a.add_argument('command', nargs='+')
    return a.parse_args()


def run(collector, command, limit):
    """Returns the exit status, when all that was sent has been read."""
    thread = threading.Thread(target=collector.serve, daemon=True)
    thread.start()
    p = subprocess.Popen([w.replace('{port}', str(collector.port)) for w in command], stdin=subprocess.DEVNULL)
    try:
        status = p.wait(limit)
    except subprocess.TimeoutExpired:
        p.kill()
        status = 'none, it was stopped after %g s' % limit
    collector.over = True
    thread.join(10)
    return status


def main():
    a = arguments()
    collector = Collector(a)
    if a.load:
        status = a.expect
        for name in a.command:
            collector.connections.append(Connection())
            collector.connections[-1].octets(open(name, 'rb').read())
            if collector.connections[-1].rest:
                collector.connections[-1].complain('%s ends inside a message' % name)
    else:
        status = run(collector, a.command, a.limit)
    connections, wrong = collector.connections, []
    records = [r for c in connections for r in c.records]
    for i, c in enumerate(connections):
        wrong += ['connection %d: %s' % (i, w) for w in c.complaints]
    if collector.lost:
        records += collector.lost.records
        if not collector.lost.records:
            wrong.append('nothing lay unread when the connection was reset')
    gaps = sum(c.gaps for c in connections)
    if gaps != a.gaps:
        wrong.append('%d records are missing in the sequence, not %d' % (gaps, a.gaps))
    if len(connections) < a.connections:
        wrong.append('%d connections, not %d; %s' % (len(connections), a.connections, collector.refused))
    if a.truth:
        wrong += wire.compare(wire.read_truth(a.truth), records, 10)
    if status != a.expect:
        wrong.append('exit status %s' % status)
    wire.report('differences', wrong)
    print('%s %d connections, %d messages, %d records, %d of them lay unread' % (
        'FAILED' if wrong else 'ok', len(connections), sum(c.messages for c in connections), len(records),
        len(collector.lost.records) if collector.lost else 0))
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    main()
