#!/usr/bin/env python3
"""wire.py: receives what an exporter sends over UDP, checks the protocol, compares it with the truth.

usage: wire.py [options] -- COMMAND...      {port} in COMMAND is replaced by a free loopback UDP port
       wire.py [options] --load FILE        reads datagrams that --save wrote instead

  --truth FILE     compare record by record with what tests/gen wrote (else only the protocol is checked)
  --sums           compare the sums of each flow instead of its records
  --no-times       don't compare first and last (for live captures)
  --version N      the datagrams must be of this version (5, 9 or 10)
  --save FILE      write the datagrams as a pcap file for other decoders
  --hex FILE       write them in hexadecimal, one a line
  --records FILE   write the records received as TSV, in the form of the truth
  --expect N       the command's exit status (default 0)
  --limit SECONDS  stop the command after that long (default 60)
  --live           header times must be those of the clock
  --verbose        show the command's stderr

Prints what is wrong, at most a few of each kind, and 'ok ...' or 'FAILED ...'. Exit 0 or 1.
It is written from RFC 3954, RFC 7011 and the published layout of NetFlow v5 and shares nothing with
the exporter: neither code nor its table of elements. Standard library only.
"""
import argparse
import collections
import ipaddress
import re
import socket
import struct
import subprocess
import sys
import threading
import time

# An excerpt of the IANA registry: id -> (type, octets). Integers may be shortened, nothing else.
ELEMENTS = {}
for kind, octets, ids in (
        ('int', 8, '1 2 3 23 24 40 41 42 85 86 132 133 164 165 166 167 168 173 198 231 232 298 299 318 319 351 352 25 26'),
        ('int', 8, '148 218 219 220 221 222 223 302 426 433'),
        ('int', 4, '10 14 16 17 21 22 31 34 50 54 143 144 149 158 159 161 208 252 253 296 305 306 307 308 309 310 346'),
        ('int', 4, '162 184 185 202 507'),
        ('int', 2, '7 11 32 36 37 58 59 145 180 181 182 183 216 243 245 254 255 256 303 304 345 390 6 88 139 242 312 186 187'),
        ('int', 1, '4 5 9 13 29 30 35 48 49 52 53 55 60 61 89 136 176 177 178 179 192 195 196 197 206 214 215 239 244 246 339 344'),
        ('int', 1, '188 189 200'), ('int', 32, '515 520'),
        ('ip4', 4, '8 12 15 18 130 211'), ('ip6', 16, '27 28 62 63 131 212'), ('mac', 6, '56 57 80 81'),
        ('mpls', 3, '70 71 72 73 74 75 76 77 78 79'),
        ('bool', 1, '276 388 389 517'), ('seconds', 4, '150 151 322'), ('time', 8, '152 153 154 155 156 157 160 323 324 325'),
        ('float', 8, '311'), ('string', None, '82 83 84 94 96 236 300 335 340 341 371'), ('octets', None, '95 210 313 314 315')):
    for i in ids.split():
        ELEMENTS[int(i)] = (kind, octets)
# In NetFlow v9 the sampler's number may be longer than IPFIX has it.
V9_LENGTHS = {48: {1, 2, 4}}
REVERSE = 29305


def number(b):
    return int.from_bytes(b, 'big')


class Record:
    """One flow record. Times are milliseconds since 1970, unrounded; wide tells 8-octet counters."""
    __slots__ = ('src', 'dst', 'proto', 'sport', 'dport', 'tos', 'packets', 'octets', 'flags', 'first', 'last',
                 'reason', 'wide', 'fields')

    def key(self):
        return self.src, self.dst, self.proto, self.sport, self.dport, self.tos

    def tsv(self):
        return '\t'.join(map(str, (str(ipaddress.ip_address(self.src)), str(ipaddress.ip_address(self.dst)), self.proto,
                                   self.sport, self.dport, self.tos, self.packets, self.octets, self.flags,
                                   int(self.first), int(self.last), self.reason or 0)))


