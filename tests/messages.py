#!/usr/bin/env python3
"""messages.py [COUNT [JOBS]]: so many messages (1000000) of NetFlow v5, v9 and IPFIX, small ones, by the readers that
know nothing of each other (readers.py): none has a complaint, and all find as many flow records.

Captures come from the generator, each hour of traffic with another seed, and where ../shared is there from that once, each
with an observation domain of its own. They are made, sent, read and removed in slices, JOBS (2) of them at a time. Records,
time-outs, lengths of messages and biflows change from one slice to the next. A reader that is not there is left out and
named. Each must notice when messages are missing, as far as it looks for that.
"""
import concurrent.futures
import itertools
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import readers
import truth
import wire

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WEIR = os.environ.get('WEIR', ROOT + '/weir')
GEN = os.environ.get('GEN', ROOT + '/build/tests/gen')
SCENARIOS = 'office', 'timeouts', 'office', 'ports', 'office', 'fragments', 'office', 'ethertypes', 'office', 'tunnels'
HOURS = 30  # of a slice, two apart
PCAP_HEADER = 24
LENGTHS = 484, 484, 600
VERSIONS = 5, 9, 10, 5, 5  # what NetFlow v5 can tell fills fewer messages
CAPTURES = 20  # of ../shared in a slice


def weir(capture, version, options, complete=True):
    """The datagrams that it sends of a capture; what is not one is refused with status 2."""
    command = [WEIR, '-qq', '-r', capture, '-n', '127.0.0.1:{port}', '-v', str(version)] + options
    datagrams, status, err = wire.collect(command, 120)
    if status and (complete or status != 2):
        raise RuntimeError('%s: status %s: %s' % (' '.join(command), status, err[-300:]))
    return [m for _, m in datagrams]


def generate(path, seeds):
    """Hours of traffic, one after the other."""
    with open(path, 'wb') as out:
        for seed, scenario in zip(seeds, itertools.cycle(SCENARIOS)):
            start = 1700000000 + 7200 * (seed - seeds[0])
            subprocess.run([GEN, scenario, path + '.hour', '--seed', str(seed), '--start', str(start)], check=True,
                           stdout=subprocess.DEVNULL)
            with open(path + '.hour', 'rb') as f:
                octets = f.read()
            out.write(octets[PCAP_HEADER if out.tell() else 0:])


def generated(name, version, seeds, options, biflow):
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMP')) as folder:
        generate(folder + '/in.pcap', seeds)
        return [readers.Stream(name, version, weir(folder + '/in.pcap', version, options), not biflow)]


def shared(name, version, captures, options):
    return [readers.Stream('%s, %s' % (name, os.path.basename(capture)), version, weir(
        capture, version, options + ['--set', 'exporters[0].observation_domain=%d' % domain], False), True)
        for domain, capture in captures]


def joined(streams):
    """In one, for a reader that takes long to start."""
    return [readers.Stream(streams[0].name, streams[0].version, [m for s in streams for m in s.datagrams], streams[0].classic)]


def judge(make, *arguments):
    """Version, messages, flow records, complaints and seconds of each reader, of what make() sends."""
    streams = make(*arguments)
    found, complaints, took = {}, [], {}
    for name, reader in readers.READERS.items():
        began, found[name] = time.monotonic(), 0
        for stream in joined(streams) if name == 'tshark' else streams:
            said, count = reader(stream)
            found[name] = None if count is None else found[name] + count
            complaints += ['%s, %s: %s' % (stream.name, name, c) for c in said]
        took[name] = time.monotonic() - began
    messages = sum(len(s.datagrams) for s in streams)
    if not messages:
        complaints.append(streams[0].name + ': no messages')
    if len({n for n in found.values() if n is not None}) > 1:
        complaints.append('%s: flow records: %s' % (streams[0].name, found))
    return streams[0].version, messages, max(n or 0 for n in found.values()), complaints, took


def of_shared():
    """Slices of what is in ../shared."""
    captures = []
    for folder, _, names in sorted(os.walk(readers.SHARED + '/pcaps')):
        captures += [folder + '/' + n for n in sorted(names) if not n.endswith(('.tsv', '.md'))]
    for at in range(0, len(captures), CAPTURES):
        for version in (5, 9, 10):
            some = list(enumerate(captures[at:at + CAPTURES], 1))
            yield shared, 'v%d shared captures from %d' % (version, at), version, some, ['--set', 'exporters[0].max_datagram=484']


def of_generator():
    """Slices without an end."""
    records, seed = list(truth.READY), 1
    for turn in itertools.count():
        for version in VERSIONS:
            record = 'default' if version == 5 else records[turn % len(records)]
            biflow = version == 10 and turn % 3 == 2
            options = ['-t', 'idle=2s', '-t', 'active=%ds' % (5 + turn), '--set', 'cache.record=' + record, '--set',
                       'cache.biflow=' + str(biflow).lower(), '--set', 'exporters[0].max_datagram=%d' % LENGTHS[turn % len(LENGTHS)]]
            name = 'v%d, seeds from %d, %s%s' % (version, seed, record, ', biflow' if biflow else '')
            yield generated, name, version, range(seed, seed + HOURS), options, biflow
            seed += HOURS


def notice():
    """Who does not notice that messages are missing."""
    for version in (5, 9, 10):
        [stream] = generated('', version, range(1), ['--set', 'exporters[0].max_datagram=484'], False)
        stream.datagrams = stream.datagrams[:20] + stream.datagrams[23:]
        for name, reader in readers.READERS.items():
            if (name, version) not in readers.BLIND and not reader(stream)[0]:
                yield '%s does not notice that messages are missing in v%d' % (name, version)


def main():
    wanted, jobs = (int(a) for a in sys.argv[1:] + ['1000000', '2'][len(sys.argv) - 1:])
    failures, messages, records, took, told = list(notice()), dict.fromkeys((5, 9, 10), 0), 0, dict.fromkeys(readers.READERS, 0), 0
    slices, running = itertools.chain(of_shared(), of_generator()), set()
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        while running or sum(messages.values()) < wanted:
            while len(running) < jobs and sum(messages.values()) < wanted:
                running.add(pool.submit(judge, *next(slices)))
            done, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for version, count, found, complaints, seconds in (f.result() for f in done):
                messages[version] += count
                records += found
                failures += complaints
                for name in seconds:
                    took[name] += seconds[name]
            if sum(messages.values()) // 50000 > told:
                told = sum(messages.values()) // 50000
                print('%d messages, %d findings' % (sum(messages.values()), len(failures)), flush=True)
    for failure in failures[:20]:
        print('FAILED: ' + failure)
    print('messages.py: %d messages (%s) with %d flow records, %d findings of %d readers (%s)' % (
        sum(messages.values()), ', '.join('v%d %d' % m for m in messages.items()), records, len(failures), len(took),
        ', '.join('%s %.0f s' % t for t in took.items())))
    sys.exit(bool(failures))


main()
