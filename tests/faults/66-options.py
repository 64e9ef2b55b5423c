#!/usr/bin/env python3
# run.sh: computes
"""Every key of the configuration with values that no sane hand writes (66): each is taken or refused with one line that
names it, by exit status 1; none ends weir otherwise. What whole files make of it is fuzz_config.c."""
import concurrent.futures
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from capture import *

PLAIN = os.environ.get('WEIR_PLAIN', ROOT + '/weir')  # sanitizers take their time to start
VALUES = ['-1', '4294967296', '18446744073709551616', '9' * 400, '1e999', 'nan', '', 'x' * 5000, '9223372036854775807s', '-0.000001', '2147483648M',
          '[' * 1000, '1,' * 2000, '%s%n%x', '\x01\x02']
BEGIN = {'exporters[]': ['-n', '192.0.2.1'], 'records[]': ['--set', 'records[0].name=a', '--set', 'records[0].match=protocolIdentifier']}


def keys():
    text = subprocess.run([WEIR, '--help-config'], capture_output=True, check=True).stdout.decode()
    return re.findall(r'^  ([a-z0-9_.\[\]]+) = ', text, re.M)


def one(arguments):
    key, options = arguments
    p = subprocess.run([PLAIN, '-C', '-i', 'lo'] + options, capture_output=True, timeout=20)
    said = p.stderr.decode(errors='replace')
    if p.returncode not in (0, 1) or p.returncode == 1 and (said.count('\n') != 1 or len(said) > 6500):
        return '%s: exit status %d: %s' % (' '.join(options)[:200], p.returncode, said[:1500])
    if p.returncode == 1 and key not in said:
        return '%s: the key is not named: %s' % (' '.join(options)[:200], said[:300])
    return None


def main():
    found, work = keys(), []
    if len(found) < 60:
        bad('only %d keys' % len(found))
    for key in found:
        begin = next((options for start, options in BEGIN.items() if key.startswith(start)), [])
        for value in VALUES:
            work.append((key.split('.')[0].split('[')[0], begin + ['--set', '%s=%s' % (key.replace('[]', '[0]', 1), value)]))
    for option in '-m', '-s', '-t', '-v', '-o':
        for value in VALUES:
            work.append(('', [option, ('idle=' if option == '-t' else '') + value]))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for wrong in pool.map(one, work):
            if wrong:
                bad(wrong)
    print('%d keys, %d values' % (len(found), len(work)))


main()
finish()