class Session:
    """What a collector keeps of one exporter, and every complaint it has."""

    def __init__(self, version=None, live=False, classic=True):
        """classic: flow records have addresses, a protocol and times."""
        self.version, self.live, self.classic = version, live, classic
        self.records, self.options, self.complaints = [], [], []
        self.templates, self.data_sequence, self.counts = {}, {}, collections.Counter()
        self.boot, self.template_times, self.most = None, {}, 65507

    def complain(self, what):
        self.complaints.append('datagram %d: %s' % (self.counts['datagrams'], what))

    def feed(self, m, when=None):
        self.counts['datagrams'] += 1
        self.counts['octets'] += len(m)
        self.when = when
        if len(m) > self.most:
            self.complain('datagram of %d octets, more than %d' % (len(m), self.most))
        version = number(m[:2]) if len(m) >= 2 else None
        if self.version and version != self.version:
            self.complain('version %s, not %d' % (version, self.version))
        read = {5: self.netflow5, 9: self.netflow9, 10: self.ipfix}.get(version)
        if read:
            read(m)
        else:
            self.complain('version %s is none of 5, 9, 10' % version)

    def sequence(self, key, got, step):
        """Where the first number of v9 starts, at 0 or at 1, is left open by RFC 3954."""
        want = self.data_sequence.get(key, 1 if key[0] == 9 and got == 1 else 0)
        if got != want:
            self.complain('sequence number %d where %d is due' % (got, want))
        self.data_sequence[key] = (got + step) & 0xffffffff

    def export_time(self, seconds):
        if self.live and self.when is not None and abs(seconds - self.when) > 2:
            self.complain('export time %d at %.1f' % (seconds, self.when))

    # NetFlow v5: 24 octets of header, 48 per record
    def netflow5(self, m):
        if len(m) < 24:
            return self.complain('v5 header of %d octets' % len(m))
        count, uptime, seconds, nanos, sequence, engine_type, engine_id, sampling = struct.unpack('!HIIIIBBH', m[2:24])
        if not 1 <= count <= 30:
            self.complain('v5 count %d' % count)
        if len(m) != 24 + 48 * count:
            return self.complain('v5 length %d for a count of %d' % (len(m), count))
        if nanos >= 10**9:
            self.complain('v5 nanoseconds %d' % nanos)
        self.export_time(seconds)
        self.sequence(('v5', engine_type, engine_id), sequence, count)
        boot = seconds * 1000 + nanos / 1e6 - uptime
        self.same_boot('v5', boot, 1)
        for at in range(24, len(m), 48):
            self.record5(m[at:at + 48], boot, uptime)

    def same_boot(self, what, boot, slack):
        """The start of the exporter is one instant, unless it was moved to keep uptime within 32 bits."""
        if self.boot is not None and slack < abs(boot - self.boot) < 86400000:
            self.complain('%s start of the exporter moved by %.3f ms' % (what, boot - self.boot))
        self.boot = boot

    def record5(self, b, boot, uptime):
        (src, dst, hop, _, _, packets, octets, first, last, sport, dport, pad1, flags, proto, tos, *routing,
         pad2) = struct.unpack('!4s4s4sHHIIIIHHBBBBHHBBH', b)
        if pad1 or pad2:
            self.complain('v5 padding is not zero')
        if any(hop) or any(routing):
            self.complain('v5 next hop, AS or mask, which nobody knows here')
        self.uptimes('v5', first, last, uptime)
        r = Record()
        r.src, r.dst, r.proto, r.sport, r.dport, r.tos = src, dst, proto, sport, dport, tos
        r.packets, r.octets, r.flags, r.reason, r.wide, r.fields = packets, octets, flags, None, False, {}
        r.first, r.last = self.absolute(boot, first), self.absolute(boot, last)
        self.finish(r)

    @staticmethod
    def absolute(boot, uptime):
        """The header's seconds count modulo 2^32: a message sent in 2106 may say 1970 and mean its next era."""
        return boot + uptime if boot + uptime >= 0 else boot + uptime + 2**32 * 1000

    def uptimes(self, what, first, last, uptime):
        if first > last:
            self.complain('%s first %d after last %d' % (what, first, last))
        if last > uptime:
            self.complain('%s last %d after the header\'s uptime %d' % (what, last, uptime))

    # NetFlow v9: 20 octets of header; IPFIX: 16
    def netflow9(self, m):
        if len(m) < 20:
            return self.complain('v9 header of %d octets' % len(m))
        count, self.uptime, seconds, sequence, domain = struct.unpack('!HIIII', m[2:20])
        self.export_time(seconds)
        boot = seconds * 1000 - self.uptime
        self.same_boot('v9', boot, 0)
        self.sequence((9, domain), sequence, 1)
        templates, data = self.sets(9, domain, m, 20, boot, seconds)
        if count != templates + data:
            self.complain('v9 count %d for %d records' % (count, templates + data))

    def ipfix(self, m):
        if len(m) < 16:
            return self.complain('IPFIX header of %d octets' % len(m))
        length, seconds, sequence, domain = struct.unpack('!HIII', m[2:16])
        if length != len(m):
            return self.complain('IPFIX length %d in a datagram of %d octets' % (length, len(m)))
        self.export_time(seconds)
        _, data = self.sets(10, domain, m, 16, None, seconds)
        self.sequence((10, domain), sequence, data)

    def sets(self, version, domain, m, at, boot, seconds):
        """Returns how many template records and how many data records there were."""
        templates = data = 0
        if at == len(m):
            self.complain('no sets')
        while at < len(m):
            if len(m) - at < 4:
                self.complain('%d octets behind the last set' % (len(m) - at))
                break
            kind, length = struct.unpack('!HH', m[at:at + 4])
            if length < 4 or at + length > len(m):
                self.complain('set length %d with %d octets left' % (length, len(m) - at))
                break
            if at % 4:
                self.complain('set at octet %d is not aligned' % at)
            if length % 4:
                self.complain('set length %d is not a multiple of 4' % length)
            body, at = m[at + 4:at + length], at + length
            if kind >= 256:
                data += self.data(version, domain, kind, body, boot, seconds)
            elif kind == (0 if version == 9 else 2):
                templates += self.template_set(version, domain, body, False, seconds)
            elif kind == (1 if version == 9 else 3):
                templates += self.template_set(version, domain, body, True, seconds)
            else:
                self.complain('set id %d' % kind)
        return templates, data

    def template_set(self, version, domain, b, options, seconds):
        at = count = 0
        header = 6 if options else 4
        while len(b) - at >= header and any(b[at:at + 2]):
            ident, = struct.unpack_from('!H', b, at)
            if ident < 256:
                self.complain('template id %d' % ident)
                break
            scopes = 0
            if not options:
                fields, = struct.unpack_from('!H', b, at + 2)
            elif version == 9:
                octets = struct.unpack_from('!HH', b, at + 2)
                if octets[0] % 4 or octets[1] % 4:
                    self.complain('v9 options template lengths %d, %d' % octets)
                scopes, fields = octets[0] // 4, sum(octets) // 4
            else:
                fields, scopes = struct.unpack_from('!HH', b, at + 2)
            if options and not 1 <= scopes <= fields:
                self.complain('%d scope fields of %d' % (scopes, fields))
            if not fields:
                self.complain('template %d withdrawn over UDP' % ident)
            at, layout = self.fields(version, b, at + header, fields, scopes)
            if layout is None:
                break
            count += 1
            self.define(version, domain, ident, (layout, scopes, options), seconds)
        self.padding(b[at:], 4, 'template set')
        if not count:
            self.complain('template set without a template')
        return count

    def fields(self, version, b, at, count, scopes):
        layout = []
        for i in range(count):
            if at + 4 > len(b):
                self.complain('template runs over the end of its set')
                return at, None
            ident, length = struct.unpack_from('!HH', b, at)
            at, pen = at + 4, 0
            if version == 10 and ident & 0x8000:
                if at + 4 > len(b):
                    self.complain('template runs over the end of its set')
                    return at, None
                pen, ident, at = number(b[at:at + 4]), ident & 0x7fff, at + 4
                if pen == 0:
                    self.complain('enterprise bit with enterprise number 0')
            self.field_length(version, pen, ident, length, version == 9 and i < scopes)
            layout.append((pen, ident, length))
        return at, tuple(layout)

    def field_length(self, version, pen, ident, length, v9_scope):
        if version == 9 and length == 65535:
            self.complain('variable length in v9')
        if v9_scope:
            if not 1 <= ident <= 5:
                self.complain('v9 scope type %d' % ident)
            return
        if length == 0:
            self.complain('element %d of length 0' % ident)
        if version == 9 and ident & 0x8000:
            self.complain('v9 field type %d' % ident)
        if pen not in (0, REVERSE):
            return
        if version == 9 and ident in V9_LENGTHS and length in V9_LENGTHS[ident]:
            return
        kind, octets = ELEMENTS.get(ident, (None, None))
        if version == 9 and ident in (1, 2) and length not in (4, 8):
            self.complain('v9 counter of %d octets' % length)
        shorter = kind == 'int' and 1 <= length <= octets or kind == 'float' and length == 4
        if octets and length != octets and not shorter:
            self.complain('element %d (%s, %d octets) of length %d' % (ident, kind, octets, length))

    def define(self, version, domain, ident, layout, seconds):
        old = self.templates.get((version, domain, ident))
        if old and old != layout:
            self.complain('template %d has another layout now' % ident)
        self.templates[version, domain, ident] = layout
        self.template_times[version, domain, ident] = seconds
        self.counts['templates'] += 1

    def padding(self, rest, limit, what):
        if any(rest):
            self.complain('%s: padding is not zero' % what)
        if len(rest) >= limit:
            self.complain('%s: %d octets of padding' % (what, len(rest)))

    def data(self, version, domain, ident, b, boot, seconds):
        template = self.templates.get((version, domain, ident))
        if not template:
            self.complain('data set %d before its template' % ident)
            return 0
        if version == 10 and seconds < self.template_times[version, domain, ident]:
            self.complain('data set %d is older than its template' % ident)
        layout, scopes, options = template
        least = sum(1 if length == 65535 else length for _, _, length in layout)
        at = count = 0
        while least and len(b) - at >= least:
            at, values = self.values(layout, b, at)
            if values is None:
                return count
            count += 1
            if options:
                self.options.append(values)
            else:
                self.flow(version, layout, values, boot)
        self.padding(b[at:], min(4, least or 4), 'data set %d' % ident)
        if not count:
            self.complain('data set %d without a record' % ident)
        return count

    def values(self, layout, b, at):
        values = {}
        for pen, ident, length in layout:
            if length == 65535:
                if at < len(b) and b[at] < 255:
                    length, at = b[at], at + 1
                else:
                    length, at = number(b[at + 1:at + 3]), at + 3
            if at + length > len(b):
                self.complain('record runs over the end of its set')
                return at, None
            values.setdefault((pen, ident), []).append(b[at:at + length])
            if pen == 0:
                self.value(ident, b[at:at + length])
            at += length
        return at, values

    def value(self, ident, b):
        """Values that their types do not have."""
        kind = ELEMENTS.get(ident, (None,))[0]
        if kind == 'bool' and b not in (b'\1', b'\2'):
            self.complain('element %d is neither true (1) nor false (2)' % ident)
        if ident in (154, 155) and number(b) & 0x7ff:
            self.complain('element %d has more than microseconds' % ident)

    def flow(self, version, layout, values, boot):
        def get(*ids):
            for i in ids:
                if (0, i) in values:
                    return values[0, i][0]
            return b''
        r = Record()
        r.fields = values
        if not self.classic:
            self.records.append(r)
            return
        # elements 8 and 27 may stand together in one template: the unused family is all zeros
        src4, dst4, src6, dst6 = get(8), get(12), get(27), get(28)
        six = any(src6) or any(dst6) or not src4
        r.src, r.dst = (src6, dst6) if six else (src4, dst4)
        if len(r.src) not in (4, 16) or len(r.src) != len(r.dst):
            self.complain('flow record without addresses')
            return
        if (0, 4) not in values:
            self.complain('flow record without a protocol')
        r.proto, r.sport, r.dport, r.tos = number(get(4)), number(get(7, 180, 182)), number(get(11, 181, 183)), number(get(5))
        if r.proto in (1, 58) and (get(32) or get(139)):
            r.sport, r.dport = 0, number(get(139) if six and get(139) else get(32) or get(139))
        r.packets, r.octets, r.flags = number(get(2, 86)), number(get(1, 85)), number(get(6)) & 0xff
        if r.flags and r.proto != 6:
            self.complain('TCP flags in a flow of protocol %d' % r.proto)
        r.reason = number(get(136)) if (0, 136) in values else None
        if r.reason is not None and not 1 <= r.reason <= 5:
            self.complain('flowEndReason %d' % r.reason)
        r.wide = len(get(1)) == 8
        if not self.times(r, get, boot):
            self.complain('flow record without times')
            return
        self.finish(r)

    def times(self, r, get, boot):
        def ntp(b):
            return ((number(b) >> 32) - 2208988800) % 2**32 * 1000 + (number(b) & 0xffffffff) * 1000 / 2**32
        if get(152) and get(153):
            r.first, r.last = number(get(152)), number(get(153))
        elif get(156) and get(157) or get(154) and get(155):
            r.first, r.last = ntp(get(156, 154)), ntp(get(157, 155))
        elif get(22) and get(21) and boot is not None:
            self.uptimes('v9', number(get(22)), number(get(21)), self.uptime)
            r.first, r.last = self.absolute(boot, number(get(22))), self.absolute(boot, number(get(21)))
        else:
            return False
        return True

    def finish(self, r):
        if r.packets == 0:
            self.complain('flow record of no packets')
        if r.first > r.last:
            self.complain('first %s after last %s' % (r.first, r.last))
        self.records.append(r)


