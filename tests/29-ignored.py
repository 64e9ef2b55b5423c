#!/usr/bin/env python3
# run.sh: computes
"""What the Metering Process ignored, as options data tell it at the end (RFC 7011 section 4.2): malformed IPv4 packets
count, with their frames' octets and the times of the first and the last; ARP does not, for it is no IP packet."""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import wire

WEIR = os.environ.get('WEIR', HERE + '/../weir')
TMP = os.environ.get('TMP', '/tmp')
START = 1700000000


def frame(ethertype, packet):
    return b'\2\0\0\0\0\2\2\0\0\0\0\1' + struct.pack('!H', ethertype) + packet


def ipv4(length=28, ihl=5):
    return struct.pack('!BBHHHBBH4s4s', 0x40 | ihl, 0, length, 0, 0, 64, 17, 0, b'\xc0\0\2\1', b'\xc0\0\2\2') + struct.pack('!HHHH', 53, 53, 8, 0)


GOOD, ARP = frame(0x800, ipv4()), frame(0x806, bytes(28))
SHORT, IHL, LENGTH = frame(0x800, ipv4()[:12]), frame(0x800, ipv4(ihl=3)), frame(0x800, ipv4(length=10))


def capture(path, frames):
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for ms, octets in frames:
            f.write(struct.pack('<IIII', START + ms // 1000, ms % 1000 * 1000, len(octets), len(octets)) + octets)


def told(version, path, *more):
    """weir's last record of ignored packets: packets, octets, first, last in milliseconds after START; None: not told."""
    datagrams, status, err = wire.collect([WEIR, '-r', path, '-n', '127.0.0.1:{port}', '-v', str(version), *more], 30)
    session = wire.Session(version)
    for _, m in datagrams:
        session.feed(m)
    if status or session.complaints:
        sys.exit('29-ignored.py: FAILED: v%d: status %s: %s %s' % (version, status, session.complaints[:3], err))
    rows = [o for o in session.options if (0, 164) in o]
    if not rows:
        return None
    first, last = (wire.number(v) - START * 1000 for v in rows[-1][0, 323])
    return wire.number(rows[-1][0, 164][0]), wire.number(rows[-1][0, 165][0]), first, last


def main():
    if not os.access(WEIR, os.X_OK):
        print('29-ignored.py: skipped: there is no %s' % WEIR)
        return 77
    some, none = TMP + '/some.pcap', TMP + '/none.pcap'
    frames = [(0, GOOD), (10, ARP), (250, SHORT), (300, GOOD), (70000, IHL), (70500, LENGTH), (71000, ARP), (72000, GOOD)]
    capture(some, frames)
    capture(none, [(ms, f) for ms, f in frames if f in (GOOD, ARP)])
    never = -START * 1000
    want = [(some, (3, len(SHORT) + len(IHL) + len(LENGTH), 250, 70500), ()), (none, (0, 0, never, never), ()),
            (some, None, ('--set', 'exporters[0].options_data=false'))]
    wrong = 0
    for version in (9, 10):
        for path, due, more in want:
            got = told(version, path, *more)
            if got != due:
                print('29-ignored.py: FAILED: v%d %s: told %s, not %s' % (version, os.path.basename(path), got, due))
                wrong += 1
    if not wrong:
        print('29-ignored.py: ok')
    return wrong > 0


if __name__ == '__main__':
    sys.exit(main())
