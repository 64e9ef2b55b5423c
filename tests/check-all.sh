#!/bin/bash
# check-all.sh [PATTERN]: what `make check` leaves out because it takes long or needs tools of its own. What is not
# installed is skipped by name. PATTERN picks some of the parts below. Nothing here installs anything; a whole run has
# all its tools after: apt-get install cppcheck clang-tidy valgrind gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user
# gcc-i686-linux-gnu libc6-dev-i386-cross buildah
#
# What analysers may say all the same, and why:
#   cppcheck  Wherever it sees beyond a buffer: source and destination address are set and copied as one, which a _Static_assert holds
#             together. decode.c: the table of layers has a row for each value of the enum. transport_udp.c: as many
#             trains are set as the kernel was given. progress.c: the line is written where its length comes from. A
#             macro of jansson that it does not know.
set -u
cd "$(dirname "$0")/.." || exit 1
only=${1:-}
failures=0 skips=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
mapfile -t units < <(ls tests/check_*.c | sed 's,tests/check_\(.*\)\.c,\1,')
mapfile -t flags < <(make -s --eval 'say-flags:; @printf "%s\n" $(filter -I% -D%,$(FLAGS))' say-flags)

# part NAME TOOL COMMAND...
part() {
	local name=$1 tool=$2 begin=$SECONDS
	shift 2
	[[ $name == *$only* ]] || return 0
	if ! command -v "$tool" >/dev/null; then
		echo "SKIP  $name: $tool is not installed"
		skips=$((skips + 1))
		return
	fi
	"$@" >"$log" 2>&1
	case $? in
	0) echo "PASS  $name: $((SECONDS - begin)) s" ;;
	77)
		echo "SKIP  $name: $(tail -n 1 "$log")"
		skips=$((skips + 1))
		;;
	*)
		echo "FAIL  $name"
		tail -n 60 "$log" | sed 's/^/      | /'
		failures=$((failures + 1))
		;;
	esac
}

fanalyzer() {
	make BUILD=build/fanalyzer LTO= CFLAGS='-O1 -g -fanalyzer' all
}
tidy() {
	clang-tidy --quiet --warnings-as-errors='*' --checks='-*,clang-analyzer-*,bugprone-infinite-loop,bugprone-sizeof-expression,bugprone-suspicious-*,-clang-analyzer-security.insecureAPI.*' \
		src/{base,packet,flow,export,config}/*.c -- -std=gnu17 "${flags[@]}"
}
cpp_check() {
	cppcheck -q --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem \
		--suppress=bufferAccessOutOfBounds --suppress=unknownMacro --suppress=arrayIndexOutOfBoundsCond:src/packet/decode.c \
		--suppress=uninitvar:src/export/transport_udp.c --suppress=uninitvar:src/daemon/progress.c --error-exitcode=1 \
		--std=c11 -Iinclude -D__linux__ -D_GNU_SOURCE src
}
# Each unit but those that measure time or race on purpose.
grind() {
	local unit
	make units || return 1
	for unit in "${units[@]}"; do
		case $unit in flood | packet_damage | source_live | worker | intake | cache | cache_full | sampler | base | crew) continue ;; esac
		CK_FORK=no CK_DEFAULT_TIMEOUT=600 valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
			"build/tests/check_$unit" || { echo "check_$unit"; return 1; }
	done
}
# Twice, in folders of different names: the same octets.
twice() {
	local here name
	here=$(mktemp -d)
	for name in a a-longer-name; do
		mkdir "$here/$name"
		git archive HEAD | tar x -C "$here/$name"
		make -s -C "$here/$name" CFLAGS="-O2 -g -ffile-prefix-map=$here/$name=." all || return 1
		strip "$here/$name/weir" "$here/$name/weirctl" "$here/$name/weirdump"
	done
	cmp "$here/a/weir" "$here/a-longer-name/weir" && cmp "$here/a/weirctl" "$here/a-longer-name/weirctl" &&
		cmp "$here/a/weirdump" "$here/a-longer-name/weirdump"
	local status=$?
	rm -rf "$here"
	return $status
}
inject_all() {
	make asan gen && WEIR=$PWD/build/asan/weir INJECT_SECONDS=3600 tests/65-inject.py
}
image() {
	make all gen && WEIR=$PWD/weir tests/image.sh
}
machines() {
	make all gen tools && WEIR=$PWD/weir tests/67-machines.sh
}

part gcc-fanalyzer gcc fanalyzer
part clang-tidy clang-tidy tidy
part cppcheck cppcheck cpp_check
part valgrind valgrind grind
part reproducible git twice
part msan clang tests/run.sh 31-damage-msan
part inject gcc inject_all
part machines s390x-linux-gnu-gcc machines
part image buildah image
part mutants python3 make -s mutate N=10 MINUTES=10
part soak ip make -s soak HOURS=0.05
echo "$failures failed, $skips skipped"
exit $((failures > 0))
