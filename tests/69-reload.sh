#!/bin/bash
# The configuration is changed while the wire is full: times, records, exporters, filters, sampling and
# inputs, by SIGHUP and by weirctl. Each frame is a flow of its own, so each that was seen must be in one
# record of one kind, and in no other; what is wrong with a file is said, and changes nothing. So it is
# confined and without rights, inputs that come too, and in the other builds.
. "$(dirname "$0")/common.sh"
TOP=${TOP:-$root}
flood=$(dirname "$WEIR")/tests/tool_flood
[ -x "$flood" ] || flood=$root/build/tests/tool_flood
need python3 ip
[ -x "$flood" ] || skip "there is no tool_flood, 'make tools' builds it"
two_hosts
ip -n $a link set va arp off
ip -n $b link set vb arp off
ip -n $a link add wa type veth peer name wb netns $b
ip -n $a link set wa arp off up
ip -n $b link set wb arp off up

# try WEIR FRAMES: all changes, so many frames beside each
try() {
	mkdir -p "$TMP/run"
	ip netns exec $b timeout 240 python3 "$here/reload.py" "$1" "$(realpath "${WEIRCTL:-$root/weirctl}")" \
		"$flood" $a "$2" "$TMP/run" >"$TMP/out" 2>&1 || {
		bad "$1"
		tail -n 25 "$TMP/out" | sed 's/^/    /'
	}
	rm -rf "$TMP/run"
}
try "$(realpath "${WEIR_PLAIN:-$root/weir}")" 15000
[ -x "${WEIR_TSAN:-$root/build/tsan/weir}" ] && try "$(realpath "${WEIR_TSAN:-$root/build/tsan/weir}")" 3000
[ "$WEIR" -ef "${WEIR_PLAIN:-$root/weir}" ] || try "$WEIR" 4000
finish
