#!/bin/bash
# The shells' completions know every option and every command that there is, and bash's does complete.
. "$(dirname "$0")/common.sh"
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
folder=$root/packaging/completions

# ---- Every option of the programs, every command of the table ----

for program in weir weirctl; do
	"$(dirname "$WEIR")/$program" --help >"$TMP/help" || bad "$program --help"
	grep -oE '^  (-., +|    )?--[a-z-]+' "$TMP/help" | grep -oE -- '--[a-z-]+' >"$TMP/options"
	[ "$(wc -l <"$TMP/options")" -ge 4 ] || bad "$program has too few options: $(cat "$TMP/options")"
	while read -r option; do
		grep -qE -- "$option([^a-z-]|\$)" "$folder/_$program" || bad "_$program does not know $option"
	done <"$TMP/options"
done
sed -n '/^static const struct command commands/,/^};/s/^\t{"\([a-z]*\)".*/\1/p' "$root/src/daemon/command.c" >"$TMP/commands"
[ "$(wc -l <"$TMP/commands")" -ge 8 ] || bad "too few commands: $(cat "$TMP/commands")"
while read -r command; do
	grep -qw "$command" "$folder/weirctl.bash" || bad "weirctl.bash does not know $command"
	grep -q "'$command:" "$folder/_weirctl" || bad "_weirctl does not know $command"
done <"$TMP/commands"

# ---- What bash makes of words ----

# completes WORDS... EXPECTED: the last of the words is completed to what matches EXPECTED, among others
completes() {
	local expected=${*: -1}
	set -- "${@:1:$#-1}"
	bash -c '
		. "$1/weir.bash"; . "$1/weirctl.bash"; compopt() { :; }
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		"_${1##*/}" "$1"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$folder" "$@" >"$TMP/reply" 2>&1
	grep -qxF -- "$expected" "$TMP/reply" || bad "'$*' is not completed to $expected: $(cat "$TMP/reply")"
}
completes "$WEIR" --check- --check-config
completes "$WEIR" -i eth0 --quie --quiet
completes "$WEIR" doc doctor
completes "$WEIR" -v netflow netflow9
completes "$WEIR" -i l lo
completes "$WEIR" --set cache.timeouts.i cache.timeouts.idle=
completes "$WEIRCTL" led ledger
completes "$WEIRCTL" -s /tmp/x sta status
completes "$WEIRCTL" log deb debug
completes "$WEIRCTL" -j flows by=r by=rate
completes "$WEIRCTL" top host 10.0.0.1 an and

[ $failures -eq 0 ] || finish
command -v zsh >/dev/null || skip 'zsh is not installed: its files were not parsed, all else is good'
for file in _weir _weirctl; do
	zsh -n "$folder/$file" || bad "$file"
done
finish
