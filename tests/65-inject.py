#!/usr/bin/env python3
# run.sh: computes
"""Each call that may fail fails once: memory, files, sockets, threads, at every place in the program that leads to it.

tests/preload/inject.c makes the first call from a place not seen before fail; here weir is run again and again until
no place is new. Each run has to end by itself with status 0 and a ledger that adds up, or with another status and a
line that says why; never by a signal, a sanitizer's complaint (leaks too), or a time-out. A run live may also go on
after the failure: it is then stopped, and has to say the same.

65-inject.py [SCENARIO]: all, or one of them, with every place shown.
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
WEIR = os.path.abspath(os.environ.get('WEIR', ROOT + '/build/asan/weir'))
GEN = os.path.abspath(os.environ.get('GEN', ROOT + '/build/tests/gen'))
LIBRARY = os.path.join(os.environ.get('BUILD', ROOT + '/build'), 'tests/inject.so')
TMP = tempfile.mkdtemp(dir=os.environ.get('TMP'))
FRAMES = 300
PATIENCE = 20  # seconds for a run
MOST = 1000    # places in a scenario: more are a loop
SANITIZER = 99

# Libraries that do not look at what they were given, as they show: the process ends there, and weir cannot help it.
# (Before it calls libconfig it asks for more memory than that will take, so a machine that is short of it refuses there.)
CARELESS = re.compile(r'#[01] \S+ +(in \S+ )?(\(/\S*/lib(config|pcap)\.so|nss/nss_database\.c)'
                      r'|out of dynamic memory in \w*yy|nss_database_reload_1: Assertion')
SECONDS = float(os.environ.get('INJECT_SECONDS', 420))  # for all scenarios: what is left then is said
ALL = 'INJECT_SECONDS' in os.environ                     # and wrong for who asks for so long


def environment(seen):
    return dict(os.environ, INJECT_SEEN=seen, LD_PRELOAD=LIBRARY, UBSAN_OPTIONS='print_stacktrace=1',
                LSAN_OPTIONS='print_suppressions=0',
                ASAN_OPTIONS='verify_asan_link_order=0:fast_unwind_on_malloc=0:exitcode=%d' % SANITIZER)


class Run:
    """One run, in which one call failed at most."""

    def __init__(self, scenario, seen):
        self.ledger = TMP + '/ledger'
        if os.path.exists(self.ledger):
            os.unlink(self.ledger)
        self.output = open(TMP + '/output', 'w+')
        self.process = subprocess.Popen([WEIR] + scenario.arguments + (['--ledger', self.ledger] if scenario.ledger else []),
                                        env=environment(seen), stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output)
        self.late = False
        try:
            scenario.drive(self)
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.late = True
            self.process.kill()
            self.process.wait()

    def text(self):
        self.output.seek(0)
        return ''.join(line for line in self.output if not line.startswith('{"'))

    def fault(self, scenario):
        """None, or what is wrong with the way it ended."""
        status = self.process.returncode
        if self.late:
            return 'it does not end'
        if status < 0:
            return 'it was ended by signal %d' % -status
        if status not in (0, 1, 2, 3):
            return 'exit status %d' % status
        if status != 0:
            return None if 'weir: ' in self.text() or 'WRONG' in self.text() else 'it does not say why it ended with status %d' % status
        if scenario.ledger:
            with open(self.ledger) as file:
                ledger = json.load(file)
            if not ledger['adds_up']:
                return 'the ledger is wrong: %s' % ledger['wrong']
            return scenario.right(ledger)
        return None


class Scenario:
    def __init__(self, name, arguments, ledger=True):
        self.name, self.arguments, self.ledger = name, arguments, ledger

    def drive(self, run):
        pass

    def right(self, ledger):
        """A run that succeeded has seen the whole capture and told all of it or counted it as lost."""
        seen = ledger['packets']['seen']['frames']
        return None if seen == FRAMES else '%d of %d frames were seen, and nothing was said' % (seen, FRAMES)


class Live(Scenario):
    """A short live run in a network namespace: some frames, a client of each kind, SIGTERM."""

    def __init__(self, name, arguments, control, metrics):
        super().__init__(name, arguments)
        self.control, self.metrics = control, metrics

    def drive(self, run):
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind(('vb', 0))
        end = time.monotonic() + PATIENCE
        while not re.search('frames are let in|event=no-match', run.text()) and run.process.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired('start', PATIENCE)
            time.sleep(0.01)
        for port in range(40):
            sender.send(frame(port))
        for family, address, question in ((socket.AF_UNIX, self.control, b'{"command": "ledger"}\n'),
                                          (socket.AF_INET, self.metrics, b'GET /metrics HTTP/1.0\r\n\r\n')):
            self.ask(family, address, question)
        if run.process.poll() is None:
            run.process.send_signal(signal.SIGTERM)

    @staticmethod
    def ask(family, address, question):
        with socket.socket(family) as client:
            client.settimeout(1)
            try:
                client.connect(address)
                client.sendall(question)
                client.recv(1 << 16)
            except OSError:
                pass  # that there is no answer may be what was injected

    def right(self, ledger):
        return None


def frame(port):
    ip = bytes.fromhex('4500001c000000004011') + bytes(2) + bytes((10, 0, 0, 1, 10, 0, 0, 2))
    return bytes.fromhex('020000000002020000000001' '0800') + ip + port.to_bytes(2, 'big') + bytes.fromhex('00350008' '0000')


def first_frames(source, target, count):
    """The first frames of a pcap file, a file of their own."""
    with open(source, 'rb') as file:
        data = file.read()
    at = 24
    for _ in range(count):
        at += 16 + int.from_bytes(data[at + 8:at + 12], sys.byteorder)
    with open(target, 'wb') as file:
        file.write(data[:at])


def collect(server):
    """A TCP collector: reads each connection to its end, then closes, so that nobody waits for it."""
    def read(connection):
        with connection:
            try:
                while connection.recv(1 << 16):
                    pass
            except OSError:
                pass
    while True:
        threading.Thread(target=read, args=(server.accept()[0],), daemon=True).start()


def drain(sink):
    """A UDP collector: weir is slow for one that does not read."""
    while sink.recv(1 << 16):
        pass


def write(name, text):
    with open(os.path.join(TMP, name), 'w') as file:
        file.write(text)
    return os.path.join(TMP, name)


END = time.monotonic() + SECONDS


def exhaust(scenario, chatty):
    """Runs until no place is new; the number of places, and faults."""
    seen, faults, places = write('seen', ''), 0, 0
    while places < MOST:
        if time.monotonic() > END:
            print('%s: no time for all places: INJECT_SECONDS' % scenario.name)
            return places, faults + ALL
        run = Run(scenario, seen)
        with open(seen) as file:
            lines = file.read().splitlines()
        fault = run.fault(scenario)
        if len(lines) == places:
            if run.process.returncode != 0 or fault:
                print('%s: with nothing injected: %s\n%s' % (scenario.name, fault or 'it fails', run.text()))
                faults += 1
            return places, faults
        places = len(lines)
        careless = CARELESS.search(run.text())
        if chatty:
            print('%s %s: %s' % (run.process.returncode, lines[-1], run.text().strip().split('\n')[0][:100]))
        if fault and careless and not run.late:
            print('%s: %s: a library is careless: %s' % (scenario.name, lines[-1], careless.group()))
        elif fault:
            print('%s: %s fails: %s\n%s' % (scenario.name, lines[-1], fault, run.text()))
            faults += 1
    print('%s: more than %d places: the driver goes in circles' % (scenario.name, MOST))
    return places, faults + 1


def scenarios(live):
    subprocess.run([GEN, 'office', TMP + '/office.pcap'], check=True, stdout=subprocess.DEVNULL)
    first_frames(TMP + '/office.pcap', TMP + '/in.pcap', FRAMES)
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind(('127.0.0.1', 0))
    stream = socket.create_server(('127.0.0.1', 0), backlog=100)
    threading.Thread(target=drain, args=(sink,), daemon=True).start()
    threading.Thread(target=collect, args=(stream,), daemon=True).start()
    exporters = write('exporters.conf', '''
        exporters = (
          { collector = "127.0.0.1:%d"; protocol = "ipfix"; },
          { collector = "127.0.0.1:%d"; protocol = "netflow9"; source = "127.0.0.1"; },
          { collector = "127.0.0.1:%d"; protocol = "ipfix"; transport = "tcp"; spool: { directory = "%s"; }; },
          { transport = "file"; protocol = "ipfix"; file: { path = "%s/out.ipfix"; }; } );
        ''' % (sink.getsockname()[1], sink.getsockname()[1], stream.getsockname()[1], TMP, TMP))
    conf = write('file.conf', '''
        inputs = ( { file = "%s/in.pcap"; filter = "ip or ip6 or not ip"; } );
        cache: { entries = 4096; record = "own"; };
        records = ( { name = "own"; match = [ "sourceIPv4Address", "destinationIPv4Address" ];
                      collect = [ "octetDeltaCount", "packetDeltaCount" ]; } );
        @include "%s"
        ''' % (TMP, exporters))
    yield Scenario('print', ['-r', TMP + '/in.pcap', '-o', 'json'])
    yield Scenario('check', ['-C', '-f', conf], ledger=False)
    yield Scenario('file', ['-f', conf])
    if live:
        control, port = TMP + '/socket', 9999
        conf = write('live.conf', '''
            inputs = ( { interface = "va"; buffer = "1M"; workers = 2; } );
            cache: { entries = 1024; fragments = 64; };
            control: { socket = "%s"; };
            metrics: { listen = "127.0.0.1:%d"; };
            @include "%s"
            ''' % (control, port, exporters))
        yield Live('live', ['-f', conf], control, ('127.0.0.1', port))
        conf = write('pattern.conf', '''
            inputs = ( { interface = "v?"; buffer = "1M"; } );
            cache: { entries = 1024; fragments = 64; };
            control: { socket = "%s"; };
            metrics: { listen = "127.0.0.1:%d"; };
            exporters = ( { collector = "127.0.0.1:%d"; } );
            ''' % (control, port, sink.getsockname()[1]))
        yield Live('pattern', ['-f', conf], control, ('127.0.0.1', port))
    yield None  # keeps the sockets


def in_namespace():
    """Begins anew in a network namespace of its own, where that is allowed."""
    if os.environ.get('INJECT_NAMESPACE') is None and os.geteuid() == 0 and \
            subprocess.run(['unshare', '-n', 'true'], stderr=subprocess.DEVNULL).returncode == 0:
        os.environ['INJECT_NAMESPACE'] = 'own'
        os.execvp('unshare', ['unshare', '-n', sys.executable] + sys.argv)
    if os.environ.get('INJECT_NAMESPACE') != 'own':
        print('live: left out, needs root for a network namespace')
        return False
    for command in ('link set lo up', 'link add va type veth peer name vb', 'link set va up', 'link set vb up'):
        subprocess.run(['ip'] + command.split(), check=True)
    return True


def main():
    only = sys.argv[1] if len(sys.argv) > 1 else None
    faults = 0
    for path in (WEIR, GEN, LIBRARY):
        if not os.path.exists(path):
            print('there is no %s' % path)
            return 77
    for scenario in scenarios(in_namespace()):
        if scenario and only in (None, scenario.name):
            begin = time.monotonic()
            places, wrong = exhaust(scenario, only)
            faults += wrong
            print('%s: %d places failed once, %d wrong, %.0f s' % (scenario.name, places, wrong, time.monotonic() - begin))
            if places < 20 and time.monotonic() <= END:
                print('%s: too few: nothing was injected' % scenario.name)
                faults += 1
    subprocess.run(['rm', '-rf', TMP])
    return faults > 0


sys.exit(main())
