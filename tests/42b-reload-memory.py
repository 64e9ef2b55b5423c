#!/usr/bin/env python3
"""What other configurations took is given back: the soak's weir, with collectors over UDP, TCP and TLS that listen, is sent
round some configurations and back, again and again. After each round, when the collectors of the others have gone, it has
to have the size that it had after the first, and its heap, where holes would stay, too."""
import shutil
import sys
import time

import soak

ROUNDS = 8
HEAP = 256  # KB that it may move by
KINDS = ({'exporters': ('v9', 'tls'), 'record': 'few'}, {'exporters': ('tcp', 'v5'), 'filter': 'udp'}, {'exporters': ('udp', 'file'), 'biflow': 'true'},
         {'record': 'few'}, {'exporters': ('udp', 'v9', 'tcp')})
GONE = 90  # seconds; it may take a minute


def heap(mappings):
    return sum(resident for at, (resident, _) in mappings.items() if at.startswith('weir ') and '[heap]' in at)


def reload(weir, **kind):
    weir.write_configuration(**kind)
    answer = weir.weirctl_reload()
    if answer.returncode:
        sys.exit('no reload: ' + answer.stdout + answer.stderr)


def go_round(weir):
    for kind in KINDS:
        reload(weir, **kind)
    reload(weir)
    until = time.monotonic() + GONE
    while len(weir.ask('ledger')['flows']['collectors']) > len(weir.HOME['exporters']):
        if time.monotonic() > until:
            sys.exit('collectors of another configuration are still there')
        time.sleep(0.1)


def main():
    if not shutil.which('openssl'):
        print('42b-reload-memory.py: skipped: openssl is not here')
        sys.exit(77)
    soak.own_network()
    weir = soak.Soak(1, 1)
    weir.sender.start()
    go_round(weir)
    memory = soak.Memory(weir.weir.pid)
    heaps = [heap(memory.at_first)]
    for _ in range(ROUNDS):
        go_round(weir)
        memory.look()
        heaps.append(heap(memory.mappings()))
    weir.memory = memory
    moved = max(heaps) - min(heaps)
    print('heap after each round: %s KB' % heaps)
    if moved > HEAP:
        weir.blame('the heap moved by %d KB' % moved)
    return weir.finish()


sys.exit(main())
