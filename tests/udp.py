#!/usr/bin/env python3
"""udp.py sink ADDRESS PORT            binds, says "ready" and takes datagrams until it is killed
udp.py send COUNT FROM FROM-PORT TO TO-PORT [OCTETS]

For tests of live capture: as many datagrams as said, of so many octets, from and to where it was said.
"""
import signal
import socket
import sys


def bound(address, port):
    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, int(port)))
    return s


if sys.argv[1] == 'sink':
    s = bound(*sys.argv[2:4])
    print('ready', flush=True)
    signal.pause()
else:
    count, source, source_port, to, port = sys.argv[2:7]
    octets = int(sys.argv[7]) if len(sys.argv) > 7 else 100
    s = bound(source, source_port)
    for _ in range(int(count)):
        s.sendto(bytes(octets), (to, int(port)))
