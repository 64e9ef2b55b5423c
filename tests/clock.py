"""A clock of weir's own that a live test sets, for weir and for the frames that come: weir runs with preload/clock.c, and
each frame has its time from the sender, in the kernel (SO_TXTIME on a packet socket). So weir sees what it would on a
machine whose clock was set, and the machine's own stays."""
import os
import socket
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PRELOAD = os.path.dirname(os.environ.get('GEN', ROOT + '/build/tests/gen')) + '/clock.so'
SO_TXTIME = SCM_TXTIME = 61  # linux/socket.h
SECOND = 10**9


def own_network():
    """The program again, in a network namespace of its own; there is va, wired to vb. 77: that cannot be."""
    if os.geteuid() != 0:
        print('%s: skipped: needs root for a network namespace' % os.path.basename(sys.argv[0]))
        sys.exit(77)
    if os.environ.get('OWN_NETWORK') is None:
        os.environ['OWN_NETWORK'] = 'yes'
        os.execvp('unshare', ['unshare', '-n', sys.executable] + sys.argv)
    for name in 'all', 'default':  # nothing on the wire but the test's own frames
        with open('/proc/sys/net/ipv6/conf/%s/disable_ipv6' % name, 'w') as file:
            file.write('1')
    for command in ('link set lo up', 'link add va type veth peer name vb', 'link set va arp off up', 'link set vb arp off up'):
        subprocess.run(['ip'] + command.split(), check=True)


class Clock:
    """Seconds that it is off, in a file that the preload library has mapped."""

    def __init__(self, path):
        self.path, self.added = path, 0
        self.environment = dict(os.environ, LD_PRELOAD=PRELOAD, CLOCK_FILE=path)
        with open(path, 'wb') as file:
            file.write(bytes(8))

    def set(self, seconds):
        """For weir and for frames at once, but for some microseconds."""
        with open(self.path, 'r+b', buffering=0) as file:
            file.write(struct.pack('q', int(seconds * SECOND)))
        self.added = seconds

    def now(self):
        return time.time_ns() + int(self.added * SECOND)


class Wire:
    """Sends frames whose time is the clock's."""

    def __init__(self, interface, clock):
        self.clock, self.socket = clock, socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind((interface, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TXTIME, struct.pack('iI', time.CLOCK_REALTIME, 0))

    def send(self, frame):
        """The time that the frame has, in nanoseconds."""
        now = self.clock.now()
        self.socket.sendmsg([frame], [(socket.SOL_SOCKET, SCM_TXTIME, struct.pack('Q', now))])
        return now
