#!/usr/bin/env python3
"""Readers that know nothing of each other (readers.py) have no complaint about what weir sends, and find as many flow
records.

The streams are those of the clauses, of generated captures in every version and record, as biflows too, and those of
tool_session: options data of all kinds, texts of variable length, templates sent again and a clock that is set back. What
a stream is for must be in it. Each reader has to complain about a stream that lacks a datagram, as far as it
looks for that. A reader that is not there is left out and named.
"""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import readers
import wire
from readers import BLIND, READERS, Stream


clauses = readers.load('clauses', HERE + '/70-clauses.py')
TOOL = os.path.join(os.path.dirname(os.path.abspath(clauses.WEIR)), 'tests/tool_session')
TIMELESS = 'tiny', 'sparse'  # records that tell no times, or no addresses
failures = []


def bad(what):
    failures.append(what)
    print('FAILED: ' + what)


# ------------------------------------------------------------------------------------------- the streams
def from_tool(version, algorithm, direction):
    name = 'tool_session v%d %s %s' % (version, algorithm, direction)
    datagrams, status, err = wire.collect([TOOL, str(version), algorithm, direction, '{port}'], 60)
    if status:
        bad('%s: status %s: %s' % (name, status, err[-300:]))
    return Stream(name, version, [m for _, m in datagrams], direction == 'uniflow', True)


def streams():
    for (version, record), s in clauses.streams().items():
        yield Stream('v%d %s' % (version, record), version, s.datagrams,
                     record.split()[0] not in TIMELESS and 'biflow' not in record)
    for version in (5, 9, 10):
        for algorithm in ('count', 'random', 'flow'):
            for direction in ('uniflow', 'biflow'):
                if version > 5 or direction == 'uniflow' and algorithm == 'count':
                    yield from_tool(version, algorithm, direction)


# ------------------------------------------------------------------------------------------- what must be in them
def export_times(stream):
    return [struct.unpack_from('!I', m, 4 if stream.version == 10 else 8)[0] for m in stream.datagrams]


def contents(stream):
    """Names of what a stream has that another reader may stumble over."""
    out = set()
    session = wire.Session(stream.version, classic=stream.classic)
    for m in stream.datagrams:
        before = dict(session.template_times)
        session.feed(m)
        if len(session.template_times) == len(before) and session.counts['templates'] > len(before):
            out.add('templates again')
    told = {frozenset(v) for v in session.options}
    for layout, scopes, options in session.templates.values():
        elements = frozenset(field[:2] for field in layout)
        came = elements in told
        if options and came:
            out.add('options %d of %s' % (scopes, ' '.join(str(i) for _, i, _ in layout)))
        if options and came and any(length == 65535 for *_, length in layout):
            out.add('variable length')
        if any(pen == wire.REVERSE for pen, *_ in layout):
            out.add('reverse elements')
    if any(b < a for a, b in zip(export_times(stream), export_times(stream)[1:])):
        out.add('clock back')
    return out


# scopes and elements of the kinds of options data, from RFC 5476, 5477, 7011 and 5610; v9's scopes are types
KINDS = {
    9: ('1 of 1 34 35 50', '1 of 1 302 304 305 306', '1 of 1 302 304 309 310', '1 of 1 302 390 311', '1 of 1 41 42 40',
        '1 of 1 164 165 323 323', '1 of 1 144 166 167 168 323 323', '1 of 1 144 160 36 37 130', '1 of 2 10 82 83',
        '1 of 5 145 173'),
    10: ('1 of 149 34 35 50', '1 of 302 304 305 306', '1 of 302 304 309 310', '1 of 302 390 311', '1 of 149 41 42 40',
         '1 of 149 164 165 323 323', '1 of 144 166 167 168 323 323', '1 of 144 160 36 37 130', '1 of 10 82 83',
         '1 of 145 173', '2 of 346 303 339 344 345 341'),
}


def main():
    if not os.path.exists(TOOL):
        sys.exit('there is no ' + TOOL)
    seen, count, cut = {5: set(), 9: set(), 10: set()}, 0, {}
    for stream in streams():
        count += 1
        seen[stream.version] |= contents(stream)
        records = {}
        for name, reader in READERS.items():
            complaints, records[name] = reader(stream)
            for c in complaints[:3]:
                bad('%s, %s: %s' % (stream.name, name, c))
        if len({n for n in records.values() if n is not None}) > 1:
            bad('%s: flow records: %s' % (stream.name, records))
        cut[stream.version] = stream
    for version, kinds in KINDS.items():
        wanted = ['options ' + k for k in kinds] + ['templates again', 'clock back']
        wanted += ['variable length', 'reverse elements'] if version == 10 else []
        for w in wanted:
            if w not in seen[version]:
                bad('no stream of v%d has: %s' % (version, w))
    if 'clock back' not in seen[5]:
        bad('no stream of v5 has its clock set back')
    for version, stream in cut.items():
        stream.datagrams = stream.datagrams[:4] + stream.datagrams[5:]
        for name, reader in READERS.items():
            if (name, version) not in BLIND and not reader(stream)[0]:
                bad('%s does not notice a datagram that is missing in v%d' % (name, version))
    if failures:
        sys.exit(1)
    print('71-readers.py: %d streams, %d readers' % (count, len(READERS)))


main()
