#!/usr/bin/env python3
"""Live, a clock that is set an hour on (12) and an hour back (13), and a host that sleeps for an hour: a process that
stands still while the clock goes on (17). Packet time decides: what has no packet for an hour of it is over, as idle; a
clock that goes back ends all there is; a small step ends nothing. Each record has the times of its own frames, no frame
is lost or in two records, and after a step back the collector gets the templates again."""
import atexit
import datetime
import os
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from capture import *
from clock import Clock, Wire, own_network

WEIR = os.environ.get('WEIR_PLAIN', ROOT + '/weir')  # the sanitizers' library would have to be the first one
FLOWS, HOUR = 50, 3600


class Live:
    def __init__(self):
        self.tmp = tempfile.mkdtemp(dir=TMP)
        atexit.register(shutil.rmtree, self.tmp)
        self.clock = Clock(self.tmp + '/clock')
        self.wire = Wire('va', self.clock)
        self.sent = [[] for _ in range(FLOWS)]  # of each flow, (time, part)
        self.collector = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.collector.bind(('127.0.0.1', 0))
        self.collector.setblocking(False)
        self.control = self.tmp + '/socket'
        self.out, self.log = open(self.tmp + '/out', 'w+'), open(self.tmp + '/log', 'w+')
        self.weir = subprocess.Popen(
            [WEIR, '-i', 'vb', '-o', 'json', '-n', '127.0.0.1:%d' % self.collector.getsockname()[1], '-t', 'idle=5s', '-t', 'active=2h',
             '--set', 'control.socket=' + self.control, '--ledger', self.tmp + '/ledger'],
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.log, env=self.clock.environment)
        atexit.register(self.weir.kill)
        self.until('it starts', lambda: 'frames are let in' in open(self.tmp + '/log').read())

    def until(self, what, condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end or self.weir.poll() is not None:
                bad('%s: not within %d s: %s' % (what, seconds, open(self.tmp + '/log').read()[-2000:]))
                finish()
            time.sleep(0.02)

    def ledger(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(self.control)
            client.sendall(b'{"command": "ledger"}\n')
            answer = json.loads(client.makefile().readline())
        if not answer['adds_up']:
            bad('the ledger: %s' % answer['wrong'])
        return answer

    def send(self, part):
        """Three frames of each flow, which weir has seen when this returns."""
        for _ in range(3):
            for flow in range(FLOWS):
                self.sent[flow].append((self.wire.send(ethernet(ipv4(udp(sport=1000 + flow)))), part))
        count = sum(map(len, self.sent))
        self.until('frames are seen', lambda: self.ledger()['packets']['seen']['frames'] == count)

    def closed(self, reason, count):
        self.until('%d records end: %s' % (count, reason), lambda: self.ledger()['flows']['closed'][reason]['flows'] == count)

    def templates(self):
        """How many messages with templates have come since this was asked last."""
        count = 0
        while True:
            try:
                count += struct.unpack('!H', self.collector.recv(65535)[16:18])[0] == 2
            except BlockingIOError:
                return count

    def end(self):
        self.weir.terminate()
        check('exit status', self.weir.wait(60), 0)
        ledger = json.load(open(self.tmp + '/ledger'))
        check('it adds up at the end', ledger['adds_up'], True)
        check('dropped by the kernel', ledger['packets']['kernel']['dropped'], 0)
        return [json.loads(line) for line in open(self.tmp + '/out')]


def milliseconds(text):
    return round(datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp() * 1000)


def main():
    own_network()
    live = Live()
    live.send('before')
    live.clock.set(HOUR)
    live.closed('idle', FLOWS)
    live.send('an hour on')
    live.until('templates at the start', live.templates)
    live.clock.set(0)
    live.send('an hour back')
    live.closed('forced', FLOWS)
    live.until('templates after a step back', live.templates)
    live.weir.send_signal(signal.SIGSTOP)
    live.clock.set(HOUR)
    live.weir.send_signal(signal.SIGCONT)
    live.closed('idle', 2 * FLOWS)
    live.send('awake')
    live.clock.set(HOUR + 0.5)
    live.send('awake')
    records = live.end()
    want = []
    for flow, sent in enumerate(live.sent):
        for part, reason in ('before', 1), ('an hour on', 4), ('an hour back', 1), ('awake', 4):
            times = [t // 10**6 for t, p in sent if p == part]
            want.append((1000 + flow, times[0], times[-1], len(times), reason))
    got = [(r['sourceTransportPort'], milliseconds(r['flowStartMilliseconds']), milliseconds(r['flowEndMilliseconds']),
            r['packetDeltaCount'], r['flowEndReason']) for r in records]
    for name, some in ('missing', set(want) - set(got)), ('not expected', set(got) - set(want)):
        if some:
            bad('%d records are %s, as %s' % (len(some), name, sorted(some)[:4]))
    check('records', len(got), len(want))
    finish()


main()
