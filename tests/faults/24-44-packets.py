#!/usr/bin/env python3
# run.sh: computes
"""Packets that mean no good (30 to 43) and short snapshots (24): each frame is in one flow or ignored for the reason that
is written here, never both, with the octets of its IP header; whether tunnels are entered or not. What decoders make of
every octet that is damaged is check_packet_damage.c and 30-damage.sh (44)."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from capture import *

DEEP = 100
GRE, IPIP, SIXIN4, ESP, SCTP, DCCP = 47, 4, 41, 50, 132, 33


def chain(*headers):
    """An IPv6 packet of these (number, octets), the last one a protocol's."""
    octets = b''
    for i in range(len(headers) - 1, -1, -1):
        number, body = headers[i]
        following = headers[i + 1][0] if i + 1 < len(headers) else None
        octets = (body if following is None else bytes([following]) + body[1:]) + octets
    return ethernet(ipv6(octets, proto=headers[0][0]), 0x86dd)


def extension(length=0, octets=None):
    return octets or bytes([59, length]) + bytes(6 + 8 * length)


def mpls(labels, bottom=True):
    return b''.join(struct.pack('!I', (100 + i) << 12 | (bottom and i == labels - 1) << 8 | 64) for i in range(labels))


def nested(depth, around, inner):
    for _ in range(depth):
        inner = around(inner)
    return inner


def gre(packet, flags=0, more=b'', kind=0x800):
    return ipv4(struct.pack('!HH', flags, kind) + more + packet, proto=GRE)


def vxlan(packet):
    return ipv4(udp(struct.pack('!II', 8 << 24, 5 << 8) + ethernet(packet), dport=4789))


def geneve(packet, options=0):
    return ipv4(udp(struct.pack('!BBHI', options, 0, 0x6558, 5 << 8) + bytes(4 * options) + ethernet(packet), dport=6081))


