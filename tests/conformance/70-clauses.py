#!/usr/bin/env python3
# run.sh: computes
"""The ledger of clauses (ledger.tsv): what the protocols ask of an exporter, and what shows that weir does it.

A row is: clause, positive test, negative test, rule. The positive test `stream` is wire.py, which finds nothing wrong
in what weir sends of generated captures, in all versions and several records; `values` compares every value with the
capture, too. The negative one is a mutation below: weir's own datagrams with one thing made wrong, about which the same
checker has to complain in the words that the mutation names. Both may be a test elsewhere instead, as FILE:WORDS. A row
without tests says in brackets why the clause does not apply. A clause without a row, a row without both, a test
that is not there and a mutation that no row asks for are failures.
"""
import collections
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, TESTS)
import facts
import truth
import wire

ROOT = os.path.dirname(TESTS)
WEIR = os.environ.get('WEIR', ROOT + '/weir')
GEN = os.environ.get('GEN', ROOT + '/build/tests/gen')
TMP = os.environ.get('TMP', '/tmp')
CLAUSES = ['%s-%d' % (family, n) for family, last in (
    ('V5', 13), ('V9', 17), ('IP', 29), ('OP', 9), ('SE', 15), ('TR', 12), ('FI', 3)) for n in range(1, last + 1)]
OPTIONS = 320  # ids of options templates, from here on
SCENARIOS = ('office', 'ports', 'fragments', 'ethertypes')
MOST = 1400
OWN = {
    'wide': truth.OWN['wide'], 'tiny': '*4', 'sparse': '*31 139',
}
FAR = [a for t in ('active', 'idle', 'tcp.fin', 'tcp.rst') for a in ('-t', t + '=36500d')]


# ------------------------------------------------------------------------------------------- what weir sends
class Stream:
    """Datagrams, and the flow records that they have to tell; `flows` is the multiset of them."""

    def __init__(self, version, record, datagrams, flows):
        self.version, self.record, self.datagrams, self.flows = version, record, datagrams, flows

    def complaints(self, datagrams, values):
        # header times are those of packets: each datagram comes at the time that weir gave it
        session = wire.Session(self.version, live=True, classic=self.record not in ('tiny', 'sparse', 'biflow'))
        session.most = MOST
        for original, m in zip(self.datagrams, datagrams):
            if m is not None:
                session.feed(m, struct.unpack('!I', original[8 if self.version < 10 else 4:][:4])[0])
        out = list(session.complaints)
        if values and not out and self.flows is not None:
            got = collections.Counter(self.told(r) for r in session.records)
            out += ['differs %s' % (x,) for x in (self.flows - got) + (got - self.flows)]
        return out

    def told(self, r):
        if self.version == 5:
            return (r.src, r.dst, r.sport, r.dport, r.proto, r.tos, r.flags, r.packets, r.octets, int(r.first), int(r.last))
        out = []
        for (_, i), octets in r.fields.items():
            if i in (21, 22) and self.version == 9:
                out.append((152 if i == 22 else 153, int(r.first if i == 22 else r.last)))
            else:
                out += [(i, b if i in (8, 12, 27, 28, 56, 80, 70) else facts.be(b)) for b in octets if i != 210]
        return tuple(out)


