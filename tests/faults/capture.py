"""For tests of faults that read a file: frames and captures made by hand, and what weir says of them."""
import collections
import json
import os
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WEIR = os.environ.get('WEIR', ROOT + '/weir')
TMP = os.environ.get('TMP', '/tmp')
NAME = os.path.basename(sys.argv[0])
START = 1700000000 * 10**9
failures = []


def bad(what):
    failures.append(what)
    print('%s: FAILED: %s' % (NAME, what))


def finish():
    if not failures:
        print('%s: ok' % NAME)
    sys.exit(bool(failures))


def check(what, got, want):
    if got != want:
        bad('%s: %s, not %s' % (what, got, want))


# ------------------------------------------------------------------------------------------------- frames
def ethernet(payload, ethertype=0x800, tags=b''):
    return b'\2\0\0\0\0\1\2\0\0\0\0\2' + tags + struct.pack('!H', ethertype) + payload


def ipv4(payload=b'', proto=17, src=0x0a000001, dst=0x0a000002, length=None, ihl=5, version=4, fragment=0, ident=1, options=b''):
    length = 20 + len(options) + len(payload) if length is None else length
    return struct.pack('!BBHHHBBHII', version << 4 | ihl, 0, length, ident, fragment, 64, proto, 0, src, dst) + options + payload


def ipv6(payload=b'', proto=17, length=None, src=1, dst=2):
    return (struct.pack('!IHBB', 6 << 28, len(payload) if length is None else length, proto, 64) +
            (0x20010db8 << 96 | src).to_bytes(16, 'big') + (0x20010db8 << 96 | dst).to_bytes(16, 'big') + payload)


def udp(payload=b'', sport=1000, dport=2000, length=None):
    return struct.pack('!HHHH', sport, dport, 8 + len(payload) if length is None else length, 0) + payload


def tcp(flags=0x10, sport=1000, dport=80, offset=5, options=b''):
    return struct.pack('!HHIIBBHHH', sport, dport, 1, 1, offset << 4, flags, 1024, 0, 0) + options


# ------------------------------------------------------------------------------------------------- captures
def pcap(name, frames, link=1, nanoseconds=True, order='<', snaplen=262144):
    """Frames are (time in ns, octets) or (time, octets, length on the wire)."""
    path = os.path.join(TMP, name)
    with open(path, 'wb') as f:
        f.write(struct.pack(order + 'IHHiIII', 0xa1b23c4d if nanoseconds else 0xa1b2c3d4, 2, 4, 0, 0, snaplen, link))
        for frame in frames:
            when, octets = frame[:2]
            part = when % 10**9 if nanoseconds else when % 10**9 // 1000
            f.write(struct.pack(order + 'IIII', when // 10**9 & 0xffffffff, part, len(octets),
                                frame[2] if len(frame) > 2 else len(octets)) + octets)
    return path


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack('<II', kind, 12 + len(body)) + body + struct.pack('<I', 12 + len(body))


def pcapng(name, interfaces, frames):
    """Interfaces are (link type, resolution as a power of ten); frames (interface, units of that, octets)."""
    path = os.path.join(TMP, name)
    with open(path, 'wb') as f:
        f.write(block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)))
        for link, resolution in interfaces:
            f.write(block(1, struct.pack('<HHIHHBxxxHH', link, 0, 262144, 9, 1, resolution, 0, 0)))
        for interface, units, octets in frames:
            f.write(block(6, struct.pack('<IIIII', interface, units >> 32 & 0xffffffff, units & 0xffffffff, len(octets), len(octets)) + octets))
    return path


# ------------------------------------------------------------------------------------------------- weir
Run = collections.namedtuple('Run', 'status ledger records said')


def weir(path, *options, status=0, stdin=None, limit=50):
    """weir over a file, records as JSON. Its exit status, and that the ledger adds up, is looked at here."""
    ledger = os.path.join(TMP, 'ledger')
    p = subprocess.run([WEIR, '-r', path, '-o', 'json', '--ledger', ledger, *options], stdin=stdin or subprocess.DEVNULL,
                       capture_output=True, timeout=limit)
    said = p.stderr.decode(errors='replace')
    name = '%s %s' % (os.path.basename(path), ' '.join(options))
    allowed = status if isinstance(status, tuple) else (status,)
    if p.returncode not in allowed:
        bad('%s: exit status %d: %s' % (name, p.returncode, said[-2000:]))
    if 'Sanitizer' in said or 'runtime error' in said:
        bad('%s: %s' % (name, said[-2000:]))
    ledger = json.load(open(ledger)) if os.path.exists(ledger) and os.path.getsize(ledger) else None
    records = [json.loads(line) for line in p.stdout.decode().splitlines()]
    if ledger:
        if not ledger['adds_up'] or 'the ledger adds up' not in said:
            bad('%s: the ledger does not add up: %s %s' % (name, ledger['wrong'], said))
        sums = sum(r['packetDeltaCount'] for r in records), sum(r['octetDeltaCount'] for r in records)
        exported = ledger['flows']['exported']
        if (len(records), *sums) != (exported['flows'], exported['packets'], exported['octets']):
            bad('%s: %d records of %d packets and %d octets, the ledger says %s' % (name, len(records), *sums, exported))
    return Run(p.returncode, ledger, records, said)
