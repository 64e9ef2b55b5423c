#!/usr/bin/env python3
"""refuse.py WEIR CAPTURE TRUTH VERSION OPTIONS...: sends the exporter ICMP port-unreachable messages about its own
datagrams while the collector is there and listening. The kernel reports such a message at the next send,
which then sends nothing: an exporter has to send again. The capture goes in piece by piece through a pipe,
one refusal before each piece. Exit 0 if every record arrives."""
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import wire

weir, capture, truth, version = sys.argv[1:5]
collector = wire.open_socket()
port = collector.getsockname()[1]
collector.settimeout(0.02)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
loopback = socket.inet_aton('127.0.0.1')


def refuse(source):
    quoted = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 128, 1, 0x4000, 64, 17, 0, loopback, loopback)
    quoted += struct.pack('!HHHH', source, port, 108, 0)
    total = sum(struct.unpack('!%dH' % (len(quoted) // 2), quoted)) + 0x0303
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    raw.sendto(struct.pack('!BBHI', 3, 3, ~total & 0xffff, 0) + quoted, ('127.0.0.1', 0))


session, source, refusals = wire.Session(int(version)), None, 0
p = subprocess.Popen([weir, '-r', '-', '-n', '127.0.0.1:%d' % port, '-v', version, *sys.argv[5:]],
                     stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def drain():
    global source
    while True:
        try:
            m, (_, source) = collector.recvfrom(65535)
        except socket.timeout:
            return
        session.feed(m)


with open(capture, 'rb') as f:
    for piece in iter(lambda: f.read(65536), b''):
        if source:
            refuse(source)
            refusals += 1
        p.stdin.write(piece)
        p.stdin.flush()
        drain()
if source:
    refuse(source)
p.stdin.close()
while p.poll() is None:
    drain()
drain()
wrong = session.complaints + wire.compare(wire.read_truth(truth), session.records, int(version))
wire.report('differences', wrong)
print('%d refusals, %d datagrams, %d records, exit status %d' % (refusals, session.counts['datagrams'], len(session.records), p.returncode))
sys.exit(1 if wrong or p.returncode or refusals < 5 else 0)