def wanted(packets, version, record):
    if version != 5:
        fields = truth.fields_of(truth.READY.get(record) or OWN[record])
        return collections.Counter(truth.expected(fields, f, version) for f in truth.flows_of(packets, fields))
    fields = truth.fields_of(truth.READY['default'])
    return collections.Counter(
        (w.head.src, w.head.dst, w.head.sport, w.head.dport, w.head.proto, w.head.tos, w.flags & 255, w.packets, w.octets,
         w.first // 10**6, w.last // 10**6) for w in truth.flows_of(packets, fields) if w.head.version == 4)


def configuration():
    names = truth.element_names(WEIR)
    def names_of(text, key):
        return ', '.join('"%s"' % names[i] for i, k in truth.fields_of(text) if k == key)
    path = TMP + '/clauses.conf'
    with open(path, 'w') as f:
        f.write('records = (%s);\n' % ', '.join('{ name = "%s"; match = [%s]; collect = [%s]; }' % (
            n, names_of(t, True), names_of(t, False)) for n, t in OWN.items()))
    return path


def streams():
    """{(version, record): Stream}: of ordinary time-outs, too, so that templates are sent again."""
    conf, out = configuration(), {}
    paths = []
    for scenario in SCENARIOS:
        paths.append('%s/%s.pcap' % (TMP, scenario))
        subprocess.run([GEN, scenario, paths[-1]], check=True, stdout=subprocess.DEVNULL)
    capture = TMP + '/all.pcap'
    packets = facts.choose(paths, capture)
    def run(version, record, far, biflow='false'):
        command = [WEIR, '-f', conf, '-r', capture, '-n', '127.0.0.1:{port}', '-v', str(version), '--set',
                   'cache.record=' + record, '--set', 'cache.biflow=' + biflow] + (FAR if far else [])
        datagrams, status, err = wire.collect(command, 60)
        if status:
            sys.exit('weir, v%d, %s: status %s: %s' % (version, record, status, err[-500:]))
        return [m for _, m in datagrams]
    for version in (5, 9, 10):
        for record in ('default',) if version == 5 else (*truth.READY, *OWN):
            out[version, record] = Stream(version, record, run(version, record, True), wanted(packets, version, record))
            out[version, record + ' short'] = Stream(version, record, run(version, record, False), None)
    out[10, 'tcp biflow'] = Stream(10, 'biflow', run(10, 'tcp', True, 'true'), None)
    return out


# ------------------------------------------------------------------------------------------- where things stand
def u16(b, at):
    return struct.unpack_from('!H', b, at)[0]


def poke(b, at, value):
    return b[:at] + value + b[at + len(value):]


def header(version):
    return {5: 24, 9: 20, 10: 16}[version]


def sets_of(m, version):
    """(where, id, length) of each set."""
    at = header(version)
    while at < len(m):
        yield at, u16(m, at), u16(m, at + 2)
        at += u16(m, at + 2)


def first_set(s, data):
    """(number of the datagram, where) of the first set of flow records, or of the first template set."""
    for n, m in enumerate(s.datagrams):
        for at, ident, _ in sets_of(m, s.version):
            if 256 <= ident < OPTIONS if data else ident < 256:
                return n, at
    raise LookupError


def changed(s, n, m):
    return s.datagrams[:n] + [m] + s.datagrams[n + 1:]


def relength(s, n, at, by, m):
    """The datagram with the lengths of the set and of the message as they are after a change by so many octets."""
    m = poke(m, at + 2, struct.pack('!H', u16(m, at + 2) + by))
    return poke(m, 2, struct.pack('!H', len(m))) if s.version == 10 else m


def templates(s):
    """{id: [(element, length)]}, and where the fields of each stand: (datagram, octet)."""
    out = {}
    for n, m in enumerate(s.datagrams):
        for at, ident, length in sets_of(m, s.version):
            if ident != (0 if s.version == 9 else 2):
                continue
            p = at + 4
            while p + 4 <= at + length and u16(m, p) >= 256:
                count = u16(m, p + 2)
                fields = [(u16(m, p + 4 + 4 * i), u16(m, p + 6 + 4 * i)) for i in range(count)]
                out.setdefault(u16(m, p), (fields, n, p))
                p += 4 + 4 * count
    return out


def field(s, element):
    """(datagram, octet, length) of the element in the first record that has it."""
    known = templates(s)
    for n, m in enumerate(s.datagrams):
        for at, ident, _ in sets_of(m, s.version):
            fields = known[ident][0] if ident in known else []
            if element in [i for i, _ in fields]:
                k = [i for i, _ in fields].index(element)
                return n, at + 4 + sum(length for _, length in fields[:k]), fields[k][1]
    raise LookupError


# ------------------------------------------------------------------------------------------- what is made wrong
MUTATIONS = {}


def mutation(name, version, words, record='default'):
    """Registers a function of a Stream that returns its datagrams with one thing wrong."""
    def register(function):
        MUTATIONS[name] = (version, record, words, function)
        return function
    return register


def at_header(at, form, change, which=1):
    def mutate(s):
        m = s.datagrams[which]
        value = struct.unpack_from(form, m, at)[0]
        return changed(s, which, poke(m, at, struct.pack(form, change(value) % 2**(8 * struct.calcsize(form)))))
    return mutate


def value_of(element, change=lambda v: v ^ 1):
    def mutate(s):
        n, at, length = field(s, element)
        v = change(facts.be(s.datagrams[n][at:at + length]))
        return changed(s, n, poke(s.datagrams[n], at, v.to_bytes(length, 'big')))
    return mutate


def in_set(data, at, form, change):
    """Changes a number that stands so far behind the beginning of the first such set."""
    def mutate(s):
        n, where = first_set(s, data)
        value = struct.unpack_from(form, s.datagrams[n], where + at)[0]
        return changed(s, n, poke(s.datagrams[n], where + at, struct.pack(form, change(value))))
    return mutate


def add(name, version, words, function, record='default'):
    mutation(name, version, words, record)(function)


# NetFlow v5: offsets are those of its header, and of the first record behind it
add('v5-cut', 5, 'v5 length', lambda s: changed(s, 0, s.datagrams[0][:-1]))
add('v5-count', 5, 'v5 count 31', at_header(2, '!H', lambda v: 31))
add('v5-none', 5, 'v5 count 0', at_header(2, '!H', lambda v: 0))
add('v5-sequence', 5, 'sequence number', at_header(16, '!I', lambda v: v + 1))
add('v5-lost', 5, 'sequence number', lambda s: changed(s, 1, None))
add('v5-nanoseconds', 5, 'v5 nanoseconds', at_header(12, '!I', lambda v: 10**9))
add('v5-uptime', 5, 'start of the exporter moved', at_header(4, '!I', lambda v: v + 5))
add('v5-first-after-last', 5, 'first .* after last', at_header(24 + 24, '!I', lambda v: v + 2**29))
add('v5-last-after-header', 5, "after the header's uptime", at_header(24 + 28, '!I', lambda v: 2**32 - 1))
add('v5-times-late', 5, 'differs', lambda s: changed(s, 0, poke(poke(s.datagrams[0], 24 + 24, struct.pack(
    '!I', u16(s.datagrams[0], 24 + 24) * 65536 + u16(s.datagrams[0], 24 + 26) - 2)), 24 + 28, s.datagrams[0][52:56])))
add('v5-octets', 5, 'differs', at_header(24 + 20, '!I', lambda v: v + 14))
add('v5-flags', 5, 'differs|TCP flags', at_header(24 + 37, '!B', lambda v: v ^ 8))
add('v5-pad1', 5, 'padding is not zero', at_header(24 + 36, '!B', lambda v: 1))
add('v5-pad2', 5, 'padding is not zero', at_header(24 + 46, '!H', lambda v: 1))
add('v5-next-hop', 5, 'next hop, AS or mask', at_header(24 + 8, '!I', lambda v: 1))
add('v5-as', 5, 'next hop, AS or mask', at_header(24 + 40, '!H', lambda v: 65535))


@mutation('v5-icmp', 5, 'differs')
def v5_icmp(s):
    for n, m in enumerate(s.datagrams):
        for at in range(24, len(m), 48):
            if m[at + 38] == 1:
                return changed(s, n, poke(m, at + 32, m[at + 34:at + 36] + b'\0\0'))
    raise LookupError


add('v5-ports', 5, 'differs', at_header(24 + 32, '!H', lambda v: v ^ 1))

# NetFlow v9 and IPFIX: what a mutation needs of them is alike but for header and ids
for v, name in ((9, 'v9'), (10, 'ip')):
    add(name + '-sequence', v, 'sequence number', at_header(12 if v == 9 else 8, '!I', lambda x: x + 1))
    add(name + '-sequence-back', v, 'sequence number', at_header(12 if v == 9 else 8, '!I', lambda x: x - 1))
    add(name + '-lost', v, 'sequence number|before its template', lambda s: changed(s, 1, None))
    add(name + '-set-id', v, 'set id 4', in_set(True, 0, '!H', lambda x: 4))
    add(name + '-set-id-255', v, 'set id 255', in_set(True, 0, '!H', lambda x: 255))
    add(name + '-set-length', v, 'set length', in_set(True, 2, '!H', lambda x: x + 4000))
    add(name + '-no-template', v, 'before its template', lambda s: changed(s, first_set(s, False)[0], None))
    add(name + '-domain', v, 'before its template', at_header(16 if v == 9 else 12, '!I', lambda x: x + 1))
    add(name + '-template-id', v, 'template id 255', in_set(False, 4, '!H', lambda x: 255))
    add(name + '-field-count', v, 'runs over|another layout|of length|type|variable', in_set(False, 6, '!H', lambda x: x + 60))
    add(name + '-withdrawn', v, 'withdrawn', in_set(False, 6, '!H', lambda x: 0))
    add(name + '-address-of-3', v, 'of length 3', in_set(False, 10, '!H', lambda x: 3))
    add(name + '-time-of-4', v, 'of length 4', lambda s: narrowed(s, 152, 4), 'wide')
    add(name + '-little-endian', v, 'differs', value_of(1, lambda x: int.from_bytes(x.to_bytes(8, 'little'), 'big')))
    add(name + '-export-time', v, 'export time', at_header(8 if v == 9 else 4, '!I', lambda x: x + 10))
add('v9-count', 9, 'v9 count', at_header(2, '!H', lambda v: v + 1))
add('v9-variable', 9, 'variable length in v9', in_set(False, 10, '!H', lambda v: 65535))
add('v9-enterprise', 9, 'v9 field type', in_set(False, 8, '!H', lambda v: v | 0x8000))
add('v9-counter-of-3', 9, 'v9 counter of 3', lambda s: narrowed(s, 1, 3))
add('v9-uptime', 9, 'start of the exporter moved', at_header(4, '!I', lambda v: v + 1))
add('v9-first-after-last', 9, 'first .* after last', value_of(22, lambda v: v + 2**30))
add('v9-last-after-header', 9, "after the header's uptime", value_of(21, lambda v: 2**32 - 1))
add('v9-times-late', 9, 'differs', value_of(22, lambda v: v - 2))
add('ip-length', 10, 'IPFIX length', at_header(2, '!H', lambda v: v + 4))
add('ip-older-than-template', 10, 'older than its template|export time',
    at_header(4, '!I', lambda v: v - 86400 * 365))


def narrowed(s, element, length):
    """The element's length in the first template that has it."""
    for fields, n, p in templates(s).values():
        ids = [i for i, _ in fields]
        if element in ids:
            return changed(s, n, poke(s.datagrams[n], p + 6 + 4 * ids.index(element), struct.pack('!H', length)))
    raise LookupError


def padded(s):
    """(datagram, set) of a data set with padding."""
    known = templates(s)
    for n, m in enumerate(s.datagrams):
        for at, ident, length in sets_of(m, s.version):
            size = sum(octets for _, octets in known[ident][0]) if ident in known else 0
            if size and (length - 4) % size:
                return n, at
    raise LookupError


def dirty(s):
    n, at = padded(s)
    end = at + u16(s.datagrams[n], at + 2)
    return changed(s, n, poke(s.datagrams[n], end - 1, b'\1'))


def unpadded(s):
    n, at = padded(s)
    m = s.datagrams[n]
    end = at + u16(m, at + 2)
    return changed(s, n, relength(s, n, at, -1, m[:end - 1] + m[end:]))


def overpadded(s, by=4):
    n, at = first_set(s, True)
    m = s.datagrams[n]
    end = at + u16(m, at + 2)
    return changed(s, n, relength(s, n, at, by, m[:end] + bytes(by) + m[end:]))


def another_layout(s):
    """The second copy of the first template with a shorter counter."""
    ident, (fields, first, _) = next(iter(templates(s).items()))
    for n in range(first + 1, len(s.datagrams)):
        m = s.datagrams[n]
        for at, kind, _ in sets_of(m, s.version):
            if kind == (0 if s.version == 9 else 2) and u16(m, at + 4) == ident:
                k = [i for i, _ in fields].index(1)
                return changed(s, n, poke(m, at + 10 + 4 * k, struct.pack('!H', 4)))
    raise LookupError


def too_long(s):
    return changed(s, 1, s.datagrams[1] + bytes(MOST))


def enterprise_without_number(s):
    n, at = first_set(s, False)
    m = s.datagrams[n]
    m = poke(m, at + 8, struct.pack('!H', u16(m, at + 8) | 0x8000))
    return changed(s, n, relength(s, n, at, 4, m[:at + 12] + bytes(4) + m[at + 12:]))


def swapped_sets(s):
    """A data set under another template's id."""
    n, at = first_set(s, True)
    ident = u16(s.datagrams[n], at)
    other = next(i for i in templates(s) if i != ident and i in templates(s))
    return changed(s, n, poke(s.datagrams[n], at, struct.pack('!H', other)))


for v, name in ((9, 'v9'), (10, 'ip')):
    add(name + '-padding-dirty', v, 'padding is not zero', dirty)
    add(name + '-padding-missing', v, 'not a multiple of 4|not aligned', unpadded)
    add(name + '-padding-long', v, 'octets of padding|flow record|before 1970|differs|sequence|count', overpadded)
    add(name + '-padding-record', v, 'sequence number|count|differs|protocol', overpadded, 'tiny')
    add(name + '-another-layout', v, 'another layout', another_layout, 'default short')
    add(name + '-too-long', v, 'more than %d' % MOST, too_long)
    add(name + '-other-template', v, 'differs|octets of padding|runs over|flow record|padding|sequence|count|protocol|after last', swapped_sets)
add('ip-no-enterprise', 10, 'enterprise number 0', enterprise_without_number)
add('ip-boolean', 10, 'neither true', value_of(517, lambda v: 0), 'security')
add('ip-microseconds', 10, 'more than microseconds', value_of(155), 'wide')
add('ip-nanoseconds', 10, 'differs', value_of(156), 'wide')
add('ip-milliseconds', 10, 'differs', value_of(152, lambda v: v - 1))
add('ip-fields-swapped', 10, 'differs', lambda s: swapped_fields(s), 'wide')


def swapped_fields(s):
    """Two fields of one length in the wrong order: lengths agree, meanings don't."""
    fields, n, p = next(iter(templates(s).values()))
    ids = [i for i, _ in fields]
    return renamed(s, n, p, len(ids), {ids.index(1): 2, ids.index(2): 1})


def renamed(s, n, p, count, names):
    """Other elements in the template that stands there, and in all its copies."""
    old = new = s.datagrams[n][p:p + 4 + 4 * count]
    for k, element in names.items():
        new = poke(new, 4 + 4 * k, struct.pack('!H', element))
    return [m.replace(old, new) for m in s.datagrams]


def options_set(s, ident, template):
    """(datagram, where) of the first options template of this id, or of its data."""
    for n, m in enumerate(s.datagrams):
        for at, kind, _ in sets_of(m, s.version):
            if kind == (1 if s.version == 9 else 3) and template and u16(m, at + 4) == ident or kind == ident and not template:
                return n, at
    raise LookupError


def in_options(ident, template, at, form, change):
    """Changes a number that stands so far behind the beginning of the options template's set, or of its data's."""
    def mutate(s):
        n, where = options_set(s, ident, template)
        value = struct.unpack_from(form, s.datagrams[n], where + at)[0]
        return changed(s, n, poke(s.datagrams[n], where + at, struct.pack(form, change(value))))
    return mutate


def mixed(s):
    """Options data behind the flow records of a message."""
    n, at = options_set(s, OPTIONS, False)
    to, _ = first_set(s, True)
    moved = s.datagrams[n][at:at + u16(s.datagrams[n], at + 2)]
    m = s.datagrams[to] + moved
    m = poke(m, 2, struct.pack('!H', len(m) if s.version == 10 else u16(m, 2) + 1))
    return changed(s, to, m)


# IPFIX's names of enterprises' elements stand behind ten octets and their own length
add('ip-variable-over', 10, 'runs over', in_options(330, False, 14, '!B', lambda x: 254), 'tcp biflow')
add('ip-variable-short', 10, 'RFC 5610|runs over|padding', in_options(330, False, 14, '!B', lambda x: x - 1), 'tcp biflow')

# options: set header, template id, counts, first scope; data of 324 have domain and three counters in both versions
for v, name in ((9, 'v9'), (10, 'ip')):
    add(name + '-options-set-id', v, 'set id 4', in_options(320, True, 0, '!H', lambda x: 4))
    add(name + '-options-no-template', v, 'before its template', in_options(324, True, 4, '!H', lambda x: 400))
    add(name + '-options-withheld', v, 'sequence number|before its template|exported', lambda s: changed(s, options_set(s, 320, False)[0], None))
    add(name + '-statistics-messages', v, 'exported messages', in_options(324, False, 8, '!Q', lambda x: x + 1))
    add(name + '-statistics-records', v, 'exported flow records', in_options(324, False, 16, '!Q', lambda x: x + 1))
    add(name + '-statistics-octets', v, 'exported octets', in_options(324, False, 24, '!Q', lambda x: x - 1))
    add(name + '-sampling-zero', v, 'sampling interval 0', in_options(320, False, 8, '!I', lambda x: 0))
    add(name + '-sampling-with-data', v, 'sampling beside flow records', mixed)
add('v9-options-scope-type', 9, 'v9 scope type 9', in_options(320, True, 10, '!H', lambda x: 9))
add('v9-options-lengths', 9, 'v9 options template lengths', in_options(320, True, 6, '!H', lambda x: 6))
add('v9-options-no-scope', 9, '0 scope fields', in_options(320, True, 6, '!H', lambda x: 0))
add('v9-options-key', 9, 'flow key', in_options(329, False, 8, '!Q', lambda x: x | 1 << 63))
add('ip-options-no-scope', 10, '0 scope fields', in_options(320, True, 8, '!H', lambda x: 0))
add('ip-options-scopes', 10, '9 scope fields', in_options(320, True, 8, '!H', lambda x: 9))
add('ip-options-domain', 10, 'without an observation domain', in_options(324, True, 10, '!H', lambda x: 148))
add('ip-options-key', 10, 'flow key', in_options(329, False, 6, '!Q', lambda x: x | 1 << 63))
add('ip-options-key-template', 10, 'flow key', in_options(329, False, 4, '!H', lambda x: 300))
add('ip-options-element', 10, 'RFC 5610', in_options(330, False, 8, '!H', lambda x: 999), 'tcp biflow')
add('ip-options-element-type', 10, 'RFC 5610', in_options(330, False, 10, '!B', lambda x: 99), 'tcp biflow')

# what values mean: one bit of each, where nothing but the capture can tell
add('se-reason', 10, 'flowEndReason', value_of(136, lambda v: 6))
add('se-reason-other', 10, 'differs', value_of(136, lambda v: v % 5 + 1))
for element, record in ((1, 'default'), (85, 'wide'), (6, 'default'), (520, 'tcp'), (515, 'security'), (58, 'default'), (243, 'wide'),
                        (245, 'wide'), (244, 'layer2'), (70, 'layer2'), (202, 'wide'), (200, 'wide'), (32, 'default'), (176, 'wide'),
                        (197, 'wide'), (88, 'wide'), (208, 'wide'), (206, 'wide'), (52, 'wide'), (53, 'wide'), (352, 'wide'), (54, 'wide')):
    add('se-%d' % element, 10, 'differs|TCP flags', value_of(element), record)
add('se-6-high', 10, 'differs|TCP flags', value_of(6, lambda v: v ^ 0x100), 'tcp')
add('se-unknown-as-zero', 10, 'differs', lambda s: narrow_kind(s), 'security')


def narrow_kind(s):
    """IPv4's options and IPv6's flow label under each other's name: the length is the same."""
    for fields, n, p in templates(s).values():
        ids = [i for i, _ in fields]
        if 208 in ids:
            return renamed(s, n, p, len(ids), {ids.index(208): 31})
    raise LookupError


# ------------------------------------------------------------------------------------------- the ledger
def there(reference):
    """FILE:WORDS of a test: the file is there, with these words in it."""
    name, _, words = reference.partition(':')
    path = os.path.join(TESTS, name)
    return os.path.isfile(path) and words and words in open(path).read()


def rows():
    for number, line in enumerate(open(HERE + '/ledger.tsv'), 1):
        if line.strip() and not line.startswith('#'):
            yield number, (line.rstrip('\n').split('\t') + [''] * 4)[:4]


def judge_row(number, row, used):
    clause, positive, negative, rule = row
    where = 'ledger.tsv:%d: %s: ' % (number, clause)
    if not rule:
        return [where + 'no words for the rule']
    if positive == negative == '-':
        return [] if re.search(r'\(.+\)$', rule) else [where + 'neither tests nor, in brackets, why there are none']
    out = []
    if positive not in ('stream', 'values') and not there(positive):
        out.append(where + 'no positive test %s' % positive)
    for name in negative.split(' ') if ':' not in negative else []:
        used.add(name)
        if name not in MUTATIONS:
            out.append(where + 'no mutation %s' % name)
    if ':' in negative and not there(negative):
        out.append(where + 'no negative test %s' % negative)
    return out


def check_ledger():
    used, seen, wrong = set(), set(), []
    for number, row in rows():
        seen.add(row[0])
        wrong += judge_row(number, row, used)
    wrong += ['%s: no row in ledger.tsv' % c for c in CLAUSES if c not in seen]
    wrong += ['ledger.tsv: %s is no clause' % c for c in sorted(seen - set(CLAUSES))]
    return wrong + ['mutation %s: no row asks for it' % m for m in sorted(set(MUTATIONS) - used)]


def main():
    if not os.access(GEN, os.X_OK) or not os.access(WEIR, os.X_OK):
        print('70-clauses.py: skipped: there is no %s or %s' % (GEN, WEIR))
        return 77
    wrong, sent = check_ledger(), streams()
    for (version, record), s in sent.items():
        wrong += ['v%d, %s: %s' % (version, record, c[:600]) for c in s.complaints(s.datagrams, True)[:3]]
    for name, (version, record, words, function) in MUTATIONS.items():
        s = sent[version, record]
        try:
            found = s.complaints(function(s), True)
        except LookupError:
            wrong.append('mutation %s: there is nothing to make wrong' % name)
            continue
        if not any(re.search(words, c) for c in found):
            wrong.append('mutation %s: no complaint of "%s": %s' % (name, words, [c[:200] for c in found[:2]]))
    for line in wrong[:40]:
        print('  ' + line)
    if wrong:
        print('70-clauses.py: FAILED: %d' % len(wrong))
        return 1
    print('70-clauses.py: %d clauses, %d streams without a complaint, %d mutations found' % (len(CLAUSES), len(sent), len(MUTATIONS)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
