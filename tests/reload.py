#!/usr/bin/env python3
"""reload.py WEIR WEIRCTL FLOOD NAMESPACE FRAMES DIRECTORY: for 69-reload.sh, in the namespace of the collectors.

Runs weir, changes its file beside a flood of frames that are a flow each, and has collectors of its own, who read
with wire.py. Exit 0: every frame that weir saw is in one record."""
import collections
import json
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import readers
import wire

WEIR, WEIRCTL, FLOOD, OTHER, FRAMES, DIRECTORY = sys.argv[1:7]
FRAMES = int(FRAMES)
SOCKET, FILE = f'{DIRECTORY}/weir.sock', f'{DIRECTORY}/weir.conf'
faults = []


class Collector:
    """Takes datagrams until it is closed."""

    def __init__(self, version, named=False):
        self.version, self.named, self.got, self.open = version, named, [], True
        self.socket = wire.open_socket()
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.open:
            try:
                self.got.append((time.time(), *self.socket.recvfrom(65535)))
            except TimeoutError:
                pass

    def close(self):
        """Numbers and packets of all records; each socket that sent is a session."""
        self.open = False
        self.thread.join()
        self.socket.close()
        sessions, records = {}, []
        for when, datagram, peer in self.got:
            s = sessions.setdefault(peer, wire.Session(self.version, live=True, classic=False))
            s.feed(datagram, when)
        for peer, s in sessions.items():
            check(not self.meant(s.complaints), f'{peer}: {s.complaints[:3]}')
            records += s.records
            self.read_otherwise(peer, len(s.records))
        self.sessions = len(sessions)
        return records

    def meant(self, complaints):
        """What was for a collector whose name was not known yet is missing where its sequence begins."""
        return [c for c in complaints if not (self.named and ('datagram 1: sequence' in c or 'first sequence' in c))]

    def read_otherwise(self, peer, records):
        """What others who read the same stream say of it."""
        stream = readers.Stream('', self.version, [d for _, d, p in self.got if p == peer], classic=False)
        for name, reader in readers.READERS.items():
            complaints, count = reader(stream)
            check(not self.meant(complaints), f'{peer}, {name}: {complaints[:3]}')
            check(count in (None, records), f'{peer}, {name}: {count} records of {records}')


def check(good, what):
    if not good:
        faults.append(what)
        print('FAILED', what, flush=True)


class Settings:
    """The file, as it is next."""

    def __init__(self, **values):
        self.values = dict(values, host='localhost')

    def write(self, **changes):
        self.values.update(changes)
        v = self.values
        inputs = ', '.join(f'{{ interface = "{i}"; filter = "{v["filter"]}"; }}' for i in v['inputs'])
        exporters = ', '.join(f'{{ collector = "{v["host"] if c.named else "127.0.0.1"}:{c.port}"; protocol = "{p}"; }}'
                              for c, p in v['exporters'])
        with open(FILE + '.new', 'w') as f:
            f.write(f'''inputs = ( {inputs} );
dedup = "none";
records = ( {{ name = "few"; match = ["sourceIPv4Address"]; collect = ["packetDeltaCount", "octetDeltaCount"]; }} );
cache = {{ entries = {v['entries']}; record = "{v['record']}"; biflow = {v['biflow']};
    timeouts = {{ idle = "{v['idle']}"; }}; }};
sampling = {{ interval = {v['sampling']}; }};
exporters = ( {exporters} );
control = {{ socket = "{SOCKET}"; }};
privileges = {{ user = ""; {v['privileges']} }};
''')
        os.rename(FILE + '.new', FILE)


def ask(*words):
    r = subprocess.run([WEIRCTL, '-s', SOCKET, '-j', *words], capture_output=True, text=True, timeout=60)
    try:
        return json.loads(r.stdout)
    except ValueError:
        return {'error': r.stderr or r.stdout or f'status {r.returncode}'}


def until(seconds, condition, what):
    end = time.time() + seconds
    while not condition():
        if time.time() > end:
            check(False, f'waited for: {what}')
            return False
        time.sleep(0.02)
    return True


