#!/bin/bash
# fuzz.sh SECONDS FUZZER...: run each fuzzer for so long, starting from seeds.
#
# Inputs that reach new code are kept in build/fuzz/corpus/NAME and used again next time. Seeds come
# from tests/seeds/NAME and from `$GEN seeds NAME FOLDER`, as far as there are any for that NAME.
# What breaks a fuzzer is left beside it as build/fuzz/NAME-crash-...
set -u
seconds=$1
shift

status=0
for program; do
	folder=$(dirname "$program")
	name=$(basename "$program")
	name=${name#fuzz_}
	corpus=$folder/corpus/$name
	seeds=$folder/seeds/$name
	mkdir -p "$corpus" "$seeds"
	if [ -x "${GEN:-}" ] && "$GEN" seeds "$name" "$seeds" >/dev/null 2>&1; then
		echo "fuzz: $(ls "$seeds" | wc -l) seeds for $name from the generator"
	fi
	own=()
	[ ! -d "tests/seeds/$name" ] || own=("tests/seeds/$name")
	"$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$folder/$name-" "$corpus" "$seeds" ${own[@]+"${own[@]}"} || status=1
done
exit $status
