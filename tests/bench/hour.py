#!/usr/bin/env python3
"""hour.py LEDGER: in a line what a ledger says by now.
hour.py LEDGER SENT RATE CAME COUNTED COST DROPPED: at the end, whether what the sender sent, what came through the wire,
what the ledger says and what the sink counted are the same frames; status 1 where they are not. DROPPED: how often the
loopback interface had no room for datagrams, of which nobody is told: that is a failure, too, but not weir's."""
import json
import sys


def numbers(text):
    return {name: int(value) for name, value in (word.split('=') for word in text.split()[-8:] if '=' in word)}


def now(ledger):
    kernel, collector = ledger['packets']['kernel'], ledger['flows']['collectors'][0]
    return (f"{kernel['received']} frames came, the kernel dropped {kernel['dropped']}, {collector['sent']['flows']} records "
            f"were sent, {collector['lost']['flows']} lost, the ledger {'adds' if ledger['adds_up'] else 'DOES NOT ADD'} up")


def wrong(ledger, sent, came, sink, cost, dropped):
    packets, flows = ledger['packets'], ledger['flows']
    kernel, collector = packets['kernel'], flows['collectors'][0]
    lost = flows['lost']['packets'] + collector['lost']['packets']
    for what, one, other in (
            ('exit status', cost['status'], 0),
            ('the ledger adds up', ledger['adds_up'], True),
            ('frames sent, and through the wire', sent, came),
            ('frames through the wire, and those of which the kernel told', came, kernel['received']),
            ('frames seen, and those that the kernel did not drop', packets['seen']['frames'], kernel['received'] - kernel['dropped']),
            ('frames seen, and those in flows', packets['seen']['frames'], packets['metered']['frames']),
            ('packets sent in records or lost with them, and those in flows', collector['sent']['packets'] + lost,
             packets['metered']['frames']),
            ('packets in records that came, and those sent', sink['packets'], collector['sent']['packets']),
            ('octets likewise', sink['octets'], collector['sent']['octets']),
            ('records likewise', sink['records'], collector['sent']['flows']),
            ('missing by sequence numbers, and records lost', sink['missing'], collector['lost']['flows']),
            ('datagrams that the sink had no room for', sink['drops'], 0),
            ('trains of datagrams that the loopback interface had no room for', dropped, 0)):
        if one != other:
            yield f'{what}: {one} and {other}'


def main():
    with open(sys.argv[1]) as f:
        ledger = json.load(f)
    if len(sys.argv) == 2:
        return print(now(ledger))
    sent, rate, came = (int(word) for word in sys.argv[2:5])
    sink, cost = (numbers(text) for text in sys.argv[5:7])
    print(f"hour: {sent} frames sent, {rate} a second; {now(ledger)}; {sink['records']} records with {sink['packets']} packets "
          f"came, {sink['missing']} missing; {cost['cpu_ns'] / sent:.0f} ns of processor a frame, {cost['peak_kb'] / 1024:.1f} MB")
    complaints = list(wrong(ledger, sent, came, sink, cost, int(sys.argv[7])))
    print('hour: NOT EXACT: ' + '; '.join(complaints) if complaints else 'hour: exact')
    sys.exit(bool(complaints))


main()