def seen():
    return ask('ledger').get('packets', {}).get('seen', {}).get('frames', -1)


def start():
    log = open(f'{DIRECTORY}/log', 'w')
    p = subprocess.Popen([WEIR, '-f', FILE], stderr=log, stdout=log)
    until(20, lambda: 'error' not in ask('status'), 'weir answers')
    return p


next_number = 0x0a000000


def flood(interface='va', again=False):
    """`again`: packets of the same flows as last time."""
    global next_number
    if again:
        next_number -= FRAMES
    first, next_number = next_number, next_number + FRAMES
    return subprocess.Popen(['ip', 'netns', 'exec', OTHER, FLOOD, interface, str(first), str(FRAMES)],
                            stdout=subprocess.DEVNULL)


def change(settings, expect, by_signal=None, interface='va', **changes):
    """Takes up the changes in the middle of a flood; `expect`: what must be told."""
    before = seen()
    f = flood(interface)
    until(20, lambda: seen() > before or f.poll() is not None, 'the flood comes')
    settings.write(**changes)
    if by_signal:
        by_signal.send_signal(signal.SIGHUP)
        until(20, lambda: open(f'{DIRECTORY}/log').read().count('changes=') >= 1, 'a reload by signal')
    else:
        answer = ask('reload')
        told = ' '.join(answer.get('changed', []) + ['restart:' + t for t in answer.get('needs_restart', [])])
        check(expect in told or expect in answer.get('error', ''), f'reload said {answer}, not {expect}')
    f.wait()
    check(ask('ledger').get('adds_up') is True, f'after {expect}: {ask("ledger").get("wrong")}')


def end(p, collectors):
    """The ledger of the end, and all records by collector."""
    until(20, lambda: ask('status')['ring']['records'] == 0, 'the ring is empty')
    last = [-1, seen()]
    until(20, lambda: last.append(seen()) or last[-1] == last[-2], 'no more frames')
    p.send_signal(signal.SIGTERM)
    status = p.wait(60)
    log = open(f'{DIRECTORY}/log').read()
    check(status == 0, f'weir ended with {status}')
    check('the ledger adds up' in log, 'the last ledger')
    check('lost 0' in log and 'records lost' not in log, 'records were lost')
    summary = log.strip().splitlines()[-1]
    return summary, [c.close() for c in collectors]


def packets_of(records):
    """How often each number is told of."""
    count = collections.Counter()
    for r in records:
        count[r.fields[0, 8][0]] += wire.number(r.fields[0, 2][0])
    return count


def judge(records, frames, what):
    count = packets_of(records)
    twice = sum(1 for n in count.values() if n != 1)
    check(not twice, f'{what}: {twice} frames are in two records')
    check(len(count) == frames, f'{what}: {len(count)} frames are in records, not {frames}')


def metered(summary):
    """Of the summary's first words: packets seen, and in flows."""
    words = summary.replace(':', '').split()
    return int(words[1]), int(words[4])


def all_kinds():
    """Whatever a running weir takes up, and one frame is lost or doubled by none of it."""
    a, b = Collector(10), Collector(9, named=True)
    s = Settings(inputs=['vb'], filter='', entries=1 << 20, record='default', biflow='false', idle='15s', sampling=1,
                 exporters=[(a, 'ipfix')], privileges='')
    s.write()
    p = start()
    change(s, 'cache.timeouts.idle', idle='1s')
    change(s, 'cache.record', record='few')
    change(s, f'localhost:{b.port} added', exporters=[(a, 'ipfix'), (b, 'netflow9')])
    until(20, lambda: b.got, 'the name of the second collector is resolved, and it hears')
    change(s, '', by_signal=p, record='default')
    change(s, 'cache.biflow', biflow='true')
    change(s, 'restart:cache.entries', entries=1 << 18)
    change(s, 'idle', idle='nonsense')
    change(s, f'localhost:{b.port} removed', exporters=[(a, 'ipfix')], idle='1s', biflow='false')
    change(s, 'inputs[].filter of vb', filter='udp')
    change(s, 'the right to capture was given up, so another one needs a restart', inputs=['vb', 'wb'])
    summary, (of_a, of_b) = end(p, [a, b])
    judge(of_a, metered(summary)[0], 'the one that stayed')
    check(a.sessions == 1, f'{a.sessions} sessions with the one that stayed')
    count = packets_of(of_b)
    check(len(count) > 0 and max(count.values()) == 1, 'the one that came and went: frames in two records')
    print(summary)


