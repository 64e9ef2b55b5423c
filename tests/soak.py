#!/usr/bin/env python3
"""soak.py MINUTES [SEED [FAULT...]]: weir for a long time, with mixed load and faults at random; `make soak HOURS=72`.

In a network namespace of its own: frames of the generator's captures, floods of new flows that fill the cache, and long
flows; collectors over UDP, TCP and TLS that are killed and come back, files, links that go down and up, weir stopped and continued,
hostile clients, other configurations (time-outs, records, sampling, filters, exporters, one that is wrong) by weirctl
and by SIGHUP, and a clock that is set, by half a second up to 50 days, forth and back (clock.py).

Once a second, and after SIGTERM, the ledger has to add up, here again from its numbers: what came in, what became of it,
what each collector was sent. When each fault has happened once the resident size of weir's processes is taken; it has to
stay within 1 % of that until the end, or the mappings that moved are told. It is measured with the configuration of the
start, to which each reload goes back after a while, and when all collectors of others have gone, which may take a minute to
be sent what they are due: until then it is another. So it is for ten seconds after hostile clients.
SOAK_UNDER=PROGRAM runs weir by that, unconfined, without a word on its size: SOAK_UNDER='valgrind -q --error-exitcode=9'.
A line is printed each tenth of the time, or each hour; the last one sums up; exit status 0 if all of it held.
"""
import atexit
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from clock import Clock, Wire, own_network

ROOT = os.path.dirname(HERE)
WEIR = os.path.abspath(os.environ.get('WEIR_PLAIN', ROOT + '/weir'))
WEIRCTL = os.path.dirname(WEIR) + '/weirctl'
GEN = os.environ.get('GEN', ROOT + '/build/tests/gen')
ENTRIES = 32768
DRIFT = 1.0  # per cent
CAPTURES = ('office', 'ports', 'fragments', 'tunnels')
STEPS = (0, 0.5, 5, 30, 3600, 50 * 86400)  # seconds that the clock may be off, either way

# A collector is a process of its own, so that it can be killed.
COLLECTOR = '''
import socket, ssl, sys, threading
kind, port, certificate = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if kind == 'udp':
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', port))
    while True: s.recv(65536)
def take(c):
    try:
        if kind == 'tls':
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            context.load_verify_locations(certificate + '.crt')
            context.verify_mode = ssl.CERT_REQUIRED
            c = context.wrap_socket(c, server_side=True)
        while c.recv(1 << 16): pass
    except OSError:
        pass
s = socket.create_server(('127.0.0.1', port))
while True: threading.Thread(target=take, args=(s.accept()[0],), daemon=True).start()
'''


class Collector:
    def __init__(self, kind, certificate):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == 'udp' else socket.SOCK_STREAM) as probe:
            probe.bind(('127.0.0.1', 0))
            self.kind, self.port, self.process = kind, probe.getsockname()[1], None
        self.certificate = certificate
        self.start()
        atexit.register(self.kill)

    def start(self):
        self.process = subprocess.Popen([sys.executable, '-c', COLLECTOR, self.kind, str(self.port), self.certificate])

    def kill(self):
        self.process.kill()
        self.process.wait()


def make_certificate(path):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30',
                    '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', path + '.key', '-out', path + '.crt'],
                   check=True, capture_output=True)
    with open(path, 'w') as file:
        file.write(open(path + '.key').read() + open(path + '.crt').read())


