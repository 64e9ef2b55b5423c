#!/bin/bash
# Bad input gets one line that says what is wrong and where, and the right exit status: 1 usage or
# configuration, 2 could not start.
. "$(dirname "$0")/common.sh"
[ -x "$GEN" ] || skip "there is no $GEN"
cd "$TMP" || exit 1

# says STATUSES PATTERN ARGUMENTS...: exit status, one line on stderr, and what it must name
says() {
	local want=$1 pattern=$2 status lines
	shift 2
	timeout 20 "$WEIR" "$@" >out 2>err </dev/null
	status=$?
	lines=$(wc -l <err)
	[[ " $want " == *" $status "* ]] || bad "weir $*: exit status $status, not $want: $(head -3 err)"
	[ "$lines" -eq 1 ] || bad "weir $*: $lines lines, not one: $(head -3 err)"
	grep -Eiq -- "$pattern" err || bad "weir $*: nothing like '$pattern' in: $(head -3 err)"
}

"$GEN" office good.pcap --truth good.tsv --no-timeouts
packets=$(awk '/^# seen/ { print $3 }' good.tsv)

# the file
says 2 'nowhere.pcap.*(no such file|cannot open|not exist)' -r nowhere.pcap
echo 'this is not a capture at all, only a line of text' >text.pcap
says 2 'text.pcap' -r text.pcap
: >empty.pcap
says 2 'empty.pcap' -r empty.pcap
says 2 "$TMP" -r "$TMP"
head -c 20 good.pcap >short.pcap
says 2 'short.pcap' -r short.pcap

printf 'no capture at all, but long enough' >text.pcap
says 2 'text.pcap: is no capture: neither pcap nor pcapng' -r text.pcap
: >empty.pcap
says 2 'empty.pcap: is empty' -r empty.pcap
gzip -c good.pcap >packed.pcap.gz
says 2 'packed.pcap.gz: is compressed: read it by .zcat packed.pcap.gz | weir -r -.' -r packed.pcap.gz
zcat packed.pcap.gz | timeout 20 "$WEIR" -r - -o csv >out 2>err || bad "what it says of a compressed file: $(cat err)"

# the interface, the filter; capturing needs a capability
says 2 'none0.*ip -br link' -i none0
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	timeout 20 setpriv --bounding-set -net_raw "$WEIR" -i lo >out 2>err </dev/null
	[ $? -eq 2 ] && grep -q 'needs CAP_NET_RAW: run as root' err || bad "without the capability: $(cat err)"
	timeout 20 setpriv --bounding-set -setuid,-setgid "${WEIR_PLAIN:-$WEIR}" -r good.pcap --set privileges.user=nobody >out 2>err </dev/null
	[ $? -eq 2 ] && grep -q 'cannot become nobody.*CAP_SETUID' err || bad "root that may not switch: $(cat err)"
fi

# what is missing is said, not only that something is
says 1 'eth0.*words are a filter.*-i INTERFACE' eth0
echo 'inputs = ( { interface = eth0; } );' >quotes.conf
says 1 'quotes.conf:1: syntax error.*without quotes' -C -f quotes.conf
says 1 'exporters.0..file.path: needs transport = "file"' -r good.pcap --set "exporters[0].file.path=$TMP/x"
says 2 'routes.asn_database: nowhere: ' -r good.pcap --set routes.asn_database=nowhere
if command -v python3 >/dev/null; then
	python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(60)' >port &
	cleanups+=("kill $!")
	until_true 10 test -s port
	for want in "127.0.0.1:$(cat port)|another weir" '192.0.2.77:9416|none of this host'; do
		timeout 20 "$WEIR" -i lo --set "metrics.listen=${want%|*}" >out 2>err </dev/null
		[ $? -eq 2 ] && grep -q "metrics.listen: ${want%|*}: .*${want#*|}" err || bad "${want%|*}: $(cat err)"
	done
fi
timeout 20 "$WEIR" -i lo --set control.socket="$TMP/nowhere/socket" >out 2>err </dev/null
[ $? -eq 2 ] && grep -q 'control.socket: .*its folder must be there' err || bad "a socket in no folder: $(cat err)"
# the ledger's file is opened first
says 2 'nowhere/ledger' -r good.pcap --ledger nowhere/ledger