U, ARP, LLDP = udp(), 0x806, 0x88cc
HBH, DEST, ROUTE, FRAG, AH, NONE = (0, extension()), (60, extension()), (43, extension()), (44, bytes([0, 0, 0, 0, 0, 0, 0, 9])), (51, extension()), (59, b'')
FLOW = None  # it is metered
CASES = [
    # 30: headers that contradict themselves
    ('version 0', ethernet(ipv4(U, version=0)), 'ip-version 0'), ('version 6 in 0x0800', ethernet(ipv4(U, version=6)), 'ip-version 6'),
    ('version 4 in 0x86dd', ethernet(ipv4(U), 0x86dd), 'ip-version 4'), ('IHL 0', ethernet(ipv4(U, ihl=0)), 'ip4-ihl 0'), ('IHL 4', ethernet(ipv4(U, ihl=4)), 'ip4-ihl 4'),
    ('IHL 15, 20 octets', ethernet(ipv4(b'', ihl=15)), 'ip4-options-cut'), ('total length 19', ethernet(ipv4(U, length=19)), 'ip4-total-length'),
    ('total length 1', ethernet(ipv4(U, length=1)), 'ip4-total-length'), ('total length below IHL', ethernet(ipv4(U, ihl=7, length=24)), 'ip4-total-length'),
    ('19 octets', ethernet(ipv4()[:19]), 'ip4-short'), ('39 octets of IPv6', ethernet(ipv6()[:39], 0x86dd), 'ip6-short'), ('no octet', ethernet(b''), 'ip-empty'),
    # 31, 32: lengths
    ('total length 0', ethernet(ipv4(U, length=0)), FLOW), ('payload length 0', ethernet(ipv6(U + bytes(92), length=0), 0x86dd), FLOW),
    ('a length beyond the frame', ethernet(ipv4(U, length=65535)), FLOW), ('padding', ethernet(ipv4(U)) + bytes(18), FLOW),
    # 33: options
    *[('option %d of length %d' % (kind, length), ethernet(ipv4(U, ihl=7, options=bytes([kind, length, 0, 0, 0, 0, 0, 0]))), FLOW)
      for kind in (0, 1, 7, 68, 130, 131, 136, 137, 148, 255) for length in (0, 1, 2, 8, 9, 255)],
    # 34: fragments
    ('a tiny first fragment', ethernet(ipv4(U[:4], fragment=0x2000, ident=9)), FLOW), ('its next', ethernet(ipv4(bytes(8), fragment=1, ident=9)), FLOW),
    ('a later fragment alone', ethernet(ipv4(bytes(8), fragment=100, ident=10)), FLOW), ('overlapping', ethernet(ipv4(bytes(64), fragment=0x2001, ident=9)), FLOW),
    ('a fragment beyond 64 KB', ethernet(ipv4(bytes(64), fragment=0x1fff, ident=11)), FLOW),
    # 35: chains of IPv6
    *[('%d headers' % n, chain(*[DEST] * n, (17, U)), FLOW) for n in (8, 50, 150)], ('hop-by-hop not first', chain(DEST, HBH, (17, U)), FLOW),
    ('routing type 0', chain((43, bytes([59, 2, 0, 1]) + bytes(20)), (17, U)), FLOW), ('AH', chain((51, bytes([59, 4]) + bytes(22)), (17, U)), FLOW),
    ('ESP', chain((ESP, bytes(16))), FLOW), ('no next header', chain(NONE), FLOW), ('fragment in fragment', chain(FRAG, FRAG, (17, U)), FLOW),
    ('an unknown header', chain((253, bytes(8))), FLOW), ('a header longer than the packet', chain((60, bytes([17, 255]) + bytes(6))), FLOW),
    # 36, 37: labels and tags
    *[('%d labels' % n, ethernet(mpls(n) + ipv4(U), 0x8847), FLOW) for n in (1, 10, 11)], ('300 labels', ethernet(mpls(300) + ipv4(U), 0x8847), ...),
    ('no bottom of stack', ethernet(mpls(3, bottom=False), 0x8847), 'link-short'), ('a pseudowire', ethernet(mpls(2) + bytes(4) + ethernet(ipv4(U)), 0x8847), ...),
    *[('%d tags %04x' % (n, tpid), ethernet(ipv4(U), tags=struct.pack('!HH', tpid, 7) * n), FLOW) for tpid in (0x8100, 0x88a8, 0x9100) for n in (1, 2, 100)],
    ('tag 0', ethernet(ipv4(U), tags=b'\x81\0\0\0'), FLOW), ('a tag and no more', ethernet(b'', tags=b'\x81\0\0\0')[:16], ...),
    # 38: tunnels, in one another
    *[('GRE, flags %04x' % (bit << 12), ethernet(gre(ipv4(U), bit << 12, bytes(4 * bin(bit).count('1')))), FLOW) for bit in range(16)],
    ('GRE with routing that loops', ethernet(gre(b'', 0x4000, bytes(4) + b'\0\0\0\0' * 8)), FLOW),
    *[('%s, %d deep' % (name, DEEP), ethernet(nested(DEEP, around, ipv4(U))), FLOW) for name, around in (
        ('IP in IP', lambda p: ipv4(p, proto=IPIP)), ('GRE', gre), ('VXLAN', vxlan), ('GENEVE', geneve))],
    ('GENEVE, 63 words of options', ethernet(geneve(ipv4(U), 63)), FLOW), ('GENEVE, options that are not there', ethernet(ipv4(udp(struct.pack('!BBHI', 63, 0, 0x6558, 5), dport=6081))), FLOW),
    ('6in4', ethernet(ipv4(ipv6(U), proto=SIXIN4)), FLOW), ('GTP-U with extensions that do not end', ethernet(ipv4(udp(b'\x34\xff\0\x10\0\0\0\1\0\0\0\x85' + b'\1\0\0\x85' * 3, dport=2152))), FLOW),
    ('GTP-U extension of length 0', ethernet(ipv4(udp(b'\x34\xff\0\x10\0\0\0\1\0\0\0\x85' + b'\0\0\0\x85' * 3, dport=2152))), FLOW),
    ('L2TP with an offset of 64 KB', ethernet(ipv4(udp(b'\2\2\0\1\0\1\xff\xff\xff\3\0\x21', dport=1701))), FLOW), ('Teredo', ethernet(ipv4(udp(ipv6(U), dport=3544))), FLOW),
    ('PPPoE', ethernet(b'\x11\0\0\1' + struct.pack('!HH', 2 + 28, 0x21) + ipv4(U), 0x8864), FLOW),
    # 39 to 41: transports
    *[('TCP data offset %d' % n, ethernet(ipv4(tcp(offset=n), proto=6)), FLOW) for n in range(16)],
    *[('TCP flags %02x' % flags, ethernet(ipv4(tcp(flags=flags), proto=6)), FLOW) for flags in (0, 3, 0x29, 0x3f, 0x20, 0xff)],
    *[('TCP option %d of length %d' % (kind, n), ethernet(ipv4(tcp(offset=6, options=bytes([kind, n, 0, 0])), proto=6)), FLOW) for kind in (0, 2, 5, 8, 30, 255) for n in (0, 1, 255)],
    *[('UDP length %d' % n, ethernet(ipv4(udp(length=n))), FLOW) for n in (0, 7, 8, 9, 65535)], ('UDP of 4 octets', ethernet(ipv4(U[:4])), FLOW),
    *[('protocol %d, %d octets' % (proto, n), ethernet(ipv4(bytes(n), proto=proto)), FLOW) for proto in (0, 1, 6, 17, 33, 58, 132, 136, 255) for n in (0, 1, 3, 8)],
    ('an ICMP error with half a header', ethernet(ipv4(b'\3\4\0\0\0\0\5\0' + ipv4(U)[:10], proto=1)), FLOW),
    # 42: no IP
    ('ARP', ethernet(bytes(46), ARP), '0x0806'), ('LLDP', ethernet(bytes(46), LLDP), '0x88cc'), ('STP', ethernet(b'\x42\x42\3' + bytes(35), 38), 'llc'),
    ('802.3 without LLC', ethernet(b'', 46), ...), ('SNAP', ethernet(b'\xaa\xaa\3\0\0\0\x08\0' + ipv4(U), 36), FLOW), ('half an Ethernet header', ethernet(b'')[:9], ...), ('an empty frame', b'', ...),
    # 43: addresses and ports
    *[('%08x to %08x' % pair, ethernet(ipv4(U, src=pair[0], dst=pair[1])), FLOW) for pair in (
        (0x7f000001, 0x7f000001), (0xe0000001, 0xffffffff), (0, 0), (0x0a000001, 0x0a000001))], ('port 0', ethernet(ipv4(udp(sport=0, dport=0))), FLOW),
]


