#!/bin/bash
# check-all.sh [PATTERN]: what `make check` leaves out because it takes long or needs tools of its own. What is not
# installed is skipped by name. PATTERN picks some of the parts at the end. Nothing here installs anything; a whole run has
# all its tools after: apt-get install cppcheck clang clang-tidy valgrind gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user
# gcc-i686-linux-gnu libc6-dev-i386-cross buildah debootstrap
#
# A part that has passed is not run again while the tree is what it was, so a run that was broken off goes on where it
# was; FRESH=1 runs all. Each part has an end in minutes, and writes to build/check-all/PART.log as it goes.
#
# What analysers may say all the same, and why:
#   cppcheck   Wherever it sees beyond a buffer: source and destination address are set and copied as one, which a _Static_assert holds
#              together. decode.c: the table of layers has a row for each value of the enum. transport_udp.c: as many
#              trains are set as the kernel was given. progress.c: the line is written where its length comes from. A
#              macro of jansson that it does not know.
#   fanalyzer  Leaks in config/text.c: it loses sight of an array that grows by realloc() and of names in an array.
#              Valgrind and the leak sanitizer see check_config free them.
set -u
cd "$(dirname "$0")/.." || exit 1
only=${1:-}
failures=0 skips=0 running=
here=build/check-all
mkdir -p $here
trap '[ -z "$running" ] || kill "$running"; exit 130' INT TERM
tree=$({ git rev-parse HEAD; git diff HEAD; } 2>&1 | sha256sum)

# part NAME MINUTES TOOL COMMAND...
part() {
	local name=$1 minutes=$2 tool=$3 begin=$SECONDS status=0
	local log=$here/$name.log passed=$here/$name.passed
	shift 3
	[[ $name == *$only* ]] || return 0
	if ! command -v "$tool" >/dev/null; then
		echo "SKIP  $name: $tool is not installed"
		skips=$((skips + 1))
		return
	fi
	if [ -z "${FRESH:-}" ] && [ "$(cat "$passed" 2>&1)" = "$tree" ]; then
		echo "PASS  $name: before, with this tree"
		return
	fi
	rm -f "$passed"
	echo "...   $name: since $(date +%H:%M), $minutes minutes at most, $log"
	timeout -k 10 "$minutes"m bash -uc '"$@"' part "$@" >"$log" 2>&1 &
	running=$!
	wait $running || status=$?
	running=
	if [ $status = 0 ]; then
		echo "$tree" >"$passed"
		echo "PASS  $name: $((SECONDS - begin)) s"
	elif [ $status = 77 ]; then
		echo "SKIP  $name: $(tail -n 1 "$log")"
		skips=$((skips + 1))
	else
		[ $status != 124 ] || echo "(stopped after $minutes minutes)" >>"$log"
		echo "FAIL  $name: $((SECONDS - begin)) s"
		tail -n 60 "$log" | sed 's/^/      | /'
		failures=$((failures + 1))
	fi
}

# Where all is compiled that can be, the leaks are judged here: as errors they would hide what comes behind them.
fanalyzer() {
	rm -rf build/fanalyzer
	make -k BUILD=build/fanalyzer LTO= CFLAGS='-O1 -g -fanalyzer -Wno-error=analyzer-malloc-leak' all 2>&1 |
		tee build/check-all/fanalyzer || return 1
	[ "${PIPESTATUS[0]}" = 0 ] || return 1
	! grep 'Wanalyzer' build/check-all/fanalyzer | grep -v '^src/config/text.c:.*Wanalyzer-malloc-leak'
}
# A process for each file: clang-tidy 14 takes a va_list for one that was not begun, in the files after its first.
tidy() {
	local flags
	mapfile -t flags < <(make -s --eval 'say-flags:; @printf "%s\n" $(filter -I% -D%,$(FLAGS))' say-flags)
	printf '%s\n' src/*/*.c | xargs -P "$(nproc)" -I FILE sh -c 'echo "$0"; exec "$@"' FILE clang-tidy --quiet --warnings-as-errors='*' \
		--checks='-*,clang-analyzer-*,bugprone-infinite-loop,bugprone-sizeof-expression,bugprone-suspicious-*,-clang-analyzer-security.insecureAPI.*' \
		FILE -- -std=gnu17 "${flags[@]}"
}
cpp_check() {
	cppcheck --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem \
		--suppress=bufferAccessOutOfBounds --suppress=unknownMacro --suppress=arrayIndexOutOfBoundsCond:src/packet/decode.c \
		--suppress=uninitvar:src/export/transport_udp.c --suppress=uninitvar:src/daemon/progress.c --error-exitcode=1 \
		--std=c11 -Iinclude -D__linux__ -D_GNU_SOURCE src
}
# Each unit, to the last: every test is a process of its own, which ends with 9 where valgrind has found something.
# Only check_memory leaves valgrind itself no memory.
grind() {
	local unit begin status=0
	make units || return 1
	for unit in tests/check_*.c; do
		unit=$(basename "$unit" .c)
		[ "$unit" != check_memory ] || continue
		begin=$SECONDS
		CK_DEFAULT_TIMEOUT=900 valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
			"build/tests/$unit" || { echo "$unit: FAILED" && status=1; }
		echo "$unit: $((SECONDS - begin)) s"
	done
	return $status
}
# Twice, in folders of different names: the same octets.
twice() {
	local at name program status=0
	at=$(mktemp -d)
	trap 'rm -rf "$at"' EXIT
	for name in a a-longer-name; do
		mkdir "$at/$name"
		git archive HEAD | tar x -C "$at/$name"
		make -C "$at/$name" CFLAGS="-O2 -g -ffile-prefix-map=$at/$name=." all || return 1
		strip "$at/$name/weir" "$at/$name/weirctl" "$at/$name/weirdump"
	done
	for program in weir weirctl weirdump; do
		cmp "$at/a/$program" "$at/a-longer-name/$program" || status=1
	done
	return $status
}
# Not by run.sh, whose limit it would reach on a busy machine. 77: without captures of real traffic, those of the generator are good.
msan() {
	local status=0
	make msan asan gen || return 1
	WEIR=$PWD/build/asan/weir tests/31-damage-msan.sh || status=$?
	[ $status = 0 ] || [ $status = 77 ]
}
inject_all() {
	make asan gen && WEIR=$PWD/build/asan/weir INJECT_SECONDS=3600 tests/65-inject.py
}
# All kinds of exporters, and all faults; what weir itself has not given back, too.
under_valgrind() {
	make all gen && SOAK_RATE=200 SOAK_UNDER='valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite' tests/soak.py 5
}
machines() {
	make all gen tools && WEIR=$PWD/weir tests/67-machines.sh
}
newcomer() {
	make all gen && WEIR=$PWD/weir tests/newcomer.sh
}
image() {
	make all gen && WEIR=$PWD/weir tests/image.sh
}
export -f fanalyzer tidy cpp_check grind twice msan inject_all machines newcomer image under_valgrind

part gcc-fanalyzer 20 gcc fanalyzer
part clang-tidy 30 clang-tidy tidy
part cppcheck 10 cppcheck cpp_check
part valgrind 60 valgrind grind
part reproducible 20 git twice
part msan 30 clang msan
part inject 70 gcc inject_all
part machines 15 s390x-linux-gnu-gcc machines
part newcomer 60 debootstrap newcomer
part image 30 buildah image
part mutants 60 python3 make mutate N=10 MINUTES=10
part soak 10 ip make soak HOURS=0.05
part away 15 ip tests/faults/away.py 10
part valgrind-live 20 valgrind under_valgrind
echo "$failures failed, $skips skipped"
exit $((failures > 0))