# ------------------------------------------------------------------------------------------------- the truth
def read_truth(path):
    out = []
    for line in open(path):
        if line.startswith('#'):
            continue
        f = line.split()
        r = Record()
        r.src, r.dst = ipaddress.ip_address(f[0]).packed, ipaddress.ip_address(f[1]).packed
        (r.proto, r.sport, r.dport, r.tos, r.packets, r.octets, r.flags, r.first, r.last, r.reason) = map(int, f[2:])
        r.wide, r.fields = True, {}
        out.append(r)
    return out


def merge(records):
    """One record of several: sums, flags of all, from the earliest to the latest; the last one's reason."""
    out = Record()
    last = max(records, key=lambda r: r.last)
    for slot in Record.__slots__:
        setattr(out, slot, getattr(last, slot))
    out.packets, out.octets = sum(r.packets for r in records), sum(r.octets for r in records)
    out.first, out.last = min(r.first for r in records), max(r.last for r in records)
    for r in records:
        out.flags |= r.flags
    return out


def by_key(records, sums):
    out = collections.defaultdict(list)
    for r in records:
        out[r.key()].append(r)
    if sums:
        for k in out:
            out[k] = [merge(out[k])]
    return out


def same(want, got, reasons, times):
    if (want.packets, want.octets, want.flags) != (got.packets, got.octets, got.flags):
        return False
    if reasons and got.reason != want.reason:
        return False
    return not times or abs(want.first - got.first) <= 1.01 and abs(want.last - got.last) <= 1.01


