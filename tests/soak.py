#!/usr/bin/env python3
"""soak.py MINUTES [SEED]: weir for a long time, with mixed load and faults at random; `make soak HOURS=72`.

In a network namespace of its own: frames of the generator's captures, floods of new flows that fill the cache, and long
flows; collectors over UDP and TCP that are killed and come back, links that go down and up, weir stopped and continued,
a client of the control socket each second, and a reload where weir knows how. A minute after the first flood the
resident size is taken; it has to stay within 1 % of that until the end. Every look at the ledger, and the one after
SIGTERM, has to add up, here again from its numbers: what came in, what became of it, what each collector was sent.
The last line sums up; exit status 0 if all of it held.
"""
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
ROOT = os.path.dirname(HERE)
WEIR = os.path.abspath(os.environ.get('WEIR_PLAIN', ROOT + '/weir'))
GEN = os.environ.get('GEN', ROOT + '/build/tests/gen')
ENTRIES = 32768
DRIFT = 1.0  # per cent
CAPTURES = ('office', 'ports', 'fragments', 'tunnels')

# A collector is a process of its own, so that it can be killed.
COLLECTOR = '''
import socket, sys, threading
kind, port = sys.argv[1], int(sys.argv[2])
if kind == 'udp':
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', port))
    while True: s.recv(65536)
def take(c):
    while c.recv(1 << 16): pass
s = socket.create_server(('127.0.0.1', port))
while True: threading.Thread(target=take, args=(s.accept()[0],), daemon=True).start()
'''


class Collector:
    def __init__(self, kind):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == 'udp' else socket.SOCK_STREAM) as probe:
            probe.bind(('127.0.0.1', 0))
            self.kind, self.port, self.process = kind, probe.getsockname()[1], None
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, '-c', COLLECTOR, self.kind, str(self.port)])

    def kill(self):
        self.process.kill()
        self.process.wait()


