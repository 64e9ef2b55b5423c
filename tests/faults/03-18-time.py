#!/usr/bin/env python3
# run.sh: computes
"""Packet time, which is weir's only clock where a file is read: a table that is full for ten minutes (3), an elephant of
100 Gb/s for an hour, in 64 bits and cut for narrower counters (4, 8), clocks that step, a leap second, a host that
sleeps (12, 13, 14, 17), disorder (15), absurd dates (11, 16), two interfaces with different clocks (18)."""
import datetime
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from capture import *

sys.path.insert(0, os.path.dirname(HERE))
import wire

SECOND, MILLISECOND, MICROSECOND = 10**9, 10**6, 10**3


def at(seconds):
    return START + int(round(seconds * SECOND))


def datagram(port=1000, octets=0):
    return ethernet(ipv4(udp(bytes(octets), sport=port)))


def when(text):
    """Milliseconds since 1970 of a record's time, in any year that there is."""
    year, rest = text.split('-', 1)
    cycles, year = divmod(int(year) - 2000, 400)
    t = datetime.datetime.fromisoformat('%04d-%s+00:00' % (year + 2000, rest.rstrip('Z')))
    return round(t.timestamp() * 1000) + cycles * 146097 * 86400000


def spans(run):
    """(first, last) in ms after the start, and packets, of each record."""
    return sorted((when(r['flowStartMilliseconds']) - START // MILLISECOND, when(r['flowEndMilliseconds']) - START // MILLISECOND,
                   r['packetDeltaCount']) for r in run.records)


def never_negative(name, run):
    for r in run.records:
        if when(r['flowStartMilliseconds']) > when(r['flowEndMilliseconds']):
            bad('%s: it ends before it begins: %s' % (name, r))


