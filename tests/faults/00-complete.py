#!/usr/bin/env python3
"""The table in README.md has a row for each of the 69 faults, each with tests that are there, or that says why it has
none; and each test in this folder stands in it."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LAST = 69
wrong, rows, named, without = [], {}, set(), []

for line in open(os.path.join(HERE, 'README.md')):
    cells = [c.strip() for c in line.strip().strip('|').split('|')]
    if line.startswith('|') and cells[0].isdigit():
        if int(cells[0]) in rows:
            wrong.append('%s stands there twice' % cells[0])
        rows[int(cells[0])] = cells
for n in range(1, LAST + 1):
    if n not in rows:
        wrong.append('there is no row %d' % n)
for n, cells in sorted(rows.items()):
    if len(cells) != 4 or n > LAST:
        wrong.append('row %d has %d cells' % (n, len(cells)))
        continue
    tests = re.findall(r'`([^`]+)`', cells[3])
    if not tests:
        without.append(str(n))
        if not cells[3].startswith('none: ') or len(cells[3]) < 30:
            wrong.append('row %d has no test and does not say why' % n)
    for test in tests:
        name, _, word = test.partition(':')
        path = os.path.normpath(os.path.join(HERE, name))
        named.add(path)
        if not re.match(r'(\d|check_|fuzz_)', os.path.basename(path)):
            wrong.append('row %d: %s is nothing that run.sh runs' % (n, name))
        elif not os.path.exists(path):
            wrong.append('row %d: there is no %s' % (n, name))
        elif word and not re.search(r'\b%s\b' % re.escape(word), open(path, errors='replace').read()):
            wrong.append('row %d: %s has no %s' % (n, name, word))
for name in sorted(os.listdir(HERE)):
    if name[0].isdigit() and name != os.path.basename(__file__) and os.path.join(HERE, name) not in named:
        wrong.append('%s stands in no row' % name)
for w in wrong:
    print('00-complete.py: FAILED: ' + w)
if not wrong:
    print('00-complete.py: ok: %d faults, without a test: %s' % (len(rows), ', '.join(without) or 'none'))
sys.exit(bool(wrong))