class Sender(threading.Thread):
    """Some frames of the captures every 20 ms; a flood when asked for one."""

    def __init__(self, frames, rate):
        super().__init__(daemon=True)
        self.frames, self.rate, self.flood, self.sent, self.over = frames, rate, 0, 0, False
        self.base = 0

    def run(self):
        out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        out.bind(('va', 0))
        while not self.over:
            for _ in range(self.rate // 50):
                self.send(out, random.choice(self.frames))
            for _ in range(min(self.flood, 400)):
                self.base += 1
                self.send(out, flow_frame(self.base))
                self.flood -= 1
            time.sleep(0.02)

    def send(self, out, data):
        try:
            out.send(data)
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
        if tally(f['exported']) != tally(c['sent'], c['lost'], c['not_exportable'], c['pending']):
            return 'records for %s are not those exported: %s' % (c['name'], c)
        if ended and tally(c['pending']) != (0, 0, 0):
            return 'records for %s are left pending' % c['name']
    if ended and tally(f['live'], f['transit']) != (0, 0, 0):
        return 'flows are left behind'
    if ended and p['kernel']['received'] != p['seen']['frames'] + p['filtered']['frames'] + p['duplicates']['frames'] + p['kernel']['dropped']:
        return 'the kernel counted %s' % p['kernel']
    return None


class Soak:
    def __init__(self, minutes, seed):
        self.random, self.tmp = random.Random(seed), tempfile.mkdtemp(prefix='weir-soak.')
        self.end = time.monotonic() + 60 * minutes
        self.faults, self.wrong, self.looks = {}, [], 0
        self.socket = self.tmp + '/socket'
        self.udp, self.tcp = Collector('udp'), Collector('tcp')
        frames = []
        for name in CAPTURES:
            subprocess.run([GEN, name, self.tmp + '/in.pcap'], check=True, stdout=subprocess.DEVNULL)
            frames += frames_of(self.tmp + '/in.pcap')
        self.sender = Sender(frames, int(os.environ.get('SOAK_RATE', 2000)))
        self.weir = self.start_weir()
        self.baseline = self.most = self.least = 0

    def start_weir(self):
        conf = self.tmp + '/weir.conf'
        os.mkdir(self.tmp + '/spool')
        with open(conf, 'w') as file:
            file.write('''
                inputs = ( { interface = "vb"; workers = 2; buffer = "8M"; } );
                cache: { entries = %d; timeouts: { active = 20; idle = 5; }; };
                control: { socket = "%s"; };
                exporters = (
                  { collector = "127.0.0.1:%d"; protocol = "ipfix"; },
                  { collector = "127.0.0.1:%d"; protocol = "netflow9"; },
                  { collector = "127.0.0.1:%d"; protocol = "ipfix"; transport = "tcp"; spool: { directory = "%s/spool"; }; } );
                ''' % (ENTRIES, self.socket, self.udp.port, self.udp.port, self.tcp.port, self.tmp))
        self.log = open(self.tmp + '/log', 'w')
        process = subprocess.Popen([WEIR, '-f', conf, '--ledger', self.tmp + '/ledger'], stdin=subprocess.DEVNULL,
                                   stdout=self.log, stderr=self.log)
        while 'frames are let in' not in open(self.tmp + '/log').read():
            if process.poll() is not None:
                sys.exit('weir does not start: ' + open(self.tmp + '/log').read())
            time.sleep(0.05)
        return process

    def resident(self):
        with open('/proc/%d/status' % self.weir.pid) as file:
            return next(int(line.split()[1]) for line in file if line.startswith('VmRSS'))

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(15)
            client.connect(self.socket)
            client.sendall(json.dumps({'command': command}).encode() + b'\n')
            answer = b''
            while not answer.endswith(b'\n'):
                more = client.recv(1 << 16)
                if not more:
                    break
                answer += more
        return json.loads(answer)

    def look(self):
        fault = wrong_in(self.ask('ledger'), False)
        self.looks += 1
        if fault:
            self.wrong.append(fault)
        if self.baseline:
            now = self.resident()
            self.most, self.least = max(self.most, now), min(self.least, now)

    # ---- Faults: each leaves things as it found them ----

    def flood(self):
        self.sender.flood += 3 * ENTRIES

    def kill_udp(self):
        self.udp.kill()
        self.pause(5)
        self.udp.start()

    def kill_tcp(self):
        self.tcp.kill()
        self.pause(20)
        self.tcp.start()

    def flap(self):
        for _ in range(self.random.randint(1, 4)):
            link = self.random.choice(('va', 'vb'))
            subprocess.run(['ip', 'link', 'set', link, 'down'], check=True)
            self.pause(2)
            subprocess.run(['ip', 'link', 'set', link, 'up'], check=True)

    def freeze(self):
        self.weir.send_signal(signal.SIGSTOP)
        self.pause(3)
        self.weir.send_signal(signal.SIGCONT)

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

    def reload(self):
        self.weir.send_signal(signal.SIGHUP)

    def pause(self, most):
        time.sleep(self.random.uniform(0.1, most))

    def run(self):
        faults = [self.flood, self.kill_udp, self.kill_tcp, self.flap, self.freeze, self.garbage]
        help_text = subprocess.run([os.path.dirname(WEIR) + '/weirctl', '--help'], capture_output=True, text=True).stdout
        if 'reload' in help_text:
            faults.append(self.reload)
        self.sender.start()
        for fault in faults:  # each once, so that all that is taken at a first use has been
            self.fault(fault)
        self.flood()
        warm = time.monotonic() + min(60, (self.end - time.monotonic()) / 4)
        while time.monotonic() < self.end and self.weir.poll() is None:
            time.sleep(1)
            self.look()
            if not self.baseline and time.monotonic() > warm:
                self.baseline = self.most = self.least = self.resident()
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
        self.weir.terminate()
        status = self.weir.wait(60)
        if early is not None or status != 0:
            self.wrong.append('weir ended %s with status %s' % ('early' if early is not None else 'at the end', status))
        with open(self.tmp + '/ledger') as file:
            ledger = json.load(file)
        fault = wrong_in(ledger, True)
        if fault:
            self.wrong.append('at the end: ' + fault)
        self.udp.kill()
        self.tcp.kill()
        drift = 100 * max(self.most - self.baseline, self.baseline - self.least) / self.baseline if self.baseline else 100
        if drift >= DRIFT:
            self.wrong.append('the resident size moved by %.2f %%' % drift)
        f, p = ledger['flows'], ledger['packets']
        print(open(self.tmp + '/log').read()[-2000:])
        print('sent %d frames; seen %d, dropped by the kernel %d; flows %d, %d lost in weir; collectors %s' % (
            self.sender.sent, p['seen']['frames'], p['kernel']['dropped'], f['metered']['flows'], f['lost']['flows'],
            ', '.join('%s: sent %d, lost %d' % (c['name'], c['sent']['flows'], c['lost']['flows']) for c in f['collectors'])))
        print('faults %s; %d looks at the ledger; resident %d KB, moved by %.2f %%: %s' % (
            self.faults, self.looks, self.baseline, drift, 'all right' if not self.wrong else self.wrong[:10]))
        subprocess.run(['rm', '-rf', self.tmp])
        return bool(self.wrong)


def main():
    if os.geteuid() != 0:
        print('needs root for a network namespace')
        return 77
    if os.environ.get('SOAK_NAMESPACE') is None:
        os.environ['SOAK_NAMESPACE'] = 'own'
        os.execvp('unshare', ['unshare', '-n', sys.executable] + sys.argv)
    for command in ('link set lo up', 'link add va type veth peer name vb', 'link set va up', 'link set vb up'):
        subprocess.run(['ip'] + command.split(), check=True)
    return Soak(float(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 1).run()


sys.exit(main())