def compare(truth, records, version, sums=False, times=True):
    """A list of differences. v5 tells IPv4 only and no reasons. A truth that a 4-octet counter cannot hold
    may come in parts: those of its flow are then compared as sums."""
    if version == 5:
        truth = [r for r in truth if len(r.src) == 4]
    reasons = not sums and any(r.reason is not None for r in records)
    if records and not sums and version != 5 and not reasons:
        return ['no record tells flowEndReason']
    want, got, out = by_key(truth, sums), by_key(records, sums), []
    for k in want.keys() | got.keys():
        w, g = want.get(k, []), list(got.get(k, []))
        narrow = any(not r.wide for r in g)
        if not sums and narrow and any(max(r.octets, r.packets) >= 2**32 for r in w) and len(g) > len(w):
            w, g = [merge(w)], [merge(g)]
        for r in w:
            found = next((x for x in g if same(r, x, reasons, times)), None)
            if found:
                g.remove(found)
            else:
                out.append('missing ' + r.tsv())
        out += ['extra   ' + r.tsv() for r in g]
    return sorted(out, key=lambda line: line.split(None, 1)[1])


# --------------------------------------------------------------------------------------------- the line
def open_socket():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.setsockopt(socket.SOL_SOCKET, 33, 256 << 20)  # SO_RCVBUFFORCE, for root
    except OSError:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.bind(('127.0.0.1', 0))
    return s