# the collector, the protocol, and the other options
says '1 2' 'nosuch.invalid' -r good.pcap -n nosuch.invalid:2055
says 1 '127.0.0.1:99999|port' -r good.pcap -n 127.0.0.1:99999
says 1 'port' -r good.pcap -n 127.0.0.1:port
says 1 '7' -r good.pcap -v 7
says 1 'netflow6' -r good.pcap -v netflow6
says 1 'xml' -r good.pcap -o xml
says 1 'entries|-m|many' -r good.pcap -m many
says 1 'entries|-m|0' -r good.pcap -m 0
says 1 'idel' -r good.pcap -t idel=5
says 1 'idle' -r good.pcap -t idle=soon
says 1 'idle' -r good.pcap -t idle=-1
says 1 'frobnicate' --frobnicate
says 1 'sample|-s' -r good.pcap -s 0
says 1 '16384|sampl' -r good.pcap -v 5 -n 127.0.0.1:9 -s 16384

# the configuration: file, line, what was found, and what may have been meant
printf 'cache = {\n  entries = 1024;\n  timeouts = { idel = "15s"; };\n};\n' >typo.conf
says 1 'typo.conf:3.*idel.*idle' -f typo.conf --check-config
printf 'cache = {\n  entries = "many";\n};\n' >type.conf
says 1 'type.conf:2.*entries' -f type.conf --check-config
printf 'cache = {\n  entries = \n};\n' >syntax.conf
says 1 'syntax.conf:[23]' -f syntax.conf --check-config
says 1 'absent.conf' -f absent.conf --check-config
says 1 'cache.entires.*entries' -r good.pcap --set cache.entires=5
printf 'inputs = ( { interface = "lo"; } );\ncache = { entries = 1024; };\n' >good.conf
timeout 20 "$WEIR" -f good.conf --check-config >out 2>err || bad "a good configuration: $(cat err)"

# a bad filter may be found before or after the file is opened
timeout 20 "$WEIR" -r good.pcap 'tcp port' >out 2>err </dev/null
case $? in 1 | 2) ;; *) bad "bad filter: exit status $?" ;; esac
[ "$(wc -l <err)" -eq 1 ] || bad "bad filter: $(cat err)"

# what a capture holds before it breaks off is exported, and the exit status is 2
size=$(stat -c %s good.pcap)
for octets in 30 41 $((size / 3)) $((size / 2)) $((size - 1)); do
	head -c "$octets" good.pcap >cut.pcap
	timeout 20 "$WEIR" -r cut.pcap -o csv >out 2>err </dev/null
	status=$?
	[ $status -eq 2 ] || bad "capture cut at $octets: exit status $status: $(head -3 err)"
	grep -q 'cut.pcap' err || bad "capture cut at $octets: the file is not named: $(head -3 err)"
	if [ "$octets" -ge $((size / 3)) ]; then
		[ "$(wc -l <out)" -gt 100 ] || bad "capture cut at $octets: only $(wc -l <out) lines of records"
	fi
done

# what has to succeed
timeout 20 "$WEIR" --version >out 2>&1 || bad "--version: $(cat out)"
grep -q 'TCP, TLS and files' out && grep -q '[0-9]\.[0-9]' out || bad "--version says $(cat out)"
timeout 20 "$WEIR" --help >out 2>&1 || bad '--help'
for option in -f -i -r -n -v -o -m -t -s -C --set --list-elements; do
	grep -q -- "$option" out || bad "--help does not tell $option"
done
timeout 20 "$WEIR" --list-elements >out 2>&1 || bad '--list-elements'
grep -q octetDeltaCount out || bad '--list-elements has no octetDeltaCount'

# the summary counts every packet
timeout 20 "$WEIR" -r good.pcap -o csv >out 2>err || bad "a good capture: $(cat err)"
grep -q "$packets" err || bad "the summary does not tell $packets packets: $(cat err)"
finish
