#!/usr/bin/env python3
"""biflow.py WEIR CAPTURE...: biflows against the uniflows that they are made of.

Each capture is read twice, with time-outs that never come: each direction of a biflow must count
what its uniflow counts, with the same first and last time and flags, and no uniflow is left over.
The source is checked too: who sent a SYN, or got a SYN with ACK, and else who sent first.
"""
import json
import subprocess
import sys

NEVER = [x for name in ('active', 'idle', 'tcp.fin', 'tcp.rst') for x in ('-t', name + '=1000d')]
TELLS = ('PacketDeltaCount', 'OctetDeltaCount', 'FlowStartMilliseconds', 'FlowEndMilliseconds',
         'TcpControlBits')


def flows(weir, capture, *options):
    command = [weir, '-q', '-r', capture, '-m', '100000', '-o', 'json', *NEVER, *options]
    told = subprocess.run(command, check=False, capture_output=True, text=True)
    if told.returncode not in (0, 2):
        sys.exit('%s: %s' % (capture, told.stderr))
    return [json.loads(line) for line in told.stdout.splitlines()]


def ends(flow):
    """Source and destination, and what they share."""
    icmp = flow.get('icmpTypeCodeIPv4', flow.get('icmpTypeCodeIPv6'))
    source = flow.get('sourceIPv4Address') or flow.get('sourceIPv6Address')
    destination = flow.get('destinationIPv4Address') or flow.get('destinationIPv6Address')
    return ((source, flow.get('sourceTransportPort', 0)),
            (destination, icmp if icmp is not None else flow['destinationTransportPort']),
            flow['protocolIdentifier'])


def turned(key):
    return key[1], key[0], key[2]


def lower(name):
    return name[0].lower() + name[1:]


def add(table, key, values):
    """Uniflows of one pair of ends differ in their type of service."""
    if key in table:
        old = table[key]
        values = (old[0] + values[0], old[1] + values[1], min(old[2], values[2]),
                  max(old[3], values[3]), old[4] | values[4])
    table[key] = values


def check(weir, capture):
    uniflows, directions, answered = {}, {}, 0
    for flow in flows(weir, capture):
        add(uniflows, ends(flow), tuple(flow[lower(name)] for name in TELLS))
    for flow in flows(weir, capture, '--set', 'cache.biflow=true'):
        key = ends(flow)
        if flow['packetDeltaCount']:
            add(directions, key, tuple(flow[lower(name)] for name in TELLS))
        if 'reversePacketDeltaCount' in flow:
            answered += 1
            add(directions, turned(key), tuple(flow['reverse' + name] for name in TELLS))
            check_source(capture, flow, key)
        elif turned(key) in uniflows and key != turned(key):
            raise ValueError('%s: %s has no answer' % (capture, key))
    for key in uniflows.keys() | directions.keys():
        if uniflows.get(key) != directions.get(key):
            raise ValueError('%s: %s: %s, not %s' % (
                capture, key, directions.get(key), uniflows.get(key)))
    return answered


def check_source(capture, flow, key):
    syn, answer = flow['tcpControlBits'] & 0x12, flow['reverseTcpControlBits'] & 0x12
    began = flow['flowStartMilliseconds'] <= flow['reverseFlowStartMilliseconds']
    if flow['packetDeltaCount'] and not began and not (syn == 2 or answer == 0x12):
        raise ValueError('%s: %s did not begin' % (capture, key))
    if key[2] != 6 and flow['biflowDirection'] != 1:
        raise ValueError('%s: %s has no initiator' % (capture, key))


def main():
    weir, captures = sys.argv[1], sys.argv[2:]
    answered = sum(check(weir, capture) for capture in captures)
    print('%d captures, %d biflows with both directions' % (len(captures), answered))
    if captures and not answered:
        sys.exit('none of them has an answer: nothing was seen')


try:
    main()
except (ValueError, KeyError) as fault:
    sys.exit('%s: %s' % (type(fault).__name__, fault))
