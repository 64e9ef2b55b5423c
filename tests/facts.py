"""facts.py: what the frames of a capture say, for tests that compare weir's records with it.

Reads pcap, Ethernet with any 802.1Q tags and MPLS labels, IPv4 and IPv6 with their options and headers, TCP, UDP,
ICMP. It is written from the protocols' own documents and the rules in weir(8), and shares nothing with weir. What it
does not read (other links, frames that are not IP, cut headers) it leaves out: choose() writes a capture of the rest.
"""
import struct

TAGS = {0x8100, 0x88a8, 0x9100, 0x9200, 0x9300}
PORTED = {6, 17, 33, 132, 136}
# IANA, "ipv6ExtensionHeaders Bits"; the fragment header has one for the first fragment and one for the others
EXTENSION_BITS = {60: 0, 0: 1, 59: 2, 43: 5, 135: 12, 50: 13, 51: 14, 139: 16, 140: 17, 253: 18, 254: 19}
WALKED = {0, 43, 44, 60}


def be(b):
    return int.from_bytes(b, 'big')


class Facts:
    """One packet. Names are those of the information elements, as far as there is one."""

    def __init__(self, time, wire):
        self.time, self.frame = time, wire
        self.vlan = self.customer = (0, 0, 0)  # id, priority, drop eligible
        self.labels, self.depth = [b'\0' * 4] * 10, 0
        self.options4 = self.extensions = self.options = self.flow_label = 0
        self.complete = True
        self.ident = self.fragment_word = self.sport = self.dport = self.flags = 0
        self.seq = self.ack = self.window = self.urgent = self.tcp_header = 0
        self.icmp = self.later = self.first_fragment = False


def options(b, ends_at=0):
    """The types in a list of options as IPv4 and TCP have them."""
    found, at = [], 0
    while at < len(b):
        found.append(b[at])
        if b[at] == 0:
            break
        if b[at] == 1:
            at += 1
        elif at + 1 < len(b) and b[at + 1] >= 2:
            at += b[at + 1]
        else:
            break
    return found


