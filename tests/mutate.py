#!/usr/bin/env python3
"""mutate.py [-n COUNT] [-m MINUTES] [-s SEED,...] [-g GOAL] [-u] [-o REPORT] [ROOM|FILE...]: are faults in the sources found?

A mutant is a source file with one small fault: an operator, a constant or a condition that is another, or a statement
that is missing. Its file alone is compiled, linked with the tests that its room names below, and those are run, the
quickest first, until one fails, crashes or takes ten times as long as without the fault: then the mutant is killed. What
the compiler makes the same code of (the object files are compared) is no mutant and is counted apart, as is what does
not compile. COUNT mutants of each room (60) are drawn by each SEED (1): the same ones each time as long as the sources
do not change; a room has MINUTES at most. -u: unit tests only, which is quick but does not count all that is found.

Prints each survivor with its line, and the score: killed of all that are not the same code. Exit status 1 below GOAL (90)
per cent in a room. Progress goes to standard error.

Build first: make BUILD=build/mutate LTO= all gen units
"""
import argparse
import glob
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = 'build/mutate'
GOAL = 90
SECONDS = 20  # the least time that a test may take, on a busy machine

# room: its files, and what knows them: unit tests, then scripts that see them through weir. No test whose result
# depends on how busy the machine is.
ROOMS = {
    'cache': (['src/flow/%s.c' % n for n in ('cache', 'table', 'record', 'tcp', 'pressure', 'biflow')],
              ['tcp', 'table', 'sweep', 'pressure', 'timeout', 'memory', 'selection', 'biflow', 'details', 'cache_full', 'cache', 'round_trip', 'flood'],
              ['exact', '28-biflow.sh']),
    'timeout': (['src/flow/timeout.c'], ['timeout', 'cache'], ['exact']),
    'encoder': (['src/export/%s.c' % n for n in (
        'template', 'value', 'message', 'session', 'netflow5', 'netflow9', 'ipfix', 'protocol', 'layout', 'refresh',
        'options_data', 'times')],
        ['template', 'layout', 'value', 'message', 'session', 'session_time', 'session_path', 'session_change', 'memory', 'ie', 'options_data',
         'definition', 'events', 'print', 'dump', 'round_trip'],
        ['exact', '18-weirdump.sh', '27-records.py', 'conformance/70-clauses.py']),
    'decoder': (sorted('src/packet/' + os.path.basename(f) for f in glob.glob(ROOT + '/src/packet/*.c')),
                ['packet', 'packet_cut', 'packet_fragment', 'packet_tunnel', 'header_options', 'packet_tunnel_facts', 'memory',
                 'decode_table', 'reader', 'packet_damage'],
                ['exact', '29-ignored.py', '23-inner-generated.sh']),
}
CAPTURES = ('office', 'ports', 'fragments', 'links', 'ethertypes', 'timeouts', 'tunnels', 'damage', 'counters')

SWAPS = [(r' < ', ' <= '), (r' <= ', ' < '), (r' > ', ' >= '), (r' >= ', ' > '), (r' == ', ' != '), (r' != ', ' == '),
         (r' \+ ', ' - '), (r' - ', ' + '), (r' \* (?=\w)', ' + '), (r' / ', ' * '), (r' && ', ' || '), (r' \|\| ', ' && '),
         (r' & ', ' | '), (r' \| ', ' & '), (r' << ', ' >> '), (r' >> ', ' << '), (r'\+\+', '--'), (r' \+= ', ' -= '),
         (r' -= ', ' += '), (r' \|= ', ' &= '), (r' &= ', ' |= '), (r'\breturn true;', 'return false;'),
         (r'\breturn false;', 'return true;'), (r'(?<=[( ])!(?=[\w(])', '')]
NUMBER = re.compile(r'(?<![\w.\[])(\d+)(?![\w.])')
CONDITION = re.compile(r'\b(if|while) \((.*)\)( \{)?$')
# Declarations are no statements. What changes nothing whatever the tests are is not drawn: hints to the processor (and
# the functions that only give them), assertions, and the bound of `if (a < b)` before `b = a;`.
HINTS = re.compile(r'\w+_fetch_\w+\(')
BOUND = re.compile(r'\bif \((.+) (<|<=|>|>=) (.+)\)$')
KEEP = re.compile(r'^\s*(static|const|struct|enum|union|u?int\d*_t|unsigned|size_t|bool|char|double|void|goto|return|break|'
                  r'case|default|extern|_Static_assert|assert|__builtin_prefetch|[\w ]+ \*?\w+ =|\w+ \*?\w+(\[\w*\])?;|\})')


def body_lines(lines):
    """Numbers of the lines inside functions, without comments and preprocessor lines."""
    inside = comment = False
    for i, line in enumerate(lines):
        if line.startswith('{'):
            inside = not HINTS.search(lines[i - 1])
        elif line.startswith('}'):
            inside = False
        begins = '/*' in line
        hint = HINTS.search(line) or line.startswith('\tfor') and HINTS.search(lines[i + 1])
        if inside and not comment and not begins and line.startswith('\t') and '__builtin' not in line \
                and 'assert(' not in line and '"' not in line and not hint:
            yield i
        comment = (comment or begins) and '*/' not in line


