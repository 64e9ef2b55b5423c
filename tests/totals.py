#!/usr/bin/env python3
"""totals.py TRUTH VERSION nfdump|pmacct FILE [bare]: compares packets, octets and TCP flags of each flow, as a
collector stored them, with the truth. pmacct keeps no ICMP types and, from v5, only the ports of TCP and UDP:
there other ports are left out on both sides. nfacctd 1.7.7 takes the first octet of IPFIX's tcpControlBits for
the flags, which is 0 where the element has two octets: if it then has none at all, they are left out, and this
says so. With `bare`, type of service and flags are left out, for records that don't have them or only one
direction's. A biflow counts as its two directions. Exit 0 if all agree."""
import collections
import ipaddress
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import wire

FLAGS = 'CEUAPRSF'
NUMBERS = {'icmp': 1, 'igmp': 2, 'tcp': 6, 'udp': 17, 'dccp': 33, 'esp': 50, 'ipv6-icmp': 58, 'sctp': 132, 'udplite': 136,
           'ipv6-opts': 60}


def nfdump(path):
    for f in json.load(open(path)):
        flags = sum(1 << 7 - i for i, c in enumerate(f.get('tcp_flags', '')[-8:]) if c == FLAGS[i])
        proto, sport, dport = f['proto'], f.get('src_port', 0), f.get('dst_port', 0)
        if 'icmp_type' in f:
            sport, dport = 0, f['icmp_type'] << 8 | f['icmp_code']
        yield (f.get('src4_addr') or f['src6_addr'], f.get('dst4_addr') or f['dst6_addr'], proto, sport, dport, f['src_tos'],
               f['in_packets'], f['in_bytes'], flags if proto == 6 else 0)
        if f.get('out_packets'):
            yield (f.get('dst4_addr') or f['dst6_addr'], f.get('src4_addr') or f['src6_addr'], proto, dport, sport, f['dst_tos'],
                   f['out_packets'], f['out_bytes'], 0)


def pmacct(path):
    for line in open(path):
        f = line.strip().split(',')
        if len(f) != 9 or f[0] == 'SRC_IP':
            continue
        proto = int(f[5]) if f[5].isdigit() else NUMBERS[f[5]]
        ports = (int(f[2]), int(f[3])) if proto in (6, 17) else (0, 0)
        yield (f[0], f[1], proto, *ports, int(f[6]), int(f[7]), int(f[8]), int(f[4]))


def bare(rows):
    for row in rows:
        yield (*row[:5], 0, *row[6:8], 0)


def sums(rows):
    out = collections.defaultdict(lambda: [0, 0, 0])
    for src, dst, proto, sport, dport, tos, packets, octets, flags in rows:
        f = out[str(ipaddress.ip_address(src)), str(ipaddress.ip_address(dst)), proto, sport, dport, tos]
        f[0] += packets
        f[1] += octets
        f[2] |= flags
    return out


truth, version, kind, path = sys.argv[1:5]
kept = bare if sys.argv[5:] == ['bare'] else iter
want = []
for r in wire.read_truth(truth):
    if version == '5' and len(r.src) != 4:
        continue
    ports = (r.sport, r.dport) if kind == 'nfdump' or r.proto in (6, 17) else (0, 0)
    want.append((r.src, r.dst, r.proto, *ports, r.tos, r.packets, r.octets, r.flags))
want, got = sums(kept(want)), sums(kept({'nfdump': nfdump, 'pmacct': pmacct}[kind](path)))
if kind == 'pmacct' and version == '10' and kept is iter and not any(f[2] for f in got.values()):
    print('TCP flags: left out, nfacctd has none')
    for f in want.values():
        f[2] = 0
wrong = ['%s: the truth is %s, %s has %s' % (k, want.get(k), kind, got.get(k)) for k in want.keys() | got.keys() if want.get(k) != got.get(k)]
wire.report('flows', sorted(wrong))
print('%d of %d flows agree' % (len(want.keys() | got.keys()) - len(wrong), len(want)))
sys.exit(1 if wrong else 0)
