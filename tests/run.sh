#!/bin/bash
# run.sh [-b FOLDER] [PATTERN]: the tests of `make check`, one after the other.
#
#   build...       the programs with gcc and clang, and what the other tests need
#   unit/NAME      tests/check_NAME.c under the address and undefined sanitizers
#   tsan/NAME      those that say "threads: tsan" again, under the thread sanitizer
#   script/PATH    tests/[0-9]* and tests/*/[0-9]* ending in .sh or .py, in sorted order
#   layers         tests/layers.sh
#   fuzz/NAME      tests/fuzz_NAME.c for FUZZ_SECONDS (10)
#
# PATTERN picks the tests with it in their name (a glob, as in 'unit/*' or 'ipfix'). -b takes the
# programs and unit tests of another build and runs only units and scripts (coverage does that).
#
# A script passes with exit status 0, is skipped with 77 (its last line says why), fails otherwise
# or after 300 seconds. It runs at the top of the tree and finds in its environment:
#   TOP BUILD              the tree and its build folder
#   WEIR WEIRDUMP WEIRCTL  the programs with the address sanitizer; GEN the traffic generator
#   WEIR_PLAIN WEIR_TSAN   weir as users get it, and with the thread sanitizer
#   SHARED                 a folder of further captures beside the tree; unset without one
#   TMP                    an empty folder, removed afterwards
# What a test leaves running is killed.
set -u
cd "$(dirname "$0")/.." || exit 1

# Sanitizers of older compilers want the plain address layout; whoever may not ask for it goes on.
if [ -z "${PLAIN_LAYOUT:-}" ] && setarch "$(uname -m)" -R true 2>/dev/null; then
	PLAIN_LAYOUT=1 exec setarch "$(uname -m)" -R "$0" "$@"
fi

other_build=
while getopts b: option; do
	case $option in
	b) other_build=$OPTARG ;;
	*) exit 1 ;;
	esac
done
shift $((OPTIND - 1))
only=${1:-}

TOP=$PWD
export TOP BUILD=$TOP/build
programs=${other_build:-build/asan}
export WEIR=$TOP/$programs/weir WEIRDUMP=$TOP/$programs/weirdump WEIRCTL=$TOP/$programs/weirctl
export GEN=$TOP/${other_build:-build}/tests/gen LOAD=$TOP/${other_build:-build}/tests/bench/load WEIR_PLAIN=$TOP/weir WEIR_TSAN=$BUILD/tsan/weir
unset SHARED
[ ! -d ../shared ] || export SHARED=$(cd ../shared && pwd)
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export CK_DEFAULT_TIMEOUT=60 # seconds for one unit test: sanitizers are slow
export TSAN_OPTIONS=${TSAN_OPTIONS:-second_deadlock_stack=1}

passed=0 failed=0 skipped=0 running=
failures=()
scratch=$(mktemp -d)
chmod 711 "$scratch" # for tests that become another user

finish() {
	local status=$1
	[ -z "$running" ] || { kill -KILL -- "-$running" && wait "$running"; } 2>/dev/null
	rm -rf "$scratch"
	[ ${#failures[@]} = 0 ] || printf 'failed: %s\n' "${failures[@]}"
	echo "$passed passed, $failed failed, $skipped skipped"
	exit "$status"
}
trap 'finish 130' INT TERM

report() {
	printf '%-5s %-44s %s\n' "$@"
}

skip() {
	skipped=$((skipped + 1))
	report SKIP "$1" "$2"
}

# run_test NAME SECONDS COMMAND...: in a process group of its own, with its own TMP.
run_test() {
	local name=$1 limit=$2 log=$scratch/log start=${EPOCHREALTIME/./} status=0 time
	shift 2
	mkdir "$scratch/tmp"
	TMP=$scratch/tmp TMPDIR=$scratch/tmp timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null &
	running=$!
	wait "$running" || status=$?
	kill -KILL -- "-$running" 2>/dev/null
	running=
	rm -rf "$scratch/tmp"
	time=$((${EPOCHREALTIME/./} - start))
	time=$(printf '%d.%02d s' $((time / 1000000)) $((time / 10000 % 100)))
	case $status in
	0)
		passed=$((passed + 1))
		report PASS "$name" "$time"
		;;
	77)
		skip "$name" "$(tail -n 1 "$log")"
		;;
	*)
		failed=$((failed + 1))
		failures+=("$name")
		[ $status != 124 ] || echo "(stopped after $limit seconds)" >>"$log"
		report FAIL "$name" "$time, status $status"
		tail -n 200 "$log" | sed 's/^/      | /'
		;;
	esac
	return $status
}

# choose NAME...: those that PATTERN picks.
choose() {
	local name
	for name; do
		[[ $name != *$only* ]] || echo "$name"
	done
}

build() {
	run_test "$1" 1800 make -k --no-print-directory "-j$(nproc)" "${@:2}"
}

# run_built PREFIX FOLDER NAME: a unit test, or the news that there is none.
run_built() {
	if [ -x "$2" ]; then
		run_test "$1" 300 "$2"
	else
		run_test "$1" 300 sh -c 'echo "it was not built"; exit 1'
	fi
}

fuzz() {
	if ! command -v clang >/dev/null; then
		skip "$1" "clang is not there"
	else
		run_test "$1" $((${FUZZ_SECONDS:-10} + 120)) \
			tests/fuzz.sh "${FUZZ_SECONDS:-10}" "build/fuzz/fuzz_${1#fuzz/}"
	fi
}

shopt -s nullglob
names() { # PREFIX FILES...
	local file prefix=$1
	shift
	for file; do
		file=${file#tests/*_}
		echo "$prefix/${file%.c}"
	done
}
scripts() {
	printf '%s\n' tests/[0-9]*.{sh,py} tests/*/[0-9]*.{sh,py} | sed 's,^tests/,script/,' | LC_ALL=C sort
}
units=$(choose $(names unit tests/check_*.c))
scripts=$(choose $(scripts))
threaded= fuzzers= layers=
if [ -z "$other_build" ]; then
	threaded=$(choose $(names tsan $(grep -ls 'threads: tsan' tests/check_*.c /dev/null)))
	fuzzers=$(choose $(names fuzz tests/fuzz_*.c))
	layers=$(choose layers)

	build build all gen
	[ -z "$units$scripts" ] || build build/asan asan
	[ -z "$threaded$scripts" ] || build build/tsan tsan
	if ! command -v clang >/dev/null; then
		skip build/clang "clang is not there"
	else
		[ -n "$only" ] || build build/clang BUILD=build/clang CC=clang all gen
		[ -z "$fuzzers" ] || build build/fuzz fuzz-build
	fi
fi

for test in $units; do
	run_built "$test" "$programs/tests/check_${test#unit/}"
done
for test in $threaded; do
	run_built "$test" "build/tsan/tests/check_${test#tsan/}"
done
for test in $scripts; do
	run_test "$test" 300 "tests/${test#script/}"
done
for test in $layers; do
	run_test "$test" 300 tests/layers.sh
done
for test in $fuzzers; do
	fuzz "$test"
done
finish $((failed > 0))
