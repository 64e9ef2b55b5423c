#!/usr/bin/env python3
"""away.py MINUTES: a TCP collector that is away for so long, while a hundred flows a second go on. How soon it is given
templates when it is back, and whether what it got, in both connections, and what weir calls lost is all there was."""
import os
import socket
import struct
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from capture import *
from clock import Clock, Wire, own_network
from stream import Connection


def send(wire, over, sent, pause=0.01):
    while not over.is_set():
        sent.append(wire.send(ethernet(ipv4(udp(), src=0x0a000000 + len(sent)))))
        over.wait(pause)


def read(connection, seconds, session):
    """Until the end, or for so long; when the first octets came."""
    end, first = time.monotonic() + seconds, None
    connection.settimeout(0.5)
    while time.monotonic() < end:
        try:
            octets = connection.recv(1 << 16)
        except TimeoutError:
            continue
        if not octets:
            break
        first = first or time.monotonic()
        session.octets(octets)
    return first


def main():
    own_network()
    minutes, tmp = float(sys.argv[1]), tempfile.mkdtemp()
    clock = Clock(tmp + '/clock')
    listener = socket.create_server(('127.0.0.1', 0))
    port = listener.getsockname()[1]
    log = open(tmp + '/log', 'w+')
    weir = subprocess.Popen(
        [os.environ.get('WEIR_PLAIN', ROOT + '/weir'), '-i', 'vb', '-n', '127.0.0.1:%d' % port, '-v', 'ipfix', '-t', 'idle=1s',
         '--set', 'exporters[0].transport=tcp', '--set', 'exporters[0].reconnect=500ms', '--ledger', tmp + '/ledger'],
        stdin=subprocess.DEVNULL, stderr=log, stdout=log, env=clock.environment)
    one, other, over, sent = Connection(), Connection(), threading.Event(), []
    connection = listener.accept()[0]
    while 'frames are let in' not in open(tmp + '/log').read():
        time.sleep(0.05)
    sender = threading.Thread(target=send, args=(Wire('va', clock), over, sent))
    sender.start()
    read(connection, 5, one)
    listener.close()
    connection.shutdown(socket.SHUT_WR)  # as TCP means it: weir ends its side, and all it sent has been read
    read(connection, 30, one)
    connection.close()
    time.sleep(60 * minutes)
    listener = socket.create_server(('127.0.0.1', port))
    back = time.monotonic()
    connection = listener.accept()[0]
    came = read(connection, 10, other)
    over.set()
    sender.join()
    weir.terminate()
    read(connection, 60, other)
    check('exit status', weir.wait(60), 0)
    ledger = json.load(open(tmp + '/ledger'))
    tally = ledger['flows']['collectors'][0]
    check('the ledger adds up', ledger['adds_up'], True)
    check('frames seen', ledger['packets']['seen']['frames'], len(sent))
    check('records that came, and lost', len(one.records) + len(other.records) + tally['lost']['flows'], len(sent))
    check('complaints', one.complaints + other.complaints, [])
    print('away for %g min: templates after %.0f ms; %d of %d records came, %d are counted as lost' % (
        minutes, 1000 * (came - back), len(one.records) + len(other.records), len(sent), tally['lost']['flows']))
    if came - back > 1:
        bad('templates came after %.1f s' % (came - back))
    finish()


if __name__ == '__main__':
    main()