def octets_of(frame):
    """What flow rule 2 makes of an Ethernet frame of IPv4 without tags; None: of no other."""
    if frame[12:14] != b'\x08\0' or len(frame) < 34:
        return None
    length = struct.unpack_from('!H', frame, 16)[0]
    return length or len(frame) - 14


def one_by_one(mode, more):
    """Each frame on its own, so that nothing hides behind another."""
    for name, frame, want in CASES:
        run = weir(pcap('one.pcap', [(START, frame, max(len(frame), 1))]), *mode, *more)
        packets = run.ledger['packets']
        check('%s: seen' % name, packets['seen']['frames'], 1)
        check('%s: metered and ignored' % name, packets['metered']['frames'] + packets['ignored']['frames'], 1)
        check('%s: records' % name, len(run.records), packets['metered']['frames'])
        why = ' '.join(row['text'] for row in packets['ignored']['by'])
        if want is FLOW and why or isinstance(want, str) and want not in why:
            bad('%s: %s, not %s' % (name, why or 'it is a flow', want or 'a flow'))
        if not mode and run.records and octets_of(frame):
            check('%s: octets' % name, run.records[0]['octetDeltaCount'], octets_of(frame))


def together(mode, more):
    """All of them, and all of them at every length that a snapshot may have: as many as there are, each once."""
    whole = weir(pcap('all.pcap', [(START, frame) for _, frame, _ in CASES if frame]), *mode, *more)
    metered = whole.ledger['packets']['metered']['frames']
    for snaplen in 64, 34, 14, 13, 1:
        frames = [(START, frame[:snaplen], len(frame)) for _, frame, _ in CASES if frame]
        run = weir(pcap('cut.pcap', frames), *mode, *more)
        packets = run.ledger['packets']
        check('snapshots of %d: seen' % snaplen, packets['seen'], whole.ledger['packets']['seen'])
        if packets['metered']['frames'] > metered:
            bad('snapshots of %d: %d packets, more than %d of whole frames' % (snaplen, packets['metered']['frames'], metered))
        if snaplen == 34 and any(r['sourceTransportPort'] or r['destinationTransportPort'] for r in run.records if 'sourceTransportPort' in r):
            bad('snapshots of 34 have no ports, but a record has')
        if snaplen < 34 and run.records:
            bad('snapshots of %d: %s' % (snaplen, run.records[0]))
    full = [(START, ethernet(ipv4(udp(bytes(1000)))))]
    cut = [(t, f[:34], len(f)) for t, f in full]
    check('octets of a snapshot', weir(pcap('cut.pcap', cut)).records[0]['octetDeltaCount'], 1028)


for mode in [], ['--set', 'cache.decapsulate=inner']:
    together(mode, [])
together([], ['--set', 'cache.record=security'])
together([], ['--set', 'cache.record=tunnel'])
one_by_one([], [])
print('%d frames' % len(CASES))
finish()
