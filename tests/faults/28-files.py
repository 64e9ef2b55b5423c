#!/usr/bin/env python3
# run.sh: computes
"""Captures that are no captures (28): absurd headers, lengths and ends, other orders of octets, pipes, many interfaces
(25). What can be read is metered and told; the exit status is 2 where something could not, with a line that names the file."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from capture import *

FRAME = ethernet(ipv4(udp(bytes(100))))
GOOD = [(START + i, ethernet(ipv4(udp(bytes(100), sport=i)))) for i in range(20)]


def change(name, octets):
    """The good capture with these octets at these places, or cut there (None)."""
    b = bytearray(open(pcap('good.pcap', GOOD), 'rb').read())
    for place, value in octets:
        if value is None:
            del b[place:]
        else:
            b[place:place + len(value)] = value
    path = os.path.join(TMP, name + '.pcap')
    with open(path, 'wb') as f:
        f.write(b)
    return path


def expect(name, path, packets, status, **more):
    run = weir(path, status=status, **more)
    metered = run.ledger['packets']['metered']['frames'] if run.ledger else 0
    check('%s: packets' % name, metered, packets)
    if run.status and not (os.path.basename(path) in run.said or 'standard input' in run.said):
        bad('%s: the file is not named: %s' % (name, run.said))


record = 16 + len(FRAME)
third = 24 + 2 * record
long = struct.pack('<I', len(FRAME))
for name, octets, packets, status in (
        ('whole', [], 20, 0), ('no octet', [(0, None)], 0, 2), ('half a header', [(12, None)], 0, 2), ('a header', [(24, None)], 0, 0),
        ('another magic', [(0, b'\1\2\3\4')], 0, 2), ('version 9', [(4, b'\x09\0')], 0, 2),
        ('cut in a header', [(third + 8, None)], 2, 2), ('cut in a frame', [(third + 40, None)], 2, 2), ('cut between', [(third, None)], 2, 0),
        ('4 GB captured', [(third + 8, b'\xff\xff\xff\xff')], 2, 2), ('2 GB captured', [(third + 8, b'\0\0\0\x80')], 2, 2),
        ('4 GB on the wire', [(third + 12, b'\xff\xff\xff\xff')], 20, 0),
        ('more captured than there was', [(third + 12, b'\1\0\0\0')], 20, 0),
        ('a snapshot of 1', [(16, b'\1\0\0\0')], (0, 20), (0, 2)), ('a snapshot of 0', [(16, bytes(4))], 20, 0), ('a snapshot of 4 GB', [(16, b'\xff' * 4)], 20, 0),
        ('an unknown link type', [(20, b'\xe7\3\0\0')], 0, 0), ('raw IP that is Ethernet', [(20, b'\x65\0\0\0')], 0, 0)):
    path = change(name.replace(' ', '-'), octets)
    if isinstance(packets, tuple):
        run = weir(path, status=status)
        if run.ledger and run.ledger['packets']['metered']['frames'] not in packets:
            bad('%s: %s' % (name, run.ledger['packets']))
    else:
        expect(name, path, packets, status)

for order in '<', '>':
    for nanoseconds in True, False:
        expect('order %s' % order, pcap('order.pcap', GOOD, order=order, nanoseconds=nanoseconds), 20, 0)
with open(pcap('good.pcap', GOOD), 'rb') as f:
    expect('standard input', '-', 20, 0, stdin=f)
os.mkfifo(TMP + '/fifo')
if os.fork() == 0:
    with open(TMP + '/fifo', 'wb') as f:
        f.write(open(TMP + '/good.pcap', 'rb').read())
    os._exit(0)
expect('a named pipe', TMP + '/fifo', 20, 0)
os.wait()

# pcapng: a hundred interfaces of one link type; one that is not there; blocks that lie about their length
frames = [(i % 100, START // 1000 + i, ethernet(ipv4(udp(sport=i)))) for i in range(300)]
expect('a hundred interfaces', pcapng('many.pcapng', [(1, 6)] * 100, frames), 300, 0)
expect('an interface that is not there', pcapng('none.pcapng', [(1, 6)], frames[:1] + frames[1:3]), 1, 2)
expect('a file without an interface', pcapng('bare.pcapng', [], []), 0, (0, 2))
b = bytearray(open(pcapng('lie.pcapng', [(1, 6)], [(0, 1, FRAME)] * 5), 'rb').read())
size = len(block(6, bytes(20) + FRAME))
for value in (0, 4, 11, size + 4, 0x7fffffff, 0xffffffff):
    lie = bytearray(b)
    struct.pack_into('<I', lie, len(b) - 2 * size + 4, value)
    open(TMP + '/lie.pcapng', 'wb').write(lie)
    expect('a block of %d octets' % value, TMP + '/lie.pcapng', 3, 2)
finish()
