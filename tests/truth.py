"""truth.py: the flow records that a capture must give, by definition and protocol: each flow's elements in order, with
their values, from what facts.py reads. Time-outs are taken to be far away. It shares nothing with weir.
"""

import subprocess

SET_BACK = 10 * 10**9

FIVE = '*8 *12 *7 *11 32 139 *4 '
COMMON = FIVE + '*5 6 60 136 61 *10 14 '
# name -> fields by number, * those that are matched; what weir calls its own records, and the user's
READY = {
    'default': COMMON + '58 2 1 152 153',
    'minimal': FIVE + '2 1 152 153',
    'layer2': '*56 *80 *243 *245 *256 ' + COMMON + '244 246 352 70 2 1 152 153',
    'tcp': COMMON + '2 1 152 153 218 219 220 221 222 223 184 185 186 188 520',
    'security': COMMON + '58 56 80 2 1 152 153 52 53 25 26 218 219 220 222 520 208 515 517 54 197 31',
}
OWN = {
    'wide': '*8 *12 *7 *11 *4 *195 *243 *245 *56 *70 176 177 178 179 80 5 196 6 2 1 85 86 152 153 156 155 150 161 162 52 53 '
            '192 25 26 54 88 197 189 188 184 186 187 208 515 520 206 202 200 352 312 31 388',
    'bare': '*11 *256 *244 *88 2 1 136 151 60',
}
KIND = {8: 4, 12: 4, 27: 6, 28: 6, 208: 4, 31: 6, 515: 6, 517: 6}
ICMP = {32: 4, 139: 6, 176: 4, 177: 4, 178: 6, 179: 6}
PAIR = {8: 27, 12: 28, 27: 8, 28: 12}


class Flow:
    def __init__(self, f):
        self.head, self.packets, self.octets, self.layer2 = f, 0, 0, 0
        self.first = self.last = f.time
        self.flags, self.count, self.options, self.options4, self.extensions = 0, [0] * 6, 0, 0, 0
        self.ttl, self.length, self.complete, self.reason = [], [], True, 4
        self.add(f)

    def add(self, f):
        self.packets += 1
        self.octets += f.octets
        self.layer2 += f.frame
        self.first, self.last = min(self.first, f.time), max(self.last, f.time)
        self.flags |= f.flags
        for i in range(6):
            self.count[i] += f.flags >> i & 1
        self.options |= f.options
        self.options4 |= f.options4
        self.extensions |= f.extensions
        self.ttl, self.length = [min(self.ttl + [f.ttl]), max(self.ttl + [f.ttl])], [min(self.length + [f.octets]),
                                                                                     max(self.length + [f.octets])]
        self.complete &= f.complete

    def ended(self):
        return self.head.proto == 6 and self.flags & 5


