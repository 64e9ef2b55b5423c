#!/bin/bash
# run.sh: computes
# Another byte order and another size of words give the same messages, octet for octet: tool_wire, which needs only C's
# library, built for s390x (big-endian, run by qemu) and for i686 (32 bits), beside the one built for this machine.
# Needs the cross compilers; `make check-all` says how to have them.
. "$(dirname "$0")/common.sh"
[ -x "$GEN" ] || skip "there is no $GEN"
frames=$(dirname "$WEIR")/tests/tool_frames
[ -x "$frames" ] || frames=$root/build/tests/tool_frames
[ -x "$frames" ] || skip "there is no tool_frames, 'make tools' builds it"
warnings='-Wall -Wextra -Wconversion -Wshadow -Werror'

# build NAME COMPILER OPTIONS...: tool_wire by that compiler, from the rooms that need nothing of the system; of export,
# all but what sends.
build() {
	local name=$1 room files
	shift
	mkdir -p "$TMP/include"
	cp /usr/include/xxhash.h "$TMP/include/" || return 1
	for room in src/base src/packet src/flow src/export tests; do
		files=("$root/$room"/*.c)
		[ $room != tests ] || files=("$root"/tests/{tool_wire,frames}.c)
		mkdir -p "$TMP/$name.objects/$room"
		printf '%s\n' "${files[@]}" | grep -v '/transport_[a-z]*\.c$\|/connection\.c$\|/tls\.c$\|/socket\.c$\|/spool\.c$' |
			nice xargs -P 2 -n 6 sh -c 'cd "$0" && exec "$@"' "$TMP/$name.objects/$room" "$@" -std=gnu17 -O1 $warnings \
				-D_GNU_SOURCE= -I"$root/include" -I"$root/tests" -I"$TMP/include" -c || return 1
	done
	ar rcs "$TMP/$name.a" "$TMP/$name.objects"/src/flow/*.o
	for room in src/base src/packet src/export tests; do
		ar rcs "$TMP/$name.${room##*/}.a" "$TMP/$name.objects/$room"/*.o
	done
	"$@" -o "$TMP/$name" "$TMP/$name.objects/tests/tool_wire.o" "$TMP/$name".{tests,export}.a "$TMP/$name.a" \
		"$TMP/$name".{packet,base}.a
}

others=()
for other in s390x:s390x-linux-gnu-gcc:qemu-s390x i686:i686-linux-gnu-gcc:; do
	IFS=: read -r name compiler runner <<<"$other"
	if ! command -v "$compiler" >/dev/null || { [ -n "$runner" ] && ! command -v "$runner" >/dev/null; }; then
		echo "$name: left out, needs $compiler $runner"
		continue
	fi
	run "building for $name" build "$name" "$compiler" -static && others+=("$name:$runner")
done
[ ${#others[@]} -gt 0 ] || [ $failures -gt 0 ] || skip 'no compiler for another machine: gcc-s390x-linux-gnu and qemu-user, or gcc-i686-linux-gnu'
run 'building for this machine' build here cc
for scenario in office tunnels fragments ports links ethertypes timeouts times damage; do
	run "gen $scenario" "$GEN" $scenario "$TMP/$scenario.pcap"
done
"$frames" 150 "$TMP"/*.pcap >"$TMP/frames" 2>/dev/null
run 'on this machine' sh -c '"$1" "$2" >"$3"' - "$TMP/here" "$TMP/frames" "$TMP/here.wire"
messages=$(grep -c '^[0-9a-f]*$' "$TMP/here.wire")
[ "$messages" -gt 1000 ] || bad "$messages messages show little"
for other in "${others[@]}"; do
	name=${other%:*}
	# shellcheck disable=SC2016
	run "on $name" sh -c '$4 "$1" "$2" >"$3"' - "$TMP/$name" "$TMP/frames" "$TMP/$name.wire" "${other#*:}"
	run "$name tells something else" cmp "$TMP/here.wire" "$TMP/$name.wire"
	echo "$name: $messages messages, $(wc -c <"$TMP/$name.wire") octets as text, the same"
done
finish