def is_idle_bound(line, following, changed):
    """Whether no more is changed than what `if (a < b)` says of equal ones, and the statement makes them equal."""
    m, other = BOUND.search(line), BOUND.search(changed)
    return m and other and m.group(1, 3) == other.group(1, 3) and m.group(2)[0] == other.group(2)[0] and \
        following.strip() in ('%s = %s;' % m.group(1, 3), '%s = %s;' % m.group(3, 1))


def mutants_of(path):
    """All mutants of a file: (path, line number, line, changed line)."""
    with open(os.path.join(ROOT, path)) as file:
        lines = file.read().split('\n')
    for i in body_lines(lines):
        line = lines[i]
        made = set()
        for pattern, other in SWAPS:
            for m in re.finditer(pattern, line):
                made.add(line[:m.start()] + other + line[m.end():])
        for m in NUMBER.finditer(line):
            number = int(m.group(1))
            for other in ({number + 1, 0} - {number} if number else {1}):
                made.add(line[:m.start()] + str(other) + line[m.end():])
        m = CONDITION.search(line)
        if m:
            for other in ('!(' + m.group(2) + ')', '1', '0'):
                if m.group(1) == 'if' or other == '0':
                    made.add(line[:m.start(2)] + other + line[m.end(2):])
        whole = line.rstrip().endswith(';') and line.count('(') == line.count(')') and \
            re.search(r'[;{}:)]$|^$|else$|do$|\*/$', lines[i - 1].rstrip())
        if whole and not KEEP.match(line):
            made.add(re.match(r'\s*', line).group() + ';')
        for changed in sorted(made - {line}):
            if not is_idle_bound(line, lines[i + 1], changed):
                yield path, i + 1, line, changed


class Killed(Exception):
    pass


