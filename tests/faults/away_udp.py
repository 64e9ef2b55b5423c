#!/usr/bin/env python3
"""away_udp.py closed|silent ROUNDS FLOWS: a UDP collector that is away for half a minute, ROUNDS times, while so many
flows a second go on. How soon it is given templates when it is back; and whether what came, what is missing by sequence
numbers and what weir calls sent and lost is all there was.

  closed  nobody listens at its port, and ICMP says so
  silent  nothing tells weir that nobody hears"""
import os
import random
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import wire
from away import send
from capture import *
from clock import Clock, Wire, own_network

AWAY, HERE, LIMIT = 30, 5, 70  # seconds


class Session(wire.Session):
    counted = False  # of what was lost on the way options data would know nothing

    def __init__(self):
        super().__init__(10)
        self.missing = 0

    def sequence(self, key, got, step):
        ahead = got - self.data_sequence.get(key, 0) & 0xffffffff
        if ahead < 1 << 31:
            self.missing += ahead
            self.data_sequence[key] = got
        super().sequence(key, got, step)


def listen(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', port))
    return s


def read(s, session, seconds, until=lambda: False):
    """For so long, or until something is so; what is true then. Without a session nobody hears."""
    end = time.monotonic() + seconds
    s.settimeout(0.01)
    while time.monotonic() < end and not until():
        try:
            octets = s.recv(65535)
        except TimeoutError:
            continue
        if session:
            session.feed(octets)
    return until()


def away_once(s, how, session):
    """The socket, and seconds from the return to templates."""
    port, seconds = s.getsockname()[1], AWAY + random.random() * 10
    if how == 'closed':
        s.close()
        time.sleep(seconds)
        s = listen(port)
    else:
        read(s, None, seconds)
    back, before = time.monotonic(), session.counts['templates']
    if not read(s, session, LIMIT, lambda: session.counts['templates'] > before):
        bad('no templates within %d s' % LIMIT)
    return s, time.monotonic() - back


def main():
    own_network()
    how, rounds, flows, tmp = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), tempfile.mkdtemp()
    clock, session, over, sent, took = Clock(tmp + '/clock'), Session(), threading.Event(), [], []
    s = listen(0)
    with open(tmp + '/log', 'w') as log:
        weir = subprocess.Popen(
            [os.environ.get('WEIR_PLAIN', ROOT + '/weir'), '-i', 'vb', '-n', '127.0.0.1:%d' % s.getsockname()[1], '-v', 'ipfix',
             '-t', 'idle=1s', '--set', 'exporters[0].options_data=false', '--ledger', tmp + '/ledger'],
            stdin=subprocess.DEVNULL, stderr=log, stdout=log, env=clock.environment)
    while 'frames are let in' not in open(tmp + '/log').read():
        time.sleep(0.05)
    sender = threading.Thread(target=send, args=(Wire('va', clock), over, sent, 1 / flows))
    sender.start()
    for _ in range(rounds):
        read(s, session, HERE)
        s, seconds = away_once(s, how, session)
        took.append(seconds)
    over.set()
    sender.join()
    read(s, session, HERE)  # closed: until weir has heard nothing bad for a while
    weir.terminate()
    read(s, session, 30, lambda: weir.poll() is not None)
    read(s, session, 0.5)
    check('exit status', weir.wait(60), 0)
    ledger = json.load(open(tmp + '/ledger'))
    tally, came = ledger['flows']['collectors'][0], len(session.records)
    check('the ledger adds up', ledger['adds_up'], True)
    check('records sent, and lost', tally['sent']['flows'] + tally['lost']['flows'], len(sent))
    check('records that came, and those missing in the sequence', came + session.missing, len(sent))
    check('complaints', [c for c in session.complaints if 'sequence number' not in c], [])
    print('%s, %g flows a second: templates %s s after its return; %d of %d records came, %d are counted as sent, of them %d '
          'in doubt, and %d as lost' % (how, flows, ', '.join('%.2f' % t for t in took), came, len(sent), tally['sent']['flows'],
                                        tally['in_doubt']['flows'], tally['lost']['flows']))
    finish()


main()