def collect(command, limit):
    """Runs the command and returns ([(when, datagram)], exit status, stderr). What a process sent on
    loopback before it ended is in the socket already, so the end is: it has ended and nothing is left."""
    s = open_socket()
    port = str(s.getsockname()[1])
    s.settimeout(0.05)
    p = subprocess.Popen([a.replace('{port}', port) for a in command], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    err = []
    reader = threading.Thread(target=lambda: err.append(p.stderr.read()))
    reader.start()
    out, end = [], time.time() + limit
    while True:
        ended = p.poll() is not None
        try:
            out.append((time.time(), s.recv(65535)))
        except socket.timeout:
            if ended:
                break
        if not ended and time.time() > end:
            p.kill()
            p.wait()
            break
    reader.join()
    s.close()
    return out, 'killed after %g s' % limit if p.returncode == -9 else p.returncode, err[0].decode(errors='replace')


def save(path, datagrams):
    """A pcap file with each datagram in UDP, IPv4 and Ethernet; port 4739 for IPFIX, else 2055."""
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for n, (when, m) in enumerate(datagrams):
            udp = struct.pack('!HHHH', 40000, 4739 if number(m[:2]) == 10 else 2055, 8 + len(m), 0) + m
            head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), n & 0xffff, 0, 64, 17, 0, bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]))
            total = sum(struct.unpack('!10H', head))
            total = (total & 0xffff) + (total >> 16)
            head = head[:10] + struct.pack('!H', ~(total + (total >> 16)) & 0xffff) + head[12:]
            frame = b'\2\0\0\0\0\2\2\0\0\0\0\1\x08\0' + head + udp
            f.write(struct.pack('<IIII', int(when), int(when % 1 * 1e6), len(frame), len(frame)) + frame)