def progress(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    """What compiles, links and runs a mutant, in a folder of its own."""

    def __init__(self):
        self.tmp = tempfile.mkdtemp(prefix='weir-mutate.')
        with open(os.path.join(ROOT, BUILD, 'flags')) as file:
            self.compiler = [w.replace("'", '') for w in file.read().split() if w not in ('-Werror', '-g')] + ['-w', '-g0']
        self.libraries = subprocess.run(['make', '-s', '--eval', 'say-libraries:; @echo $(PKG_LIBS) $(CHECK_LIBS)', 'say-libraries'],
                                        cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
        self.originals = {}
        self.seconds = {}  # that a test takes without a fault
        self.weir = os.path.join(self.tmp, 'weir')
        self.captures = []
        gen = os.path.join(ROOT, BUILD, 'tests/gen')
        for name in CAPTURES:
            pcap = os.path.join(self.tmp, name + '.pcap')
            subprocess.run([gen, name, pcap, '--truth', pcap + '.tsv'], check=True, stdout=subprocess.DEVNULL)
            self.captures.append(pcap)
        self.environment = dict(os.environ, WEIR=self.weir, WEIR_PLAIN=self.weir, GEN=gen, CK_FORK='no',
                                BUILD=os.path.join(ROOT, BUILD), WEIRDUMP=os.path.join(self.tmp, 'weirdump'),
                                WEIRCTL=os.path.join(ROOT, BUILD, 'weirctl'))
        self.environment.pop('SHARED', None)

    def compile(self, path, source):
        """The object file's octets, or None."""
        name = os.path.join(self.tmp, os.path.basename(path))
        with open(name, 'w') as file:
            file.write(source)
        room = os.path.dirname(path)
        done = subprocess.run(self.compiler + ['-iquote', room, '-I', room, '-c', '-o', name[:-2] + '.o', name], cwd=ROOT,
                              stderr=subprocess.DEVNULL)
        if done.returncode:
            return None
        with open(name[:-2] + '.o', 'rb') as file:
            return file.read()

    def original(self, path):
        if path not in self.originals:
            with open(os.path.join(ROOT, path)) as file:
                self.originals[path] = self.compile(path, file.read())
        return self.originals[path]

    def link(self, objects, target, path):
        mutant = os.path.join(self.tmp, os.path.basename(path)[:-2] + '.o')
        archives = [os.path.join(BUILD, 'libtests.a'), os.path.join(BUILD, 'libweir.a')]
        subprocess.run(self.compiler[:1] + ['-pie', '-pthread', '-o', target] + objects + [mutant] + archives + self.libraries,
                       cwd=ROOT, check=True)

    def run(self, what, command):
        """Raises Killed where the command fails or does not end. What it may take is bounded, too."""
        def bound():
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.setpgid(0, 0)
        scratch = os.path.join(self.tmp, 'scratch')
        os.makedirs(scratch, exist_ok=True)
        begin, known = time.monotonic(), tuple(command) in self.seconds
        process = subprocess.Popen(command, cwd=ROOT, env=dict(self.environment, TMP=scratch), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=bound)
        try:
            status = process.wait(max(SECONDS, 10 * self.seconds[tuple(command)]) if known else 300)
        except subprocess.TimeoutExpired:
            status = what = what + ' without end'
        try:
            os.killpg(process.pid, 9)
        except ProcessLookupError:
            pass
        process.wait()
        shutil.rmtree(scratch, ignore_errors=True)
        if status not in (0, 77):
            raise Killed(what)
        self.seconds.setdefault(tuple(command), time.monotonic() - begin)

    def exact(self):
        for version, capture in [(10, c) for c in self.captures] + [(v, self.captures[0]) for v in (5, 9)]:
            self.run('exact', ['tests/wire.py', '--truth', capture + '.tsv', '--version', str(version), '--', self.weir,
                               '-r', capture, '-n', '127.0.0.1:{port}', '-v', str(version), '-m', '65536'])

    def unit(self, name, path):
        program = os.path.join(self.tmp, 'check_' + name)
        self.link([os.path.join(BUILD, 'obj/tests/check_%s.o' % name)], program, path)
        self.run(name, [program])

    def kill(self, path, units, scripts):
        """Raises Killed."""
        for name in sorted(units, key=lambda u: self.seconds.get((os.path.join(self.tmp, 'check_' + u),), 0)):
            self.unit(name, path)
        if not scripts:
            return
        self.link([os.path.join(BUILD, 'obj/src/daemon/main.o')], self.weir, path)
        self.link(glob.glob(os.path.join(ROOT, BUILD, 'obj/src/tools/weirdump*.o')), self.environment['WEIRDUMP'], path)
        for script in scripts:
            if script == 'exact':
                self.exact()
            else:
                self.run(script, ['tests/' + script])


def try_mutant(bench, mutant, units, scripts):
    """'same code', 'not C', 'killed by ...' or 'survived'."""
    path, number, _, changed = mutant
    original = bench.original(path)
    with open(os.path.join(ROOT, path)) as file:
        lines = file.read().split('\n')
    lines[number - 1] = changed
    made = bench.compile(path, '\n'.join(lines))
    if made is None or made == original:
        return 'not C' if made is None else 'same code'
    try:
        bench.kill(path, units, scripts)
    except Killed as by:
        return 'killed by %s' % by
    return 'survived'


def drawn(files, room, seeds, count):
    """Yields the mutants in the order of each seed, none twice; send it whether the last one counts."""
    seen = set()
    for seed in seeds:
        mutants = [m for f in files for m in mutants_of(f)]
        random.Random('%s %s' % (room, seed)).shuffle(mutants)
        counted = 0
        for mutant in mutants:
            if counted == count:
                break
            if mutant not in seen:
                seen.add(mutant)
                counted += yield mutant


def room_score(bench, room, files, options, say):
    units, scripts = ROOMS[room][1], [] if options.u else ROOMS[room][2]
    begin, results = time.monotonic(), {}
    mutants = drawn(files, room, options.s, options.n)
    result, mutant = None, next(mutants)
    while mutant and time.monotonic() - begin < 60 * options.m:
        result = try_mutant(bench, mutant, units, scripts)
        results[result] = results.get(result, 0) + 1
        path, number, line, changed = mutant
        if result == 'survived':
            say('    %s:%d: `%s` for `%s`' % (path, number, changed.strip(), line.strip()))
        progress('%s %d, %d s: %s:%d `%s`: %s' % (
            room, sum(results.values()), time.monotonic() - begin, path, number, changed.strip(), result))
        try:
            mutant = mutants.send(result not in ('same code', 'not C'))
        except StopIteration:
            mutant = None
    same, broken, survived = (results.pop(k, 0) for k in ('same code', 'not C', 'survived'))
    killed = sum(results.values())
    score = 100 * killed / (killed + survived) if killed + survived else 100
    say('%s: %d of %d mutants killed, %.1f %%; %d of the same code, %d not C; seeds %s, %d s; %s' % (
        room, killed, killed + survived, score, same, broken, ' '.join(options.s), time.monotonic() - begin,
        ', '.join('%s %d' % (by[10:], n) for by, n in sorted(results.items(), key=lambda k: -k[1]))))
    return score


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('-n', type=int, default=60)
    parser.add_argument('-m', type=float, default=1e6)
    parser.add_argument('-s', type=lambda s: s.split(','), default=['1'])
    parser.add_argument('-g', type=float, default=GOAL)
    parser.add_argument('-u', action='store_true')
    parser.add_argument('-o')
    parser.add_argument('what', nargs='*')
    options = parser.parse_args()
    report = open(options.o, 'a') if options.o else None
    bench = Bench()

    def say(text):
        print(text, flush=True)
        if report:
            print(text, file=report, flush=True)
    worst = 100
    for room, (files, units, scripts) in ROOMS.items():
        chosen = [f for f in files if not options.what or room in options.what or f in options.what]
        if not chosen:
            continue
        bench.original(chosen[0])
        try:
            bench.kill(chosen[0], units, [] if options.u else scripts)
        except Killed as by:
            say('%s: %s fails without a mutation' % (room, by))
            return 1
        worst = min(worst, room_score(bench, room, chosen, options, say))
    shutil.rmtree(bench.tmp, ignore_errors=True)
    return worst < options.g


sys.exit(main())
