#!/bin/bash
# run.sh [-b FOLDER] [PATTERN]: the tests of `make check`, in two rows side by side where there are two
# processors: those that mostly compute, and those that mostly wait for packets, clocks and collectors.
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
# or after 600 seconds. One that says "run.sh: computes" is of the row that does. It runs at the top
# of the tree and finds in its environment:
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

readonly LIMIT=600
scratch=$(mktemp -d)
chmod 711 "$scratch" # for tests that become another user
row=$scratch/main running= rows=()
mkdir "$row"

count() { cat "$scratch"/*/"$1" 2>/dev/null | wc -l; }

end_running() {
	[ -z "$running" ] || { kill -KILL -- "-$running" && wait "$running"; } 2>/dev/null
}

finish() {
	local status=$1
	end_running
	[ ${#rows[@]} = 0 ] || { kill "${rows[@]}" && wait "${rows[@]}"; } 2>/dev/null
	sed 's/^/failed: /' "$scratch"/*/failed 2>/dev/null
	echo "$(count passed) passed, $(count failed) failed, $(count skipped) skipped"
	rm -rf "$scratch"
	exit "$status"
}
trap 'finish 130' INT TERM

# report FILE NAME TEXT: in $row, so that all rows can be added up.
report() {
	local what=PASS
	[ "$1" = passed ] || what=$([ "$1" = failed ] && echo FAIL || echo SKIP)
	echo "$2" >>"$row/$1"
	printf '%-5s %-44s %s\n' "$what" "${@:2}"
}

skip() { report skipped "$1" "$2"; }

# run_test NAME SECONDS COMMAND...: in a process group of its own, with its own TMP.
run_test() {
	local name=$1 limit=$2 log=$row/log start=${EPOCHREALTIME/./} status=0 time
	shift 2
	mkdir "$row/tmp"
	chmod 711 "$row"
	TMP=$row/tmp TMPDIR=$row/tmp timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null &
	running=$!
	wait "$running" || status=$?
	kill -KILL -- "-$running" 2>/dev/null
	running=
	rm -rf "$row/tmp"
	time=$((${EPOCHREALTIME/./} - start))
	time=$(printf '%d.%02d s' $((time / 1000000)) $((time / 10000 % 100)))
	case $status in
	0) report passed "$name" "$time" ;;
	77) skip "$name" "$(tail -n 1 "$log")" ;;
	*)
		[ $status != 124 ] || echo "(stopped after $limit seconds)" >>"$log"
		# in one piece, beside another row
		printf '%s\n' "$(report failed "$name" "$time, status $status" && tail -n 200 "$log" | sed 's/^/      | /')"
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
		run_test "$1" $LIMIT "$2"
	else
		run_test "$1" $LIMIT sh -c 'echo "it was not built"; exit 1'
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

run_scripts() { # NAMES...
	local test
	for test; do
		run_test "$test" $LIMIT "tests/${test#script/}"
	done
}

computing() {
	local test
	for test in $units; do
		run_built "$test" "$programs/tests/check_${test#unit/}"
	done
	for test in $threaded; do
		run_built "$test" "build/tsan/tests/check_${test#tsan/}"
	done
	# shellcheck disable=SC2086
	run_scripts $computing
	for test in $layers; do
		run_test "$test" $LIMIT tests/layers.sh
	done
	for test in $fuzzers; do
		fuzz "$test"
	done
}

# begin_row NAME COMMAND...: beside this process
begin_row() {
	local name=$1
	shift
	mkdir "$scratch/$name"
	(
		row=$scratch/$name rows=()
		trap 'end_running; exit 130' TERM
		trap '' INT
		"$@"
	) &
	rows+=($!)
}

computing=$(cd tests && grep -ls 'run\.sh: computes' $(sed 's,^script/,,' <<<"$scripts") /dev/null | sed 's,^,script/,')
waiting=$(grep -vxF "${computing:-none}" <<<"$scripts")
if [ "$(nproc)" -ge 2 ]; then
	begin_row computing computing
	# shellcheck disable=SC2086
	begin_row waiting run_scripts $waiting
	wait "${rows[@]}"
	rows=()
else
	computing
	# shellcheck disable=SC2086
	run_scripts $waiting
fi
finish $(($(count failed) > 0))