def confined(p):
    """What /proc tells of weir's threads and of the process that keeps the right to capture, where that is given up."""
    [opener] = [c for c in open(f'/proc/{p.pid}/task/{p.pid}/children').read().split()
                if open(f'/proc/{c}/comm').read().strip() == 'weir-opener']
    for pid, rights in (str(p.pid), 0), (opener, 0x2000):
        for task in os.listdir(f'/proc/{pid}/task'):
            status = dict(line.split(':', 1) for line in open(f'/proc/{pid}/task/{task}/status').read().splitlines())
            check(int(status['CapEff'], 16) == rights and int(status['CapPrm'], 16) == rights and
                  status['Seccomp'].strip() == '2', f'{status["Name"].strip()}: {status["CapEff"]} {status["Seccomp"]}')


def lives_on():
    """Flows go on beyond a change of time-outs, and end by the new ones."""
    a = Collector(10)
    s = Settings(inputs=['vb'], filter='', entries=1 << 20, record='default', biflow='false', idle='50s', sampling=1,
                 exporters=[(a, 'ipfix')], privileges='')
    s.write()
    p = start()
    for again, idle in (False, '40s'), (True, '45s'), (True, '1s'):
        flood(again=again).wait()
        until(20, lambda: seen() >= FRAMES, 'the flood has come')
        s.write(idle=idle)
        answer = ask('reload')
        check('cache.timeouts.idle' in answer.get('changed', []), f'reload said {answer}')
        check(ask('timeouts').get('idle') == float(idle[:-1]), f'{ask("timeouts")}, not {idle}')
    until(20, lambda: ask('ledger').get('flows', {}).get('live', {}).get('packets') == 0, 'all have left')
    summary, (of_a,) = end(p, [a])
    mine = [r for r in of_a if r.fields[0, 8][0][0] == 10]
    check(len(mine) == FRAMES, f'{len(mine)} records of {FRAMES} flows')
    check(set(packets_of(mine).values()) == {3}, 'a flow was cut in two, or lost packets')
    check({wire.number(r.fields[0, 136][0]) for r in mine} == {1}, 'not all ended by being idle')
    print(summary)


def inputs_and_sampling():
    """With the right to capture, in another process: inputs come and go; then filters and sampling leave out."""
    a = Collector(10)
    s = Settings(inputs=['vb'], filter='', entries=1 << 20, record='few', biflow='false', idle='1s', sampling=1,
                 exporters=[(a, 'ipfix')], privileges='capture = true;')
    s.write()
    p = start()
    if 'seccomp=yes' in open(f'{DIRECTORY}/log').read():  # a build with sanitizers is not
        confined(p)
    change(s, 'inputs: wb added', inputs=['vb', 'wb'])
    change(s, 'cache.timeouts.idle', idle='2s', interface='wa')
    change(s, 'inputs: vb removed', inputs=['wb'])
    change(s, 'inputs: vb added', inputs=['vb', 'wb'], interface='wa')
    change(s, 'inputs: wb removed', inputs=['vb'], interface='wa')
    for _ in range(3):
        change(s, 'inputs: wb added', inputs=['vb', 'wb'], interface='wa')
        change(s, 'inputs: wb removed', inputs=['vb'], interface='wa')
    change(s, 'sampling.interval', sampling=3)
    change(s, 'inputs[].filter', filter='tcp')
    change(s, 'inputs[].filter', filter='')
    summary, (of_a,) = end(p, [a])
    judge(of_a, metered(summary)[1], 'inputs and sampling')
    print(summary)


all_kinds()
lives_on()
inputs_and_sampling()
sys.exit(bool(faults))