def option4_bit(kind):
    """Of the 32 bits of ipv4Options: by octets, in each the lowest option number lowest."""
    number = kind & 31
    known = {0, 1, 130, 131, 68, 133, 134, 7, 136, 137, 10, 11, 12, 205, 142, 15, 144, 145, 82, 147, 148, 149, 150, 151,
             152, 25, 30, 94, 158, 222}
    return 1 << 31 - (number // 8 * 8 + 7 - number % 8) if kind in known else 0


def ethernet(f, b):
    """Returns the IP packet, or None."""
    if len(b) < 14:
        return None
    f.dst_mac, f.src_mac, kind, at = b[:6], b[6:12], be(b[12:14]), 14
    tags = 0
    while kind in TAGS:
        if len(b) < at + 4:
            return None
        tci = be(b[at:at + 2])
        tag = (tci & 0xfff, tci >> 13, tci >> 12 & 1)
        if not tags or not f.vlan[0]:  # a priority tag names no VLAN
            f.vlan, tags = tag, 1
        elif tags == 1:
            f.customer, tags = tag, 2
        kind, at = be(b[at + 2:at + 4]), at + 4
    f.ethertype = kind
    if kind in (0x8847, 0x8848):
        stack = []
        while not stack or not stack[-1][2] & 1:
            if len(b) < at + 4:
                return None
            stack.append(b[at:at + 4])
            at += 4
        f.depth = len(stack)
        f.labels = (stack + f.labels)[:10]
        kind = {4: 0x800, 6: 0x86dd}.get(b[at] >> 4 if at < len(b) else 0)
    f.from_ip = f.frame - at
    return (kind, b[at:]) if kind in (0x800, 0x86dd) else None


def ip4(f, b):
    """Returns what is behind the header, as far as it is inside the packet; None: not sound."""
    if len(b) < 20 or b[0] >> 4 != 4:
        return None
    head = (b[0] & 15) * 4
    length = be(b[2:4])
    if head < 20 or head > len(b) or 0 < length < head:
        return None
    f.version, f.ip_header, f.tos, f.ttl, f.proto = 4, head, b[1], b[8], b[9]
    f.octets = length or max(f.from_ip, head)
    f.ident, f.fragment_word = be(b[4:6]), be(b[6:8])
    f.src, f.dst = b[12:16], b[16:20]
    for kind in options(b[20:head]):
        f.options4 |= option4_bit(kind)
    f.fragment_proto = f.proto
    f.later = f.fragment_word & 0x1fff != 0
    f.first_fragment = not f.later and f.fragment_word & 0x2000 != 0
    return b[head:f.octets]


def ip6(f, b):
    if len(b) < 40 or b[0] >> 4 != 6:
        return None
    length, f.proto = be(b[4:6]), b[6]
    if not length and (f.proto == 0 or f.proto in (6, 17)):
        return None  # jumbograms and offload are other tests' matter
    f.version, f.ip_header, f.tos, f.ttl = 6, 40, be(b[0:2]) >> 4 & 255, b[7]
    f.octets, f.flow_label = 40 + length, be(b[:4]) & 0xfffff
    f.src, f.dst = b[8:24], b[24:40]
    rest = b[40:f.octets]
    while f.proto in WALKED:
        size = 8 if f.proto == 44 else 8 * (rest[1] + 1) if len(rest) > 1 else 8
        if len(rest) < max(size, 2):
            f.complete = False
            return b''
        if f.proto == 44:
            word, f.ident = be(rest[2:4]), be(rest[4:8])
            f.later, f.first_fragment = word >> 3 != 0, word >> 3 == 0 and word & 1 == 1
            f.extensions |= 1 << (6 if f.later else 4)
            f.fragment_word = word >> 3 | (word & 1) << 13
            f.proto = f.fragment_proto = rest[0]
            if f.later:
                return b''
        else:
            f.extensions |= 1 << EXTENSION_BITS[f.proto]
            f.proto = rest[0]
        rest = rest[size:]
    f.extensions |= 1 << EXTENSION_BITS[f.proto] if f.proto in EXTENSION_BITS else 0
    return rest


def transport(f, b):
    """False: a header that is cut."""
    if f.later or not f.complete:
        return True
    if f.proto == 6:
        if len(b) < 20:
            return False
        f.sport, f.dport, f.seq, f.ack = struct.unpack('!HHII', b[:12])
        f.flags, f.window, f.urgent = be(b[12:14]) & 0xfff, be(b[14:16]), be(b[18:20])
        f.tcp_header = max(20, (b[12] >> 4) * 4)
        for kind in options(b[20:f.tcp_header]):
            f.options |= 1 << kind if kind < 64 else 0
    elif f.proto in PORTED:
        if len(b) < 4:
            return False
        f.sport, f.dport = be(b[:2]), be(b[2:4])
    elif f.proto == (1 if f.version == 4 else 58):
        if len(b) < 2:
            return False
        f.dport = be(b[:2])
    return True


def read_frame(time, wire, b):
    f = Facts(time, max(wire, len(b)))
    inside = ethernet(f, b)
    if not inside:
        return None
    rest = (ip4 if inside[0] == 0x800 else ip6)(f, inside[1])
    return f if rest is not None and transport(f, rest) else None


def frames(path):
    """(time in ns, octets on the wire, captured) of a pcap file in any byte order; none of another link than Ethernet."""
    with open(path, 'rb') as file:
        b = file.read()
    kinds = {b'\xd4\xc3\xb2\xa1': ('<', 1000), b'\xa1\xb2\xc3\xd4': ('>', 1000), b'\x4d\x3c\xb2\xa1': ('<', 1),
             b'\xa1\xb2\x3c\x4d': ('>', 1)}
    if b[:4] not in kinds or len(b) < 24:
        return
    order, unit = kinds[b[:4]]
    if struct.unpack_from(order + 'I', b, 20)[0] & 0xffff != 1:
        return
    at = 24
    while at + 16 <= len(b):
        seconds, part, captured, wire = struct.unpack_from(order + 'IIII', b, at)
        if at + 16 + captured > len(b):
            return
        yield seconds * 10**9 + part * unit, wire, b[at + 16:at + 16 + captured]
        at += 16 + captured


def choose(paths, out):
    """Writes the frames that are read here to a nanosecond pcap in the order of time, and returns their facts with
    the ports of fragments filled in from the first of their datagram."""
    found = []
    for path in paths:
        for time, wire, b in frames(path):
            f = read_frame(time, wire, b)
            if f:
                found.append((time, wire, b, f))
    found.sort(key=lambda x: x[0])
    with open(out, 'wb') as file:
        file.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
        for time, wire, b, _ in found:
            file.write(struct.pack('<IIII', time // 10**9, time % 10**9, len(b), wire) + b)
    firsts = {}
    for _, _, _, f in found:
        if f.first_fragment:
            firsts[f.src, f.dst, f.ident, f.fragment_proto] = f.proto, f.sport, f.dport
        elif f.later:
            f.proto, f.sport, f.dport = firsts.get((f.src, f.dst, f.ident, f.fragment_proto), (f.proto, 0, 0))
    return [f for _, _, _, f in found]
