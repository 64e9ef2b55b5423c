#!/bin/bash
# The container image: packaging/Dockerfile is built for real, upon a fresh Debian in the place of the image that a registry
# would give, and weir runs in it, over a capture and on an interface. Takes minutes, so `make check-all` runs it.
. "$(dirname "$0")/common.sh"
. "$here/fresh.sh"
need buildah tar ip tcpreplay
[ -x "$GEN" ] || skip "the generator is not built"
base=$(sed -n 's/^FROM \(debian:[a-z]*\)-slim$/\1/p' "$root/packaging/Dockerfile" | sort -u)
fresh_system "$TMP/fresh"
[ "$base" = "debian:$suite" ] || skip "the image is of $base, this machine of $suite"
cd "$root" || exit 1

tool() { buildah --root "$TMP/storage" --runroot "$TMP/run" "$@"; }
cleanups+=('tool rm -a >/dev/null 2>&1; tool rmi -a -f >/dev/null 2>&1')

# ---- Built ----

container=$(tool from scratch) || { bad 'buildah does not work here'; finish; }
run 'a base' tool add -q "$container" "${BUILD:-$root/build}/debootstrap/$suite.tar" / || finish
run 'a base' tool commit -q --rm "$container" "$base-slim" || finish
# What a clone has, and no more.
mkdir "$TMP/clone"
git ls-files -z --cached --others --exclude-standard | tar --create --null --ignore-failed-read --files-from=- 2>/dev/null |
	tar --extract -C "$TMP/clone"
run 'the image is built' tool bud -q --isolation chroot --pull-never -f "$TMP/clone/packaging/Dockerfile" -t weir "$TMP/clone" || finish
[ "$(tool inspect --format '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.StopSignal}}' weir)" = '[/usr/sbin/weir] SIGTERM' ] ||
	bad "the image starts $(tool inspect --format '{{.OCIv1.Config}}' weir)"

# ---- Run ----

container=$(tool from --pull-never weir) || { bad 'the image cannot be run'; finish; }
"$GEN" office "$TMP/office.pcap" || bad 'no capture could be made'
chmod 755 "$TMP" && chmod 644 "$TMP/office.pcap"
# weir WORDS...: as the commands at the head of the Dockerfile start it, with their three capabilities and this network
weir() {
	local drop
	# To buildah, unlike docker, ALL are also those that are added.
	for drop in CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP; do
		set -- "--cap-drop=CAP_$drop" "$@"
	done
	tool run --isolation chroot --cap-add=CAP_NET_RAW -v "$TMP:/data:ro" "${@:1:9}" "$container" -- /usr/sbin/weir "${@:10}"
}
run 'weir --version' weir --version
run 'weir reads a capture' weir -r /data/office.pcap -o csv
grep -q 'the ledger adds up' <<<"$said" || bad "of a capture: $(tail -n 3 <<<"$said")"
[ "$(wc -l <<<"$said")" -gt 800 ] || bad "of a capture come $(wc -l <<<"$said") lines"

two_hosts
export -f tool weir
export TMP container
ip netns exec "$b" bash -c 'weir -i vb -o csv' >"$TMP/live.csv" 2>"$TMP/errors" &
until_true 60 grep -q event=capturing "$TMP/errors" || bad "on an interface: $(cat "$TMP/errors")"
ip netns exec "$a" tcpreplay -q --topspeed -i va "$TMP/office.pcap" >"$TMP/log" 2>&1 || bad "tcpreplay: $(cat "$TMP/log")"
for pid in $(ip netns pids "$b"); do
	[ "$(cat "/proc/$pid/comm")" != weir ] || kill -TERM "$pid"
done
wait $! || bad "on an interface: exit status $?: $(cat "$TMP/errors")"
sent=$(sed -nE 's/.*Successful packets: +([0-9]+)$/\1/p' "$TMP/log")
grep -q "weir: $sent packets seen: .* the ledger adds up" "$TMP/errors" || bad "of $sent packets: $(cat "$TMP/errors")"
grep -q 'event=dropped user=[1-9].*capabilities=none.* seccomp=yes' "$TMP/errors" || bad "it keeps more than it needs: $(cat "$TMP/errors")"
finish "an image upon $base"