def load(path):
    with open(path, 'rb') as f:
        b = f.read()
    at, out = 24, []
    while at < len(b):
        seconds, micros, length, _ = struct.unpack_from('<IIII', b, at)
        out.append((seconds + micros / 1e6, b[at + 16 + 42:at + 16 + length]))
        at += 16 + length
    return out


def report(title, lines, most=8):
    kinds = collections.Counter(re.sub(r'[\d.]+', 'N', line.split(': ', 1)[-1]) for line in lines)
    for line in lines[:most]:
        print('  ' + line)
    if len(lines) > most:
        print('  ... %d %s, of these kinds: %s' % (len(lines), title, '; '.join('%s (%d)' % k for k in kinds.most_common(5))))


def arguments():
    argv = sys.argv[1:]
    command = argv[argv.index('--') + 1:] if '--' in argv else []
    if command:
        argv = argv[:argv.index('--')]
    a = argparse.ArgumentParser(usage=__doc__.replace('%', '%%'), add_help=False)
    for flag in ('--sums', '--no-times', '--live', '--verbose'):
        a.add_argument(flag, action='store_true')
    for text in ('--truth', '--save', '--hex', '--records', '--load'):
        a.add_argument(text)
    a.add_argument('--version', type=int, choices=(5, 9, 10))
    a.add_argument('--expect', type=int, default=0)
    a.add_argument('--limit', type=float, default=60)
    o = a.parse_args(argv)
    if not command and not o.load:
        sys.exit(__doc__)
    return o, command


def main():
    o, command = arguments()
    status, err = o.expect, ''
    if o.load:
        datagrams = load(o.load)
    else:
        datagrams, status, err = collect(command, o.limit)
    if o.save:
        save(o.save, datagrams)
    if o.hex:
        with open(o.hex, 'w') as f:
            f.writelines(m.hex() + '\n' for _, m in datagrams)
    session = Session(o.version, o.live)
    for when, m in datagrams:
        session.feed(m, when)
    if o.records:
        with open(o.records, 'w') as f:
            f.writelines(sorted(r.tsv() + '\n' for r in session.records))
    wrong = list(session.complaints)
    report('complaints', wrong)
    if o.truth:
        version = o.version or (number(datagrams[0][1][:2]) if datagrams else 10)
        differences = compare(read_truth(o.truth), session.records, version, o.sums, not o.no_times)
        report('differences', differences)
        wrong += differences
    if status != o.expect:
        print('  exit status %s, not %d' % (status, o.expect))
        wrong.append('status')
    if err and (o.verbose or status != o.expect):
        print('  stderr: ' + err.strip()[-2000:])
    print('%s %d datagrams, %d templates, %d records, %d options records' % (
        'FAILED' if wrong else 'ok', session.counts['datagrams'], session.counts['templates'], len(session.records), len(session.options)))
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    main()
