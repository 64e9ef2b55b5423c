"""Readers of what an exporter sends that know nothing of each other: wire.py beside this file, the checker in ../shared,
tshark, and ipfixDump, which is libfixbuf's. Each takes a Stream and returns its complaints and how many flow records it
found, None where it does not count them. One that is not there is left out and named."""
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile

import wire

SHARED = os.environ.get('SHARED') or os.path.dirname(os.path.abspath(__file__)) + '/../../shared'


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Stream:
    def __init__(self, name, version, datagrams, classic, clock_back=False):
        self.name, self.version, self.datagrams = name, version, datagrams
        self.classic, self.clock_back = classic, clock_back


def ours(stream):
    session = wire.Session(stream.version, classic=stream.classic)
    for m in stream.datagrams:
        session.feed(m)
    return session.complaints, len(session.records)


def shared(stream):
    reader = load('shared_wire', SHARED + '/oracle/wire.py')
    session = reader.check([(0, m) for m in stream.datagrams])
    timeless = 'record without usable times'
    return [x for x in session.issues if stream.classic or x != timeless], len(session.records)


def tshark(stream):
    path = tempfile.mkdtemp(dir=os.environ.get('TMP')) + '/stream.pcap'
    wire.save(path, [(0, m) for m in stream.datagrams])
    said = subprocess.run(
        ['tshark', '-r', path, '-d', 'udp.port==2055,cflow', '-d', 'udp.port==4739,cflow', '-T', 'fields', '-E', 'occurrence=a',
         '-E', 'separator=/t', '-e', 'frame.number', '-e', '_ws.expert.message', '-e', '_ws.malformed', '-e', 'cflow.version'],
        capture_output=True, text=True).stdout.splitlines()
    shutil.rmtree(os.path.dirname(path))
    complaints = []
    for line in said:
        number, expert, malformed, version = (line.split('\t') + [''] * 3)[:4]
        if expert or malformed or not version:
            complaints.append('datagram %s: %s' % (number, expert or malformed or 'not understood'))
    if len(said) != len(stream.datagrams):
        complaints.append('%d datagrams of %d' % (len(said), len(stream.datagrams)))
    return complaints, None


def ipfix_dump(stream):
    if stream.version != 10:
        return [], None
    with tempfile.NamedTemporaryFile(dir=os.environ.get('TMP')) as file:
        file.write(b''.join(stream.datagrams))
        file.flush()
        said = {what: subprocess.run(['ipfixDump', '--' + what, '--in', file.name], capture_output=True, text=True)
                for what in ('stats', 'templates')}
    complaints = [line for done in said.values() for line in done.stderr.splitlines() + ['exit status %d' % done.returncode]
                  if line not in ('', 'exit status 0')]
    messages = re.search(r'(\d+) Messages', said['stats'].stdout)
    if not messages or int(messages[1]) != len(stream.datagrams):
        complaints.append('%s messages of %d' % (messages and messages[1], len(stream.datagrams)))
    options = set(re.findall(r'tid: *(\d+) .*scope: *[1-9]', said['templates'].stdout))
    tables = re.findall(r'^ *(\d+) \(0x\w+\)\| *(\d+)', said['stats'].stdout, re.MULTILINE)
    return complaints, sum(int(records) for ident, records in tables if ident not in options)


# who does not notice that messages are missing: no look at NetFlow v5's sequence numbers, none at another protocol
BLIND = ('tshark', 5), ('ipfixDump', 5), ('ipfixDump', 9)
READERS = {'wire.py': ours}
if os.path.exists(SHARED + '/oracle/wire.py'):
    READERS['the shared checker'] = shared
else:
    print('the shared checker: left out, it is not there')
if shutil.which('tshark'):
    READERS['tshark'] = tshark
else:
    print('tshark: left out, not installed')
if shutil.which('ipfixDump'):
    READERS['ipfixDump'] = ipfix_dump
else:
    print('ipfixDump: left out, not installed')
