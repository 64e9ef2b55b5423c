#!/bin/bash
# stage.sh SCRIPT: runs the commands of SCRIPT as they stand in the documents, on a stage of their own.
#
# The stage is a network namespace with eth0, eth1 and span0, which lead nowhere, and folders /run and
# /usr/local that are gone afterwards; needs root. What would run until somebody ends it does not hold
# up the script: a weir that captures is left running and ended by the next one or by the end of the
# script, and must then exit with 0 and a ledger that adds up; weirdump ends when all is silent for a
# second, weirctl top after one list. What weir doctor finds is the machine's: a report must be whole, and
# its exit status what the report says. The folder in which it runs has capture.pcap and weir.conf.
# Environment: WEIR WEIRDUMP WEIRCTL, the programs; STAGE, an empty folder.
set -eu
if [ -z "${ON_STAGE:-}" ]; then
	ON_STAGE=1 exec unshare -n -m -- "$0" "$@"
fi

ip link set lo up
n=0
for interface in eth0 eth1 span0; do
	ip link add "$interface" type veth peer name "$interface-far"
	ip link set "$interface-far" up
	ip address add 192.0.$((2 + n)).1/24 dev "$interface"
	ip address add 2001:db8:$n::2/64 dev "$interface" nodad
	ip link set "$interface" up
	n=$((n + 1))
done
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /usr/local
mkdir -p /run/weir /usr/local/sbin "$STAGE/bin"
cp "$WEIR" /usr/local/sbin/weir

cat >"$STAGE/bin/end" <<'END'
#!/bin/bash
# Ends the weir that captures, if there is one: it must do so in order.
[ -e "$STAGE/pid" ] || exit 0
kill -TERM "$(cat "$STAGE/pid")"
for _ in $(seq 200); do
	[ ! -s "$STAGE/status" ] || break
	sleep 0.05
done
rm "$STAGE/pid"
grep -qx 0 "$STAGE/status" && grep -q 'the ledger adds up' "$STAGE/errors" && exit 0
echo "weir ended with status $(cat "$STAGE/status"):"
cat "$STAGE/errors"
exit 1
END
cat >"$STAGE/bin/doctor" <<'END'
#!/bin/bash
# A report has a line for each finding, and ends with their numbers.
status=0
"$WEIR" "$@" >"$STAGE/report" || status=$?
awk -v status=$status '
{ last = $0 }
/^(good|note|WRONG) +.+: ./ { n[$1]++; next }
{ others++ }
END { exit !(others == 1 && n["good"] && status == (n["WRONG"] > 0) &&
	last == (n["good"] + 0) " good, " (n["note"] + 0) " to note, " (n["WRONG"] + 0) " wrong") }
' "$STAGE/report" && exit 0
echo "weir $*: exit status $status:"
cat "$STAGE/report"
exit 1
END
cat >"$STAGE/bin/weir" <<'END'
#!/bin/bash
[ "${1:-}" != doctor ] || exec doctor "$@"
for word; do
	case $word in -r | -C | -h | --read | --check-config | --version | --help* | --list*) exec "$WEIR" "$@" ;; esac
done
end || exit 1
rm -f "$STAGE/status"
socket=$STAGE/socket
for word; do case $word in control.socket=*) socket=${word#*=} ;; esac; done
(
	"$WEIR" "$@" --set control.socket="$socket" >"$STAGE/output" 2>"$STAGE/errors" &
	echo $! >"$STAGE/pid"
	wait $!
	echo $? >"$STAGE/status"
) &
for _ in $(seq 200); do
	! "$WEIRCTL" -s "$socket" status >/dev/null 2>&1 || exit 0
	[ ! -s "$STAGE/status" ] || break
	sleep 0.05
done
echo "weir $*: does not run:"
cat "$STAGE/errors"
rm -f "$STAGE/pid"
exit 1
END
printf '#!/bin/sh\nexec "%s" "$@" -q 1\n' "$WEIRDUMP" >"$STAGE/bin/weirdump"
printf '#!/bin/sh\ncase "$*" in *top*) set -- "$@" count=1 ;; esac\nexec "%s" "$@"\n' "$WEIRCTL" >"$STAGE/bin/weirctl"
printf '#!/bin/sh\nexec "$@"\n' >"$STAGE/bin/sudo"
chmod +x "$STAGE"/bin/*
export STAGE PATH="$STAGE/bin:$PATH:/usr/sbin:/sbin"

status=0
timeout 120 bash -eu -o pipefail "$1" || status=$?
end || status=1
exit $status
