#!/bin/bash
# AS numbers of a capture's flows, from a text and from a database in MaxMind's format that says the same:
# those of the longest prefix, as a search of its own finds them, in IPFIX's record and in NetFlow v5's.
. "$(dirname "$0")/common.sh"
need python3
[ -x "$GEN" ] || skip "there is no $GEN"
"$GEN" office "$TMP/office.pcap" --truth "$TMP/truth.tsv" --no-timeouts

cat >"$TMP/asn.py" <<'P'
import collections, ipaddress, json, random, struct, sys
what, records, folder = sys.argv[1:4]
random.seed(7)

def flows():
    return [json.loads(line) for line in open(records)]

def address(r, end):
    return ipaddress.ip_address(r.get(f'{end}IPv4Address') or r.get(f'{end}IPv6Address'))

def prefixes():
    """Of any length, in and around each other, for some of the addresses; in no order."""
    all = {}
    for a in sorted({address(r, end) for r in flows() for end in ('source', 'destination')}, key=str):
        for length in random.sample(range(4, a.max_prefixlen + 1), 3) if random.random() < 0.8 else []:
            all[ipaddress.ip_network((a, length), strict=False)] = random.choice((64496, 23, 65535, 65536, 4200000000))
    rows = list(all.items())
    random.shuffle(rows)
    return rows

def write_text(rows):
    with open(f'{folder}/asn.txt', 'w') as out:
        out.write('# prefixes\n\n')
        for i, (net, number) in enumerate(rows):
            out.write(f'{net} {"AS" if i % 2 else ""}{number}  # {i}\n')

