#!/bin/bash
# check-all.sh [PATTERN]: what `make check` leaves out because it takes long or needs tools of its own. What is not
# installed is skipped by name. PATTERN picks some of the parts at the end. Nothing here installs anything; a whole run has
# all its tools after: apt-get install cppcheck clang clang-tidy valgrind gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user
# gcc-i686-linux-gnu libc6-dev-i386-cross buildah debootstrap
#
# The builds that parts share are made first; nothing else is built in a folder that another part uses. Then the parts run
# side by side: a row for each processor, and two of those that mostly wait for clocks, packets and mirrors. Each row takes
# the next part of its kind that no other has. A part that has passed is not run again while the tree is what it was, so a run that was broken
# off goes on where it was; FRESH=1 runs all. Each part has an end in minutes, writes to build/check-all/PART.log as it
# goes, and finds an empty folder in TMP. What it leaves running is killed.
#
# What analysers may say all the same, and why:
#   cppcheck   Wherever it sees beyond a buffer: source and destination address are set and copied as one, which a _Static_assert holds
#              together. decode.c: the table of layers has a row for each value of the enum. transport_udp.c: as many
#              trains are set as the kernel was given. progress.c: the line is written where its length comes from.
#              receive.h: it fills what it is given. A macro of jansson that it does not know.
#   fanalyzer  Leaks in config/text.c: it loses sight of an array that grows by realloc() and of names in an array.
#              Valgrind and the leak sanitizer see check_config free them.
set -u
cd "$(dirname "$0")/.." || exit 1

# As in run.sh, for the sanitizers.
if [ -z "${PLAIN_LAYOUT:-}" ] && setarch "$(uname -m)" -R true 2>/dev/null; then
	PLAIN_LAYOUT=1 exec setarch "$(uname -m)" -R "$0" "$@"
fi

only=${1:-}
here=build/check-all
tree=$({ git rev-parse HEAD; git diff HEAD; } 2>&1 | sha256sum)
scratch=$(mktemp -d) running= rows=()
mkdir -p $here
chmod 711 "$scratch" # for tests that become another user

count() { cat "$scratch/$1" 2>/dev/null | wc -l; }

end_running() {
	[ -z "$running" ] || { kill "$running" && wait "$running"; kill -KILL -- "-$running"; } 2>/dev/null
}

finish() {
	[ ${#rows[@]} = 0 ] || { kill "${rows[@]}" && wait "${rows[@]}"; } 2>/dev/null
	end_running
	sort "$scratch/failed" 2>/dev/null | sed 's/^/failed: /'
	echo "$(count failed) failed, $(count skipped) skipped, $((SECONDS / 60)) minutes"
	rm -rf "$scratch"
	exit "$1"
}
trap 'finish 130' INT TERM

# result WHAT NAME TEXT
result() {
	printf '%-5s %s: %s\n' "$@"
	case $1 in
	FAIL) echo "$2" >>"$scratch/failed" ;;
	SKIP) echo "$2" >>"$scratch/skipped" ;;
	esac
}

