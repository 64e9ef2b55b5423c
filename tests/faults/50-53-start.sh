#!/bin/bash
# A TLS collector that takes the connection and says nothing (50); a file's disk that is full for a while (52); names that
# do not resolve, slowly, or to IPv6 alone, or to an address that is dead before one that lives (53).
. "$(dirname "$0")/faults.sh"
need openssl
wire_up
chmod 755 "$TMP"

# ---- TLS, half open: what finds no room is lost and counted, and the end is in time ----

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$TMP/key.pem" -subj /CN=test \
	-addext subjectAltName=IP:127.0.0.1 -days 2 -out "$TMP/ca.pem" 2>"$TMP/said" || skip "openssl: $(cat "$TMP/said")"
collect $b --tcp --hold
start "$WEIR" -n 127.0.0.1:"$port" -n 127.0.0.1:9 -m 65536 -t idle=1h -t active=1h --set 'exporters[0].transport=tls' --set "exporters[0].tls.ca=$TMP/ca.pem" \
	--set "exporters[0].tls.certificate=$TMP/ca.pem" --set "exporters[0].tls.key=$TMP/key.pem" --set 'exporters[0].buffer=256K' --set 'exporters[0].reconnect=1s' || finish
send 0x0a000000 20000
until_true 20 reached packets/seen/frames 20000 || bad "half open: $(number packets/seen/frames) of 20000 frames were seen"
ctl flush >/dev/null
until_true 10 reached flows/collectors/1/sent/flows 20000 || bad "half open: the other one has $(number flows/collectors/1)"
[ "$(number flows/collectors/0/sent/flows)" = 0 ] && [ "$(number flows/collectors/0/lost/flows)" -gt 10000 ] ||
	bad "half open: $(number flows/collectors/0)"
[ "$(number packets/kernel/dropped)" = 0 ] || bad "half open: capture was starved: $(number packets/kernel)"
end 'half open'
[ "$(told flows/collectors/0/lost/flows)" = 20000 ] || bad "half open: $(told flows/collectors/0)"
kill -KILL $collector
wait $collector 2>/dev/null
collector=

# ---- A disk that is full for a while: whole messages, what was lost is the gap, it goes on, and without haste ----

cat >"$TMP/disk.sh" <<'SH'
# weir on a disk of 2 MB, of which only it knows
mount -t tmpfs -o size=2M none "$TMP/disk" || exit 77
exec "$@"
SH
mkdir "$TMP/disk"
export TMP
rm -f "$TMP/log"
ip netns exec $b unshare -m bash "$TMP/disk.sh" "$WEIR" -i vb --ledger "$TMP/ledger" --set control.socket="$socket" -t idle=1h -t active=1h \
	--set 'exporters[0].transport=file' --set "exporters[0].file.path=$TMP/disk/flows" --set 'exporters[0].options_data=false' >"$TMP/out" 2>"$TMP/log" &
weir=$!
until_true 20 ctl status || bad "disk: weir does not answer: $(cat "$TMP/log")"
disk() { nsenter -t $weir -m sh -c "$1"; }
sent=0
flows() { # NAME: three thousand, out at once
	send $((0x0a000000 + sent)) 3000
	sent=$((sent + 3000))
	until_true 10 reached packets/seen/frames $sent || bad "$1: $(number packets/seen/frames) frames were seen"
	ctl flush >/dev/null
	until_true 10 reached flows/exported/flows $sent || bad "$1: $(number flows)"
}
busy() { awk '{ print $14 + $15 }' /proc/$weir/stat; } # hundredths of a second of processor time
flows 'room'
[ "$(number flows/collectors/0/lost/flows)" = 0 ] || bad "room: $(number flows/collectors/0)"
disk "head -c 4M /dev/zero >'$TMP/disk/filler'" 2>/dev/null
flows 'no room'
flows 'no room'
until_true 5 eval '[ "$(number flows/collectors/0/lost/flows)" -gt 3000 ]' || bad "no room: $(number flows/collectors/0)"
from=$(busy)
sleep 1
[ $(($(busy) - from)) -le 30 ] || bad "no room: $(($(busy) - from)) hundredths of a second of work in a second"
disk "rm '$TMP/disk/filler'"
lost=$(number flows/collectors/0/lost/flows)
flows 'room again'
until_true 5 eval '[ "$(number flows/collectors/0/sent/flows)" -gt 5500 ]' || bad "room again: $(number flows/collectors/0)"
mkdir "$TMP/kept"
disk "ls -l '$TMP/disk'" >"$TMP/listing"
# its last act is to name the file, so this process keeps the disk
exec 7<"/proc/$weir/root$TMP/disk"
end 'a disk that was full'
cp /proc/self/fd/7/flows* "$TMP/kept"
exec 7<&-
lost=$(told flows/collectors/0/lost/flows)
run 'a disk that was full' "$here/stream.py" --gaps "$lost" --load "$TMP"/kept/* && [[ $said == *" $((sent - lost)) records"* ]] ||
	bad "a disk that was full: $lost of $sent were lost, but $said: $(cat "$TMP/listing")"
echo "a disk that was full: $lost of $sent records lost and missing"

# ---- Names. The resolver and the names are this test's own ----

printf '127.0.0.1 localhost\n::1 only-six.test\n' >"$TMP/hosts"
printf 'nameserver 192.0.2.53\noptions timeout:1 attempts:1\n' >"$TMP/resolv.conf"
printf 'hosts: files dns\n' >"$TMP/nsswitch.conf"
"$GEN" many "$TMP/in.pcap" --truth "$TMP/truth" --flows 500 --packets 2 || bad gen
cat >"$TMP/names.sh" <<'SH'
for name in hosts resolv.conf nsswitch.conf; do mount --bind "$TMP/$name" /etc/$name || exit 77; done
exec "$@"
SH
with_names() { timeout 30 ip netns exec $b unshare -m bash "$TMP/names.sh" "$@"; }
ip netns exec $b sysctl -qw net.ipv6.conf.lo.disable_ipv6=0
from=${EPOCHREALTIME/./}
with_names "$WEIR" -i vb -n nobody.test >"$TMP/said" 2>&1
ended=$?
took=$(((${EPOCHREALTIME/./} - from) / 1000))
[ $ended = 2 ] && grep -q 'collector nobody.test:4739: ' "$TMP/said" || bad "a name that does not resolve: exit status $ended: $(cat "$TMP/said")"
[ $took -le 15000 ] || bad "a name that does not resolve: it took $took ms"
collect $b --address ::1
with_names "$WEIR" -r "$TMP/in.pcap" -n only-six.test:"$port" 2>"$TMP/log" || bad "IPv6 alone: exit status $?: $(cat "$TMP/log")"
gather
[ "$(got flows)" = 500 ] || bad "IPv6 alone: $(got flows) of 500 records came: $(cat "$TMP/log")"
# TCP tries all of a name's addresses
printf '127.0.0.1 localhost\n127.0.0.2 two.test\n127.0.0.1 two.test\n' >"$TMP/hosts"
collect $b --tcp
with_names "$WEIR" -r "$TMP/in.pcap" -n two.test:"$port" --set 'exporters[0].transport=tcp' --set 'exporters[0].reconnect=100ms' 2>"$TMP/log" ||
	bad "two addresses: exit status $?: $(cat "$TMP/log")"
gather
[ "$(got flows)" = 500 ] || bad "two addresses: $(got flows) of 500 records came: $(cat "$TMP/log")"
finish
