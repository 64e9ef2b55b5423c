# What the test scripts share. The driver gives WEIR, WEIRDUMP, GEN, SHARED and TMP; run by hand, a
# script finds them in the source tree. A test ends with status 0, 1, or 77 and the reason for
# skipping as its last line.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
WEIR=${WEIR:-$root/weir}
WEIRDUMP=${WEIRDUMP:-$root/weirdump}
GEN=${GEN:-$root/build/tests/gen}
SHARED=${SHARED-$([ -d "$root/../shared/oracle" ] && cd "$root/../shared" && pwd)}
test_name=$(basename "$0")
wire=$here/wire.py
failures=0
cleanups=()

on_exit() {
	local i
	for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do eval "${cleanups[i]}"; done
}
trap on_exit EXIT
trap 'exit 1' INT TERM HUP

skip() {
	echo "$test_name: skipped: $*"
	exit 77
}

need() {
	local program
	for program; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

bad() {
	echo "$test_name: FAILED: $*"
	failures=$((failures + 1))
}

# run NAME COMMAND...: quiet when it succeeds, everything it said when it does not; that stays in $said
said=
run() {
	local name=$1
	shift
	if ! said=$("$@" 2>&1); then
		bad "$name"
		printf '%s\n' "$said" | sed 's/^/    /'
		return 1
	fi
}

# until_true SECONDS COMMAND...: polls a condition; fails when it has not come in time
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# stop PID SIGNAL SECONDS: sends the signal, waits for the end, and says how it ended
stop() {
	kill -"$2" "$1" 2>/dev/null
	if ! until_true "$3" eval "! kill -0 $1"; then
		kill -KILL "$1" 2>/dev/null
		wait "$1" 2>/dev/null
		return 124
	fi
	wait "$1"
}

finish() {
	[ $failures -eq 0 ] || exit 1
	echo "$test_name: ${*:-ok}"
	exit 0
}

# free_port: a port of 127.0.0.1 where nobody hears, over TCP or UDP. Not of those that the kernel gives to whoever
# asks for any, so that none of the programs beside takes it meanwhile.
free_port() {
	python3 - <<'P'
import random, socket
while True:
    port = random.randrange(10000, 20000)
    try:
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
            with socket.socket(socket.AF_INET, kind) as s:
                s.bind(('127.0.0.1', port))
        break
    except OSError:
        pass
print(port)
P
}

[ -x "$WEIR" ] || skip "there is no $WEIR"
WEIR=$(realpath "$WEIR")
export PATH=$PATH:/usr/sbin:/sbin
if [ -z "${TMP:-}" ]; then
	TMP=$(mktemp -d)
	cleanups+=('rm -rf "$TMP"')
else
	TMP=$(mktemp -d "$TMP/$test_name.XXXXXX")
fi

# two_hosts: network namespaces $a and $b of the test's own, va in $a wired to vb in $b, and nothing on the
# wire but the test's own frames. They go when the test ends.
two_hosts() {
	local ns
	[ "$(id -u)" -eq 0 ] || skip 'needs root for network namespaces'
	need ip
	a=weir-a-$$ b=weir-b-$$
	ip netns add $a 2>/dev/null || skip 'network namespaces cannot be made here'
	cleanups+=("ip netns del $a")
	ip netns add $b || skip 'network namespaces cannot be made here'
	cleanups+=("ip netns del $b")
	ip -n $a link add va type veth peer name vb netns $b || skip 'veth interfaces cannot be made here'
	for ns in $a $b; do
		ip netns exec $ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
		ip -n $ns link set lo up
	done
	ip -n $a link set va mtu 9000 up
	ip -n $b link set vb mtu 9000 up
}
