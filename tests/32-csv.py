#!/usr/bin/env python3
# run.sh: computes
"""CSV tells what JSON tells: of each flow of generated captures every element of the record, ready-made ones and one of
a user's own, as a biflow too, in the column of its name, and nothing in the columns of elements that the flow has not.
The default record has the columns that it always had.
"""
import csv
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
WEIR = os.environ.get('WEIR', ROOT + '/weir')
GEN = os.environ.get('GEN', ROOT + '/build/tests/gen')
TMP = os.environ.get('TMP', '/tmp')
sys.path.insert(0, HERE)
import truth

FIXED = '''flowStartMilliseconds,flowEndMilliseconds,ipVersion,protocolIdentifier,sourceIPv4Address,sourceIPv6Address,\
sourceTransportPort,destinationIPv4Address,destinationIPv6Address,destinationTransportPort,icmpTypeCodeIPv4,icmpTypeCodeIPv6,\
packetDeltaCount,octetDeltaCount,tcpControlBits,ipClassOfService,ingressInterface,egressInterface,flowDirection,flowEndReason,\
minimumTTL,maximumTTL,vlanId,dot1qVlanId,dot1qCustomerVlanId,sourceMacAddress,destinationMacAddress,ipNextHopIPv4Address,\
bgpSourceAsNumber,bgpDestinationAsNumber,sourceIPv4PrefixLength,destinationIPv4PrefixLength'''.split(',')
OWN = '''records = ( { name = "own"; match = [ "sourceIPv4Address", "inner.sourceIPv4Address", "vlanId" ];
  collect = [ "octetDeltaCount", "flowStartMicroseconds", "isMulticast", "minimumIpTotalLength" ]; } );
'''
failures = []


def told(capture, form, *options):
    command = [WEIR, '-q', '-f', TMP + '/own.conf', '-r', capture, '-o', form, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit('%s: %s' % (command, done.stderr))
    return done.stdout


def flat(flow):
    """Each value under the title of its column."""
    out = {}
    for name, value in flow.items():
        for n, v in enumerate(value if isinstance(value, list) else [value]):
            out[name if n == 0 else '%s_%d' % (name, n + 1)] = json.dumps(v) if isinstance(v, (bool, float)) else str(v)
    return out


def compare(name, capture, *options):
    flows = [json.loads(line) for line in told(capture, 'json', *options).splitlines()]
    titles, *rows = csv.reader(told(capture, 'csv', *options).splitlines())
    if len(set(titles)) != len(titles):
        failures.append('%s: a title stands twice: %s' % (name, titles))
    if len(rows) != len(flows):
        failures.append('%s: %d rows of %d' % (name, len(rows), len(flows)))
    for flow, row in zip(map(flat, flows), rows):
        if len(row) != len(titles):
            failures.append('%s: %d cells under %d titles' % (name, len(row), len(titles)))
        got = {t: v for t, v in zip(titles, row) if v}
        want = {t: v for t, v in flow.items() if v and (titles != FIXED or t in titles)}
        if got != want:
            failures.append('%s: %s, not %s' % (name, sorted(set(got.items()) - set(want.items())),
                                                sorted(set(want.items()) - set(got.items()))))
            break
    return titles, len(rows)


def main():
    if not os.access(GEN, os.X_OK) or not os.access(WEIR, os.X_OK):
        print('32-csv.py: skipped: there is no %s or %s' % (GEN, WEIR))
        return 77
    with open(TMP + '/own.conf', 'w') as f:
        f.write(OWN)
    count, twice, reverse = 0, False, False
    for scenario in ('office', 'tunnels'):
        capture = '%s/%s.pcap' % (TMP, scenario)
        subprocess.run([GEN, scenario, capture], check=True, stdout=subprocess.DEVNULL)
        for record in (*truth.READY, 'own'):
            for biflow in ('false', 'true') if record in ('default', 'tcp', 'tunnel') else ('false',):
                name = '%s, %s, biflow=%s' % (scenario, record, biflow)
                titles, rows = compare(name, capture, '--set', 'cache.record=' + record, '--set', 'cache.biflow=' + biflow)
                if (titles == FIXED) != (record == 'default' and biflow == 'false'):
                    failures.append('%s: columns: %s' % (name, titles))
                twice |= any(t.endswith('_2') for t in titles)
                reverse |= 'reversePacketDeltaCount' in titles
                count += rows
    if not twice or not reverse:
        failures.append('no record had an element twice, or a reverse one')
    for f in failures[:20]:
        print('FAILED: ' + f[:1000])
    if failures:
        return 1
    print('32-csv.py: %d rows as JSON has them' % count)
    return 0


sys.exit(main())