def ntp(time, mask):
    return (time // 10**9 + 2208988800) % 2**32 << 32 | (time % 10**9 << 32) // 10**9 & mask


def multicast(f):
    if f.version == 4:
        return 0x80 if f.dst[0] >> 4 == 14 else 0
    return f.dst[1] & 0x1f if f.dst[0] == 255 else 0


# How a flow's value comes about; what is of the first packet alone may be matched.
FIRST = {
    4: lambda f: f.proto, 5: lambda f: f.tos, 7: lambda f: f.sport, 8: lambda f: f.src, 27: lambda f: f.src,
    10: lambda f: 0, 14: lambda f: 0, 11: lambda f: f.dport, 12: lambda f: f.dst, 28: lambda f: f.dst,
    31: lambda f: f.flow_label, 32: lambda f: f.dport, 139: lambda f: f.dport, 54: lambda f: f.ident,
    56: lambda f: f.src_mac, 80: lambda f: f.dst_mac, 58: lambda f: f.vlan[0], 243: lambda f: f.vlan[0],
    244: lambda f: f.vlan[1], 388: lambda f: 2 - f.vlan[2], 245: lambda f: f.customer[0], 246: lambda f: f.customer[1],
    60: lambda f: f.version, 61: lambda f: 0, 70: lambda f: f.labels[0][:3], 88: lambda f: f.fragment_word & 0x1fff,
    176: lambda f: f.dport >> 8, 177: lambda f: f.dport & 255, 178: lambda f: f.dport >> 8, 179: lambda f: f.dport & 255,
    184: lambda f: f.seq, 185: lambda f: f.ack, 186: lambda f: f.window, 187: lambda f: f.urgent,
    188: lambda f: f.tcp_header, 189: lambda f: f.ip_header, 192: lambda f: f.ttl, 195: lambda f: f.tos >> 2,
    196: lambda f: f.tos >> 5, 197: lambda f: f.fragment_word >> 8 & 0xe0, 200: lambda f: f.labels[0][3],
    202: lambda f: min(f.depth, 255), 206: multicast, 256: lambda f: f.ethertype, 312: lambda f: min(f.frame, 65535),
}
SUMS = {
    1: lambda w: w.octets, 2: lambda w: w.packets, 85: lambda w: w.octets, 86: lambda w: w.packets,
    6: lambda w: w.flags, 25: lambda w: w.length[0], 26: lambda w: w.length[1], 52: lambda w: w.ttl[0],
    53: lambda w: w.ttl[1], 136: lambda w: w.reason, 150: lambda w: w.first // 10**9, 151: lambda w: w.last // 10**9,
    152: lambda w: w.first // 10**6, 153: lambda w: w.last // 10**6, 156: lambda w: ntp(w.first, 0xffffffff),
    155: lambda w: ntp(w.last, 0xfffff800), 161: lambda w: min((w.last - w.first) // 10**6, 2**32 - 1),
    162: lambda w: min((w.last - w.first) // 1000, 2**32 - 1), 208: lambda w: w.options4, 515: lambda w: w.extensions,
    517: lambda w: 1 if w.complete else 2, 520: lambda w: w.options, 352: lambda w: w.layer2,
    218: lambda w: w.count[1], 219: lambda w: w.count[0], 220: lambda w: w.count[2], 221: lambda w: w.count[3],
    222: lambda w: w.count[4], 223: lambda w: w.count[5],
}


def fields_of(text):
    return [(int(w.lstrip('*')), w[0] == '*') for w in text.split()]


def flows_of(packets, fields):
    """What a cache without time-outs would give."""
    keys = [FIRST[i] for i, key in fields if key]
    live, out, now = {}, [], None
    for f in packets:
        if now is not None and now - f.time > SET_BACK:
            out += live.values()
            live, now = {}, None
        now = f.time if now is None else max(now, f.time)
        key = (f.version,) + tuple(k(f) for k in keys)
        flow = live.get(key)
        if flow and flow.ended() and f.flags & 0x12 == 2:
            flow.reason = 3
            out.append(live.pop(key))
            flow = None
        if flow:
            flow.add(f)
        else:
            live[key] = Flow(f)
    return out + list(live.values())


def layout(fields, flow, version):
    """The elements by which this flow is told, in order."""
    ip, out = flow.head.version, []
    icmp = flow.head.proto == (1 if ip == 4 else 58)
    has_icmp = any(i in ICMP for i, _ in fields)
    for i, _ in fields:
        if i in PAIR and KIND[i] != ip:
            i = PAIR[i]
        if version == 9 and i == 139:
            continue
        if i in ICMP and (not icmp or ICMP[i] != ip and not (version == 9 and i == 32)):
            continue
        if i in KIND and KIND[i] != ip:
            continue
        if i in (7, 11) and has_icmp and icmp and version == 10:
            continue
        out.append(i)
    return out


def expected(fields, flow, version):
    values = []
    for i in layout(fields, flow, version):
        v = FIRST[i](flow.head) if i in FIRST else SUMS[i](flow)
        if i == 6 and version == 9:
            v &= 0xff
        values.append((i, v))
    return tuple(values)


def element_names(weir):
    """{number: name} of IANA's elements that `weir --list-elements` names."""
    listed = subprocess.run([weir, '--list-elements'], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return {int(row[1]): row[0] for row in rows if row[1].isdigit()}