# part NAME MINUTES TOOL COMMAND...: unless another row has taken it
part() {
	local name=$1 minutes=$2 tool=$3 begin=$SECONDS status=0
	local log=$here/$name.log passed=$here/$name.passed
	shift 3
	[[ $name == *$only* ]] && mkdir "$scratch/$name" 2>/dev/null || return 0
	if ! command -v "$tool" >/dev/null; then
		result SKIP "$name" "$tool is not installed"
		return
	fi
	if [ -z "${FRESH:-}" ] && [ "$(cat "$passed" 2>&1)" = "$tree" ]; then
		result PASS "$name" 'before, with this tree'
		return
	fi
	rm -f "$passed"
	result ... "$name" "since $(date +%H:%M), $minutes minutes at most, $log"
	chmod 711 "$scratch/$name"
	TMP=$scratch/$name TMPDIR=$scratch/$name timeout -k 10 "$minutes"m bash -uc '"$@"' part "$@" >"$log" 2>&1 </dev/null &
	running=$!
	wait "$running" || status=$?
	kill -KILL -- "-$running" 2>/dev/null
	running=
	rm -rf "${scratch:?}/$name"/*
	case $status in
	0)
		echo "$tree" >"$passed"
		result PASS "$name" "$((SECONDS - begin)) s"
		;;
	77) result SKIP "$name" "$(tail -n 1 "$log")" ;;
	*)
		[ $status != 124 ] || echo "(stopped after $minutes minutes)" >>"$log"
		# in one piece, beside another row
		printf '%s\n' "$(result FAIL "$name" "$((SECONDS - begin)) s, status $status" &&
			{ grep -m 20 'error: \|FAILED' "$log"; echo ...; tail -n 40 "$log"; } | sed 's/^/      | /')"
		;;
	esac
}

builds() {
	make "-j$(nproc)" all gen && make asan && make "-j$(nproc)" BUILD=build/mutate LTO= all gen units
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
	cppcheck -q --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem \
		--suppress=bufferAccessOutOfBounds --suppress=unknownMacro --suppress=arrayIndexOutOfBoundsCond:src/packet/decode.c \
		--suppress=uninitvar:src/export/transport_udp.c --suppress=uninitvar:src/daemon/progress.c --suppress=ctuuninitvar:include/base/receive.h --error-exitcode=1 \
		--std=c11 -Iinclude -D__linux__ -D_GNU_SOURCE src
}
# Each unit, to the last: every test is a process of its own, which ends with 9 where valgrind has found something.
# Only check_memory leaves valgrind itself no memory.
grind_unit() {
	local what=ok begin=$SECONDS
	CK_DEFAULT_TIMEOUT=60 CK_TIMEOUT_MULTIPLIER=15 valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite "build/mutate/tests/$1" ||
		what=FAILED
	echo "$1: $what, $((SECONDS - begin)) s"
	[ $what = ok ]
}
grind() {
	basename -s .c tests/check_*.c | grep -vx check_memory | xargs -P "$(nproc)" -I UNIT bash -uc 'grind_unit UNIT'
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
	make msan || return 1
	WEIR=$PWD/build/asan/weir tests/31-damage-msan.sh || status=$?
	[ $status = 0 ] || [ $status = 77 ]
}
inject_all() {
	WEIR=$PWD/build/asan/weir INJECT_SECONDS=2000 tests/65-inject.py
}
# All kinds of exporters, and all faults; what weir itself has not given back, too.
under_valgrind() {
	SOAK_RATE=200 SOAK_UNDER='valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite' tests/soak.py 5
}
machines() {
	WEIR=$PWD/build/asan/weir tests/67-machines.sh
}
# Unit tests alone: they find nearly all that scripts do. Sixty are drawn, anew with each change of the sources: of a room that
# is at its goal, 90 of a hundred, fewer than 82 are found in one draw of thirty.
mutants() {
	tests/mutate.py -u -m 15 -g 82
}
messages() {
	WEIR=$PWD/weir tests/messages.py 1000000 1
}
newcomer() {
	WEIR=$PWD/weir tests/newcomer.sh
}
image() {
	WEIR=$PWD/weir tests/image.sh
}
export -f builds fanalyzer tidy cpp_check grind grind_unit twice msan inject_all machines mutants messages newcomer image under_valgrind

# The longest ones first. Processor time: the million messages most, the shared builds 3 minutes, valgrind some 5, clang-tidy 4, mutants 3, image, inject, the
# build twice and fanalyzer one each, the others less. Half of what inject takes is waiting.
computing() {
	part messages 90 tshark messages
	part valgrind 90 valgrind grind
	part mutants 70 python3 mutants
	part inject 40 gcc inject_all
	part clang-tidy 40 clang-tidy tidy
	part msan 30 clang msan
	part image 30 buildah image
	part gcc-fanalyzer 20 gcc fanalyzer
	part reproducible 20 git twice
	part machines 20 s390x-linux-gnu-gcc machines
	part cppcheck 20 cppcheck cpp_check
}
# 10 minutes, as long as a mirror takes, 5 and 3, each with little of a processor but newcomer, which builds what it tests.
waiting() {
	part away 20 ip tests/faults/away.py 10
	part newcomer 60 debootstrap newcomer
	part valgrind-live 30 valgrind under_valgrind
	part soak 15 ip tests/soak.py 3
}

# begin_row COMMAND: beside this process
begin_row() {
	(
		rows=()
		trap 'end_running; exit 130' TERM
		trap '' INT
		"$@"
	) &
	rows+=($!)
}

only= FRESH=1 part builds 60 make builds
[ "$(count failed)" = 0 ] || finish 1
for ((i = 0; i < $(nproc); i++)); do
	begin_row computing
done
begin_row waiting
begin_row waiting
wait "${rows[@]}"
rows=()
finish $(($(count failed) > 0))