def full_table():
    """A new flow each millisecond for ten minutes, 200 a second of them from old ones, in a table of 1024."""
    frames = []
    for i in range(0, 600000, 4):
        frames.append((at(i / 1000), ethernet(ipv4(udp(sport=i // 4 % 60000, dport=i // 240000), src=0x0b000000 + i))))
        if i % 20 == 0:
            frames.append((at(i / 1000), datagram(port=i // 20 % 20)))
    run = weir(pcap('full.pcap', frames), '-m', '1024', '-t', 'idle=10m', '-t', 'active=1h')
    check('full table: packets', run.ledger['packets']['metered']['frames'], len(frames))
    closed = run.ledger['flows']['closed']
    check('full table: records of reason 5', sum(r['flowEndReason'] == 5 for r in run.records), closed['lack of resources']['flows'])
    if closed['lack of resources']['flows'] < 140000:
        bad('full table: it was not full: %s' % closed)
    old = [r for r in run.records if r['sourceIPv4Address'] == '10.0.0.1']
    check('full table: records of flows that go on', len(old), 20)


def elephant():
    """100 Gb/s for an hour are 45 TB: jumbograms of 4 GB that say so and of which the headers are captured."""
    size = 4 * 10**9
    jumbo = struct.pack('!BBBBI', 17, 0, 0xc2, 4, size - 40)
    frame = ethernet(ipv6(jumbo + udp(), proto=0, length=0), 0x86dd)
    count = 45 * 10**12 // size
    frames = [(at(3600 * i / count), frame, 14 + 48 + 8) for i in range(count)]
    path = pcap('elephant.pcap', frames)
    run = weir(path)
    check('elephant: octets', sum(r['octetDeltaCount'] for r in run.records), 45 * 10**12)
    check('elephant: records', len(run.records), 60)
    begins = [first for first, _, _ in spans(run)]
    for (first, last, _), following in zip(spans(run), begins[1:] + [begins[-1] + 60000]):
        if last - first >= 60000 or not 60000 <= following - first <= 60000 + 2 * 3600 * 1000 // count + 1:
            bad('elephant: a record is from %d to %d ms, the next from %d' % (first, last, following))
    for version in 9, 10:
        datagrams, status, err = wire.collect([WEIR, '-r', path, '-n', '127.0.0.1:{port}', '-v', str(version)], 30)
        session = wire.Session(version)
        for _, m in datagrams:
            session.feed(m)
        check('elephant: exit status and complaints', (status, session.complaints), (0, []))
        check('elephant: octets in v%d' % version, sum(r.octets for r in session.records), 45 * 10**12)


def steps():
    """Two flows with a packet a second; the clock steps after a minute."""
    def clock(name, step, *options):
        frames = []
        for i in range(120):
            t = i + (step if i >= 60 else 0)
            frames += [(at(t), datagram(1)), (at(t + 0.5), datagram(2))]
        run = weir(pcap(name + '.pcap', frames), '-t', 'active=1h', *options)
        check(name + ': packets', run.ledger['packets']['metered']['frames'], 240)
        never_negative(name, run)
        return spans(run)
    # Packet time is the clock: an hour without a packet ends a flow, be it that the clock was set or that the host slept.
    hour = [(0, 59000, 60), (500, 59500, 60), (3660000, 3719000, 60), (3660500, 3719500, 60)]
    check('an hour on, or a host that slept for one', clock('on', 3600), hour)
    check('an hour back', clock('back', -3600), sorted([(0, 59000, 60), (500, 59500, 60), (-3540000, -3481000, 60), (-3539500, -3480500, 60)]))
    check('a leap second, which comes twice', clock('leap', -1), [(0, 118000, 120), (500, 118500, 120)])
    check('a step within the idle time', clock('small', 10), [(0, 129000, 120), (500, 129500, 120)])


def disorder():
    for late in 1, 10, 1000, 10**6, 10**7:  # microseconds
        frames = [(START, datagram()), (START + 12 * SECOND, datagram()), (START + 12 * SECOND - late * MICROSECOND, datagram()),
                  (START + 12 * SECOND, datagram(2)), (START - late * MICROSECOND + 12 * SECOND, datagram(2))]
        run = weir(pcap('late.pcap', frames))
        never_negative('late by %d us' % late, run)
        check('late by %d us' % late, spans(run), sorted([(0, 12000, 3), ((12 * 10**6 - late) // 1000, 12000, 2)]))
    first = weir(pcap('first.pcap', [(START + 5 * SECOND, datagram()), (START, datagram())]))
    check('the first one late', spans(first), [(0, 5000, 2)])


def nanoseconds():
    """Each frame a flow: what its record says is what the capture says, to the nanosecond."""
    conf, draw = os.path.join(TMP, 'nano.conf'), random.Random(1)
    with open(conf, 'w') as file:
        file.write('records = ( { name = "nano"; match = ["sourceIPv4Address"]; collect = ["flowStartNanoseconds", '
                   '"flowEndNanoseconds"]; } ); cache: { record = "nano"; };')
    times = sorted(draw.randrange(START, START + 10 * SECOND) for _ in range(2000))
    frames = [(t, ethernet(ipv4(udp(), src=0x0a000000 + i))) for i, t in enumerate(times)]
    path, ledger = pcap('nano.pcap', frames), os.path.join(TMP, 'ledger')
    p = subprocess.run([WEIR, '-f', conf, '-r', path, '-o', 'json', '--ledger', ledger], capture_output=True, timeout=50)
    got = {}
    for r in map(json.loads, p.stdout.decode().splitlines()):
        got[r['sourceIPv4Address']] = r['flowStartNanoseconds'], r['flowEndNanoseconds']
    wrong = [i for i, t in enumerate(times) if got.get('10.0.%d.%d' % (i >> 8, i & 255)) != (moment(t), moment(t))]
    if wrong:
        bad('nanoseconds: %d of %d differ, as %s, which is %s: %s' % (
            len(wrong), len(times), got.get('10.0.%d.%d' % (wrong[0] >> 8, wrong[0] & 255)), moment(times[wrong[0]]), p.stderr[-500:]))


def moment(t):
    return '%s.%09dZ' % (datetime.datetime.fromtimestamp(t // SECOND, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S'), t % SECOND)


def dates():
    year = {'1970': 0, '2036': 2085978496 + 5, '2038': 2**31 + 5, '2106': 2**32 - 5, '2^32 - 1 s': 2**32 - 1}
    for name, seconds in year.items():
        for ns in True, False:
            run = weir(pcap('date.pcap', [(seconds * SECOND, datagram()), (seconds * SECOND + 999999000, datagram())], nanoseconds=ns))
            times = [(when(r['flowStartMilliseconds']), when(r['flowEndMilliseconds'])) for r in run.records]
            check('a capture of %s' % name, times, [(seconds * 1000, seconds * 1000 + 999)])
    # In pcapng times have 64 bits: before 1970, in 9999, at either end of what there is
    for name, units in ('1969', 2**64 - 10**6), ('9999', 253402300799 * 10**6), ('least', 2**63), ('most', 2**63 - 1), ('none', 0):
        path = pcapng('far.pcapng', [(1, 6)], [(0, START // 1000, datagram(1)), (0, units, datagram(2)), (0, START // 1000, datagram(3))])
        run = weir(path, status=(0, 2))
        never_negative('pcapng of %s' % name, run)
        if run.status == 0:
            check('pcapng of %s: packets' % name, run.ledger['packets']['metered']['frames'], 3)
        for version in 5, 9, 10:
            datagrams, status, err = wire.collect([WEIR, '-r', path, '-n', '127.0.0.1:{port}', '-v', str(version)], 30)
            check('pcapng of %s: v%d ends with' % (name, version), status, run.status)


def clocks():
    """The same moments in microseconds and in nanoseconds, one interface each."""
    frames = [(i & 1, at(i) // (1000 if i & 1 == 0 else 1), datagram(i & 1)) for i in range(10)]
    run = weir(pcapng('clocks.pcapng', [(1, 6), (1, 9)], frames))
    check('two clocks', spans(run), [(0, 8000, 5), (1000, 9000, 5)])


for test in full_table, elephant, steps, disorder, nanoseconds, dates, clocks:
    test()
finish()