def write_database(rows):
    """MaxMind DB format 2.0: a tree of 128 bits, IPv4 below ::/96, records of 24 bits."""
    nodes, data = [[None, None]], b''
    key = lambda text: bytes([0x40 | len(text)]) + text.encode() if len(text) < 29 else bytes([0x5d, len(text) - 29]) + text.encode()
    value = lambda n, kind: (lambda b: bytes([kind << 5 | len(b)]) + b)(n.to_bytes((n.bit_length() + 7) // 8, 'big'))
    offsets = {}
    for number in sorted({n for _, n in rows}):
        offsets[number] = len(data)
        data += bytes([0xe1]) + key('autonomous_system_number') + value(number, 6)
    for net, number in sorted(rows, key=lambda row: row[0].prefixlen + (96 if row[0].version == 4 else 0)):
        length = net.prefixlen + (96 if net.version == 4 else 0)
        bits = f'{int(net.network_address):0128b}'[:length]
        at = 0
        for depth, bit in enumerate(bits):
            bit = int(bit)
            if depth == length - 1:
                nodes[at][bit] = ('data', number)
                break
            next = nodes[at][bit]
            if not isinstance(next, int):
                nodes.append([next, next])
                nodes[at][bit] = next = len(nodes) - 1
            at = next
    place = lambda r: len(nodes) if r is None else r if isinstance(r, int) else len(nodes) + 16 + offsets[r[1]]
    tree = b''.join(place(r).to_bytes(3, 'big') for node in nodes for r in node)
    meta = {'node_count': value(len(nodes), 6), 'record_size': value(24, 5), 'ip_version': value(6, 5),
            'binary_format_major_version': value(2, 5), 'binary_format_minor_version': value(0, 5),
            'build_epoch': bytes([0x01, 0x02, 1]), 'database_type': key('ASN'),
            'languages': bytes([0x00, 0x04]), 'description': bytes([0xe0])}
    with open(f'{folder}/asn.mmdb', 'wb') as out:
        out.write(tree + bytes(16) + data + b'\xab\xcd\xefMaxMind.com' + bytes([0xe0 | len(meta)]) +
                  b''.join(key(k) + v for k, v in meta.items()))

def find(rows, a):
    best = max((net.prefixlen, number) for net, number in rows if net.version == a.version and a in net) if any(
        net.version == a.version and a in net for net, _ in rows) else (0, 0)
    return best[1]

rows = prefixes()
if what == 'write':
    write_text(rows)
    write_database(rows)
    sys.exit()
wrong, kinds = [], collections.Counter()
for r in map(json.loads, open(sys.argv[4])):
    for end, element in (('source', 'bgpSourceAsNumber'), ('destination', 'bgpDestinationAsNumber')):
        want = find(rows, address(r, end))
        if what == 'five' and want > 65535:
            want = 23456
        kinds[want] += 1
        if r[element] != want:
            wrong.append(f'{address(r, end)} is in AS {r[element]}, not {want}')
print('\n'.join(wrong[:5]))
sys.exit(bool(wrong) or len(kinds) < 4)
P

judge() { run "$1" python3 "$TMP/asn.py" "$2" "$TMP/plain.json" "$TMP" "$3"; }
"$WEIR" -r "$TMP/office.pcap" -o json >"$TMP/plain.json" 2>"$TMP/log" || bad "no records: $(cat "$TMP/log")"
python3 "$TMP/asn.py" write "$TMP/plain.json" "$TMP" || bad 'the files could not be made'
for file in asn.txt asn.mmdb; do
	"$WEIR" -r "$TMP/office.pcap" -o json --set cache.record=router --set routes.asn_database="$TMP/$file" \
		>"$TMP/$file.json" 2>"$TMP/log" || bad "$file: $(cat "$TMP/log")"
	judge "$file" records "$TMP/$file.json"
done
cmp -s "$TMP/asn.txt.json" "$TMP/asn.mmdb.json" || bad 'text and database give different records'

# What is done to the file afterwards changes nothing: here it is cut, and then another's, while weir runs. It
# reads the database before it opens the capture, and the capture is this pipe.
mkfifo "$TMP/pipe"
for harm in ': >' 'head -c 5000 /dev/zero >'; do
	cp "$TMP/asn.mmdb" "$TMP/harmed.mmdb"
	"$WEIR" -r "$TMP/pipe" -o json --set cache.record=router --set routes.asn_database="$TMP/harmed.mmdb" \
		>"$TMP/harmed.json" 2>"$TMP/log" &
	weir=$!
	exec 7>"$TMP/pipe"
	eval "$harm\"$TMP/harmed.mmdb\""
	cat "$TMP/office.pcap" >&7
	exec 7>&-
	wait $weir || bad "a database that is harmed: exit status $?: $(tail -1 "$TMP/log")"
	cmp -s "$TMP/asn.mmdb.json" "$TMP/harmed.json" || bad "a database that is harmed by $harm gives other numbers"
done

# NetFlow v5 has 16 bits for it (wire.py knows nobody who could fill them, and complains)
"$wire" --version 5 --hex "$TMP/five.hex" -- "$WEIR" -r "$TMP/office.pcap" -v 5 -n '127.0.0.1:{port}' \
	--set routes.asn_database="$TMP/asn.txt" >"$TMP/log" 2>&1
python3 - "$TMP/five.hex" >"$TMP/five.json" <<'P'
import ipaddress, json, struct, sys
for line in open(sys.argv[1]):
    datagram = bytes.fromhex(line.strip())
    for at in range(24, len(datagram), 48):
        source, destination = (str(ipaddress.ip_address(datagram[at + i:at + i + 4])) for i in (0, 4))
        numbers = struct.unpack_from('>HH', datagram, at + 40)
        print(json.dumps({'sourceIPv4Address': source, 'destinationIPv4Address': destination,
                          'bgpSourceAsNumber': numbers[0], 'bgpDestinationAsNumber': numbers[1]}))
P
[ "$(wc -l <"$TMP/five.json")" -gt 100 ] || bad "v5: $(wc -l <"$TMP/five.json") records: $(tail -3 "$TMP/log")"
judge v5 five "$TMP/five.json"

refuse() { # TEXT COMPLAINT
	printf '%b' "$1" >"$TMP/bad.txt"
	"$WEIR" -r "$TMP/office.pcap" --set routes.asn_database="$TMP/bad.txt" >"$TMP/log" 2>&1
	[ $? -eq 2 ] && grep -q "$2" "$TMP/log" || bad "'$1' is not refused: $(tail -1 "$TMP/log")"
}
refuse '10.0.0.0/8 1\n10.0.0.0/33 2\n' 'bad.txt:2: '
refuse '10.0.0/8 1\n' 'bad.txt:1: '
refuse '10.0.0.0/8 AS\n' 'bad.txt:1: '
refuse '10.0.0.0/8 4294967296\n' 'bad.txt:1: '
refuse '2001:db8::/32 1 2\n' 'bad.txt:1: '
"$WEIR" -r "$TMP/office.pcap" --set routes.asn_database="$TMP/none" >"$TMP/log" 2>&1 && bad 'a file that is not there is taken'
finish