class Sender(threading.Thread):
    """Some frames of the captures every 20 ms; a flood when asked for one."""

    def __init__(self, frames, rate, clock):
        super().__init__(daemon=True)
        self.frames, self.rate, self.flood, self.sent, self.over = frames, rate, 0, 0, False
        self.base, self.wire = 0, Wire('va', clock)

    def run(self):
        while not self.over:
            for _ in range(self.rate // 50):
                self.send(random.choice(self.frames))
            for _ in range(min(self.flood, 400)):
                self.base += 1
                self.send(flow_frame(self.base))
                self.flood -= 1
            time.sleep(0.02)

    def send(self, data):
        try:
            self.wire.send(data)
            self.sent += 1
        except OSError:  # the link is down
            time.sleep(0.02)


def flow_frame(number):
    head = bytes.fromhex('020000000002020000000001' '0800' '4500001c000000004011') + bytes(2)
    return head + bytes((10,)) + (number & 0xffffff).to_bytes(3, 'big') + bytes((10, 0, 0, 2)) + bytes.fromhex('1000003500080000')


def frames_of(path):
    with open(path, 'rb') as file:
        data = file.read()
    at = 24
    while at + 16 <= len(data):
        length = int.from_bytes(data[at + 8:at + 12], sys.byteorder)
        if 14 <= length <= 1514:
            yield data[at + 16:at + 16 + length]
        at += 16 + length


def tally(*rows):
    return tuple(sum(r[k] for r in rows) for k in ('flows', 'packets', 'octets'))


def wrong_in(ledger, ended):
    """None, or which sum does not hold."""
    if not ledger['adds_up']:
        return 'weir says so: %s' % ledger['wrong']
    p, f = ledger['packets'], ledger['flows']
    parts = [p[k]['frames'] for k in ('metered', 'ignored', 'sampled_out', 'own')]
    if p['seen']['frames'] != sum(parts):
        return 'frames seen are not those of %s' % parts
    if tally(f['metered']) != tally(f['live'], f['transit'], f['lost'], f['exported']):
        return 'flows metered are not those live, in transit, lost and exported: %s' % f
    if f['metered']['packets'] != p['metered']['frames']:
        return 'packets in flows are not those metered'
    for c in f['collectors']:
        if tally(f['exported']) != tally(c['sent'], c['lost'], c['not_exportable'], c['pending'], c['absent']):
            return 'records for %s are not those exported: %s' % (c['name'], c)
        if ended and tally(c['pending']) != (0, 0, 0):
            return 'records for %s are left pending' % c['name']
    if ended and tally(f['live'], f['transit']) != (0, 0, 0):
        return 'flows are left behind'
    if ended and p['kernel']['received'] != p['seen']['frames'] + p['filtered']['frames'] + p['duplicates']['frames'] + p['kernel']['dropped']:
        return 'the kernel counted %s' % p['kernel']
    return None


class Memory:
    """The resident size of a process and of those that it made, mapping by mapping, in KB.

    From smaps: the sum in /proc/PID/status may be off by what each processor has not yet told.
    """

    def __init__(self, pid):
        with open('/proc/%d/task/%d/children' % (pid, pid)) as file:
            self.pids = [pid] + [int(child) for child in file.read().split()]
        self.at_first = self.at_most = self.at_least = self.mappings()
        self.first, self.looks = self.total(self.at_first), 0

    @staticmethod
    def total(mappings):
        return sum(resident for resident, _ in mappings.values())

    def mappings(self):
        """{where it is: (resident, of which on huge pages)}"""
        found = {}
        for pid in self.pids:
            with open('/proc/%d/comm' % pid) as file:
                process = file.read().strip()
            with open('/proc/%d/smaps' % pid) as file:
                for line in file:
                    word = line.split()
                    if not word[0].endswith(':'):
                        at = '%s %s %s' % (process, word[0], ' '.join(word[5:]) or 'anonymous')
                    elif word[0] == 'Rss:':
                        found[at] = (int(word[1]), 0)
                    elif word[0] == 'AnonHugePages:':
                        found[at] = (found[at][0], int(word[1]))
        return found

    def look(self):
        now = self.mappings()
        self.looks += 1
        if self.total(now) > self.total(self.at_most):
            self.at_most = now
        if self.total(now) < self.total(self.at_least):
            self.at_least = now

    def range(self):
        return self.total(self.at_least), self.total(self.at_most)

    def drift(self):
        least, most = self.range()
        return 100 * max(most - self.first, self.first - least) / self.first

    def moved(self):
        """A line for each mapping that has another size than at first, at the look at which the sum was farthest from that."""
        least, most = self.range()
        then = self.at_most if most - self.first >= self.first - least else self.at_least
        none = (0, 0)
        return ''.join('\n    %s: resident %d, then %d KB; on huge pages %d, then %d KB' % (
            at, self.at_first.get(at, none)[0], then.get(at, none)[0], self.at_first.get(at, none)[1], then.get(at, none)[1])
                       for at in sorted({**self.at_first, **then}) if self.at_first.get(at) != then.get(at))


class Soak:
    HOME = {'active': 20, 'idle': 5, 'record': 'default', 'biflow': 'false', 'sampling': 1, 'filter': '',
            'exporters': ('udp', 'v9', 'tcp', 'tls', 'file'), 'more': ''}

    def __init__(self, minutes, seed):
        self.random, self.tmp = random.Random(seed), tempfile.mkdtemp(prefix='weir-soak.')
        self.begun = time.monotonic()
        self.end = self.begun + 60 * minutes
        self.next_line, self.every = self.begun, min(6 * minutes, 3600)
        self.faults, self.wrong, self.looks, self.away = {}, [], 0, False
        self.socket = self.tmp + '/socket'
        make_certificate(self.tmp + '/pem')
        self.udp, self.tcp, self.tls = (Collector(kind, self.tmp + '/pem') for kind in ('udp', 'tcp', 'tls'))
        self.under = os.environ.get('SOAK_UNDER', '').split()
        frames = []
        for name in CAPTURES:
            subprocess.run([GEN, name, self.tmp + '/in.pcap'], check=True, stdout=subprocess.DEVNULL)
            frames += frames_of(self.tmp + '/in.pcap')
        self.clock = Clock(self.tmp + '/clock')
        self.sender = Sender(frames, int(os.environ.get('SOAK_RATE', 2000)), self.clock)
        self.weir = self.start_weir()
        self.memory, self.settled = None, False  # the first from when it is warm on

    def write_configuration(self, **changes):
        c = dict(self.HOME, **changes)
        exporters = {
            'udp': 'collector = "127.0.0.1:%d"; protocol = "ipfix";' % self.udp.port,
            'v9': 'collector = "127.0.0.1:%d"; protocol = "netflow9";' % self.udp.port,
            'v5': 'collector = "127.0.0.1:%d"; protocol = "netflow5";' % self.udp.port,
            'tcp': 'collector = "127.0.0.1:%d"; protocol = "ipfix"; transport = "tcp"; reconnect = "1s"; buffer = "1M"; spool: { directory = "%s/spool"; };' % (
                self.tcp.port, self.tmp),
            'tls': 'collector = "127.0.0.1:%d"; protocol = "ipfix"; transport = "tls"; reconnect = "2s"; buffer = "1M"; '
                   'tls: { ca = "%s/pem.crt"; certificate = "%s/pem.crt"; key = "%s/pem.key"; };' % (
                       self.tls.port, self.tmp, self.tmp, self.tmp),
            'file': 'protocol = "ipfix"; transport = "file"; file: { path = "%s/files/"; size = "4M"; time = "1m"; };' % self.tmp,
        }
        with open(self.tmp + '/new', 'w') as file:
            file.write('''
                inputs = ( { interface = "vb"; workers = 2; buffer = "8M"; filter = "%s"; } );
                records = ( { name = "few"; match = ["sourceIPv4Address"]; collect = ["packetDeltaCount", "octetDeltaCount"]; } );
                cache: { entries = %d; record = "%s"; biflow = %s; timeouts: { active = %s; idle = %s; }; };
                sampling: { interval = %d; };
                control: { socket = "%s"; };
                privileges: { confine = %s; };
                exporters = ( %s );
                %s
                ''' % (c['filter'], ENTRIES, c['record'], c['biflow'], c['active'], c['idle'], c['sampling'], self.socket,
                       'false' if self.under else 'true', ', '.join('{ %s }' % exporters[x] for x in c['exporters']), c['more']))
        os.rename(self.tmp + '/new', self.tmp + '/weir.conf')

    def start_weir(self):
        os.mkdir(self.tmp + '/spool')
        os.mkdir(self.tmp + '/files')
        self.write_configuration()
        self.log = open(self.tmp + '/log', 'w')
        process = subprocess.Popen(self.under + [WEIR, '-f', self.tmp + '/weir.conf', '--ledger', self.tmp + '/ledger'], stdin=subprocess.DEVNULL,
                                   stdout=self.log, stderr=self.log,
                                   env=self.clock.environment)
        while 'frames are let in' not in open(self.tmp + '/log').read():
            if process.poll() is not None:
                sys.exit('weir does not start: ' + open(self.tmp + '/log').read())
            time.sleep(0.05)
        return process

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60 if self.under else 15)
            client.connect(self.socket)
            client.sendall(json.dumps({'command': command}).encode() + b'\n')
            answer = b''
            while not answer.endswith(b'\n'):
                more = client.recv(1 << 16)
                if not more:
                    break
                answer += more
        return json.loads(answer)

    def blame(self, what):
        self.wrong.append(what)
        print('WRONG after %.1f min: %s' % ((time.monotonic() - self.begun) / 60, what), flush=True)

    def look(self):
        ledger = self.ask('ledger')
        fault = wrong_in(ledger, False)
        self.looks += 1
        if fault:
            self.blame(fault)
        files = sorted(os.scandir(self.tmp + '/files'), key=lambda entry: entry.stat().st_mtime)
        for entry in files[:-20]:
            os.unlink(entry.path)
        self.settled = not self.away and len(ledger['flows']['collectors']) == len(self.HOME['exporters'])
        if self.memory and self.settled:
            self.memory.look()
        if time.monotonic() >= self.next_line:
            self.next_line += self.every
            print('%6.1f min: %d flows, %d faults, %d looks, %d wrong, resident %d to %d KB' % (
                (time.monotonic() - self.begun) / 60, ledger['flows']['metered']['flows'], sum(self.faults.values()),
                self.looks, len(self.wrong), *(self.memory.range() if self.memory else (0, 0))), flush=True)

    # ---- Faults: each leaves things as it found them ----

    def flood(self):
        self.sender.flood += 3 * ENTRIES

    def kill(self, collector, most):
        """The first time so long that its buffer fills: memory which is taken at start is touched then."""
        collector.kill()
        if not self.memory:
            self.flood()
            self.spend(12)
        self.pause(most)
        collector.start()

    def kill_udp(self):
        self.kill(self.udp, 5)

    def kill_tcp(self):
        self.kill(self.tcp, 20)

    def kill_tls(self):
        self.kill(self.tls, 10)

    def flap(self):
        for _ in range(self.random.randint(1, 4)):
            link = self.random.choice(('va', 'vb'))
            subprocess.run(['ip', 'link', 'set', link, 'down'], check=True)
            self.pause(2)
            subprocess.run(['ip', 'link', 'set', link, 'up'], check=True)

    stopped = False

    def freeze(self):
        self.stopped = True
        self.weir.send_signal(signal.SIGSTOP)
        self.pause(3)
        self.weir.send_signal(signal.SIGCONT)
        self.stopped = False

    def garbage(self):
        clients = [socket.socket(socket.AF_UNIX) for _ in range(40)]
        for client in clients:
            client.settimeout(1)
            try:
                client.connect(self.socket)
                client.send(self.random.randbytes(self.random.randint(1, 9000)))
            except OSError:
                pass
        for client in clients:
            client.close()
        self.away = True
        self.spend(12)  # weir gives back what they took within ten seconds
        self.away = False

    def set_the_clock(self):
        """It may stay as it is now: the next time another is set."""
        self.clock.set(self.random.choice((-1, 1)) * self.random.choice(STEPS))
        self.pause(4)

    def other_configuration(self):
        r = self.random
        some = {'active': r.choice((7, 10, 60)), 'idle': r.choice((1, 2, 5, 8)), 'record': r.choice(('default', 'few')),
                'biflow': r.choice(('false', 'false', 'true')), 'sampling': r.choice((1, 3, 10)),
                'filter': r.choice(('', 'udp', 'not tcp port 80')),
                'exporters': r.choice((('udp', 'v9', 'tcp'), ('udp', 'file'), ('v9', 'tls'), ('tcp', 'v5')))}
        chosen = {k: some[k] for k in r.sample(sorted(some), r.randint(1, len(some)))}
        if 'v5' in chosen.get('exporters', ''):  # which knows neither
            chosen.update(record='default', biflow='false')
        elif chosen.get('record') == 'few':
            chosen['biflow'] = 'false'
        return chosen

    def weirctl_reload(self):
        return subprocess.run([WEIRCTL, '-s', self.socket, 'reload'], capture_output=True, text=True, timeout=60)

    def reload(self):
        """Some others, one after the other, and back; each kind of them the first time."""
        kinds = [self.other_configuration() for _ in range(self.random.randint(1, 3))]
        if 'reload' not in self.faults:
            kinds = [{'record': 'few'}, {'biflow': 'true'}, {'sampling': 3, 'idle': 1}, {'filter': 'udp'},
                     {'exporters': ('tcp', 'v5')}, {'exporters': ('v9', 'udp'), 'record': 'few'}]
        self.away = True
        for kind in kinds:
            self.write_configuration(**kind)
            if self.random.random() < 0.5:
                self.weir.send_signal(signal.SIGHUP)
            else:
                self.taken_up(self.weirctl_reload())
            self.pause(8)
        self.write_configuration()
        self.taken_up(self.weirctl_reload())
        self.pause(3)
        self.away = False

    def taken_up(self, answer):
        if answer.returncode:
            self.blame('reload: ' + answer.stdout + answer.stderr)

    def wrong_configuration(self):
        self.write_configuration(more=self.random.choice(('cache: { entries = ', 'nonsense = 1;', 'sampling: { interval = -1; };')))
        answer = self.weirctl_reload()
        if answer.returncode != 1:
            self.blame('a wrong configuration: %d %s' % (answer.returncode, answer.stdout))
        self.write_configuration()

    def pause(self, most):
        self.spend(self.random.uniform(0.1, most))

    def spend(self, left):
        """With a look each second, unless weir is stopped."""
        while left > 0:
            time.sleep(min(left, 1))
            left -= 1
            if left > 0 and not self.stopped:
                self.look()

    def run(self):
        faults = [self.flood, self.kill_udp, self.kill_tcp, self.kill_tls, self.flap, self.freeze, self.garbage, self.set_the_clock,
                  self.reload, self.wrong_configuration]
        faults = [f for f in faults if not sys.argv[3:] or f.__name__ in sys.argv[3:]]
        self.sender.start()
        for fault in faults:  # each once, so that all that is taken at a first use has been
            self.fault(fault)
        self.flood()
        warm = time.monotonic() + min(60, (self.end - time.monotonic()) / 4)
        while time.monotonic() < self.end and self.weir.poll() is None:
            time.sleep(1)
            self.look()
            if not self.memory and self.settled and time.monotonic() > warm:
                self.memory = Memory(self.weir.pid)
            if self.random.random() < 0.1:
                self.fault(self.random.choice(faults))
        return self.finish()

    def fault(self, what):
        what()
        self.faults[what.__name__] = self.faults.get(what.__name__, 0) + 1

    def finish(self):
        self.sender.over = True
        self.sender.join()
        early = self.weir.poll()
        drift = self.memory.drift() if self.memory and self.memory.looks else 100
        if drift >= DRIFT and not self.under:
            self.blame('the resident size moved by %.2f %%%s' % (drift, self.memory.moved() if self.memory else ''))
        self.weir.terminate()
        status = self.weir.wait(600 if self.under else 60)
        if early is not None or status != 0:
            self.blame('weir ended %s with status %s' % ('early' if early is not None else 'at the end', status))
        with open(self.tmp + '/ledger') as file:
            ledger = json.load(file)
        fault = wrong_in(ledger, True)
        if fault:
            self.blame('at the end: ' + fault)
        f, p = ledger['flows'], ledger['packets']
        print(open(self.tmp + '/log').read()[-2000:])
        print('sent %d frames; seen %d, dropped by the kernel %d; flows %d, %d lost in weir; collectors %s' % (
            self.sender.sent, p['seen']['frames'], p['kernel']['dropped'], f['metered']['flows'], f['lost']['flows'],
            ', '.join('%s: sent %d, lost %d' % (c['name'], c['sent']['flows'], c['lost']['flows']) for c in f['collectors'])))
        print('faults %s; %d looks at the ledger; resident %d KB, moved by %.2f %% in %d looks: %s' % (
            self.faults, self.looks, *((self.memory.first, drift, self.memory.looks) if self.memory else (0, drift, 0)),
            '%d wrong' % len(self.wrong) if self.wrong else 'all right'))
        subprocess.run(['rm', '-rf', self.tmp])
        return bool(self.wrong)


def main():
    own_network()
    return Soak(float(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 1).run()


if __name__ == '__main__':
    sys.exit(main())
