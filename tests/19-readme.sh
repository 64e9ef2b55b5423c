#!/bin/bash
# README.md says what is true: its commands run, its configurations are good, its sample output is what
# comes out, its links lead somewhere, and it names every package that packaging/deps.sh may install.
#
# A comment before a block of commands says what becomes of it:
#   <!-- test -->             run, in one folder for all blocks, as a reader would
#   <!-- test: PROGRAM... --> the same, where these programs are installed
#   <!-- live -->             the same on the stage of stage.sh, all together, in order; needs root
#   <!-- folder -->           the same where a folder stands for the system: make installs there, and systemd's
#                             tools change that; nothing is started (--now is left out); needs root
#   <!-- dry -->              make is asked what it would do
#   <!-- not run: REASON -->  left out, and said at the end
# Blocks of libconfig are configurations. <!-- output of make run --> stands before lines that occur in it.
. "$(dirname "$0")/common.sh"
[ -x "$GEN" ] && [ -x "$WEIRDUMP" ] || skip "the generator or weirdump is not built"
GEN=$(realpath "$GEN") WEIRDUMP=$(realpath "$WEIRDUMP") WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
export WEIRDUMP WEIRCTL
cd "$root" || exit 1
ran=0 left_out=()

# ---- The blocks, each as a file NUMBER.LANGUAGE with what the comment before it said in NUMBER.mark ----

mkdir "$TMP/blocks"
awk -v folder="$TMP/blocks" '
function name(what) { return sprintf("%s/%02d.%s", folder, count, what) }
/^```/ && inside { inside = 0; mark = ""; next }
/^```/ {
	inside = 1
	count++
	language = length($0) > 3 ? substr($0, 4) : "text"
	print mark >name("mark")
	printf "" >name(language)
	next
}
inside { print >name(language); next }
/^<!-- .* -->$/ { mark = substr($0, 6, length($0) - 9); next }
NF { mark = "" }' README.md
[ "$(find "$TMP/blocks" -name '*.sh' | wc -l)" -ge 5 ] || bad "README.md: too few blocks of commands were found"
[ "$(find "$TMP/blocks" -name '*.libconfig' | wc -l)" -ge 2 ] || bad "README.md: too few configurations were found"

# ---- Configurations ----

for file in "$TMP"/blocks/*.libconfig; do
	run "configuration $(basename "$file"): $(head -1 "$file")" "$WEIR" -C -f "$file"
	ran=$((ran + 1))
done

# ---- Commands ----

# A tree such as the reader stands in, with the programs under test.
desk=$TMP/desk
mkdir -p "$desk/build/tests" "$desk/bin"
ln -s "$WEIR" "$desk/weir"
ln -s "$WEIRDUMP" "$desk/weirdump"
ln -s "$GEN" "$desk/build/tests/gen"
printf '#!/bin/sh\nexec "%s" -n -C "%s" "$@" >/dev/null\n' "$(command -v make)" "$root" >"$desk/bin/make"
chmod +x "$desk/bin/make"

# run_block FILE: with a free port in the place of the one that is written there
run_block() {
	local port text
	if grep -qE '4739|9995' "$1"; then
		command -v python3 >/dev/null || { left_out+=("$(basename "$1"): python3 is not installed"); return; }
		port=$(free_port)
	fi
	text=$(sed -E "s/\<(4739|9995)\>/${port:-}/g" "$1")
	run "$(basename "$1"): $(head -1 "$1")" env -C "$desk" PATH="$desk/bin:$PATH" \
		timeout 60 bash -eu -o pipefail -c "trap 'kill \$(jobs -p) 2>/dev/null || true' EXIT
$text"
	ran=$((ran + 1))
}

# dry LINE
dry() {
	local words
	read -ra words <<<"$1"
	[ "${words[0]}" != sudo ] || words=("${words[@]:1}")
	[ "${words[0]}" = make ] || bad "$1: it cannot be tried dry"
	run "$1" "$desk/bin/make" "${words[@]:1}"
	ran=$((ran + 1))
}

# Those within a line or a table: whether their options are right.
while read -r line; do
	read -ra words <<<"$line"
	[[ " $line " == *' -'[ir]* || " $line " == *' -C '* || " $line " == *' --help'* ]] || continue
	[[ " $line " == *' --help'* || " $line " == *' -f '* ]] || words+=(-C)
	[[ " $line " != *' -f '* && $line != "weir -C" ]] || continue # a file of the reader's
	run "$line" "$WEIR" "${words[@]:1}"
	ran=$((ran + 1))
done < <(grep -v '^ *\(sudo \)\?\(\./\)\?weir ' README.md | grep -oE '`weir [^`]*`' | tr -d '`' | sort -u)

for file in "$TMP"/blocks/*.sh; do
	mark=$(cat "${file%.sh}.mark")
	case $mark in
	test) run_block "$file" ;;
	test:*)
		missing=
		for program in ${mark#test:}; do
			command -v "$program" >/dev/null || missing="$missing $program"
		done
		if [ -z "$missing" ]; then
			run_block "$file"
		else
			left_out+=("block $(basename "$file"): not installed:$missing")
		fi
		;;
	live) cat "$file" >>"$TMP/live.sh" ;;
	folder) cat "$file" >>"$TMP/folder.sh" ;;
	dry) while read -r line; do dry "$line"; done <"$file" ;;
	'not run: '?*) left_out+=("$(head -1 "$file"): ${mark#not run: }") ;;
	*) bad "README.md: nothing says what becomes of the block that begins with: $(head -1 "$file")" ;;
	esac
done

# A folder as the system: it begins with what systemd-sysusers would find, and ends with weir's user, the
# folder of its sockets and an enabled service.
if [ "$(id -u)" != 0 ] || ! command -v systemd-sysusers >/dev/null || ! command -v systemctl >/dev/null; then
	left_out+=('what installs the service needs root and systemd')
else
	system=$TMP/system
	mkdir -p "$TMP/tools" "$system/etc"
	echo 'exec "$@"' >"$TMP/tools/sudo"
	echo "exec '$(command -v make)' -s -C '$root' DESTDIR='$system' \"\$@\"" >"$TMP/tools/make"
	for tool in systemd-sysusers systemd-tmpfiles systemctl; do
		cat >"$TMP/tools/$tool" <<-END
			for word; do
				shift
				[ "\$word" = --now ] || set -- "\$@" "\$word"
			done
			[ "\$1" != daemon-reload ] || exit 0
			exec $(command -v $tool) --root='$system' "\$@"
		END
	done
	sed -i '1i #!/bin/sh' "$TMP"/tools/*
	chmod +x "$TMP"/tools/*
	run "in a folder: $(tr '\n' ';' <"$TMP/folder.sh")" env -u MAKEFLAGS -C "$desk" PATH="$TMP/tools:$PATH" \
		bash -eu "$TMP/folder.sh"
	grep -q '^weir:' "$system/etc/passwd" || bad "README.md: there is no user weir after: $(cat "$TMP/folder.sh")"
	[ -d "$system/run/weir" ] || bad 'README.md: there is no /run/weir'
	[ -L "$system/etc/systemd/system/multi-user.target.wants/weir.service" ] || bad 'README.md: weir.service is not enabled'
	run 'the installed weir' "$system/usr/local/sbin/weir" --version
	ran=$((ran + $(wc -l <"$TMP/folder.sh")))
	left_out+=('systemctl daemon-reload and --now: systemd does not run in a folder')
fi

# Configurations run there, too, with less memory and on any processor.
for file in "$TMP"/blocks/*.libconfig; do
	sed -E 's/buffer = "[^"]*"/buffer = "1M"/; s/cpu = .*//; s/entries = [0-9]+/entries = 4096/' "$file" >"${file%.libconfig}.conf"
	echo "weir -f ${file%.libconfig}.conf" >>"$TMP/live.sh"
done
if [ "$(id -u)" = 0 ] && unshare -n -m true 2>/dev/null; then
	mkdir "$TMP/stage"
	run "on the stage: $(tr '\n' ';' <"$TMP/live.sh")" env -C "$desk" STAGE="$TMP/stage" \
		WEIR="${WEIR_PLAIN:-$WEIR}" "$here/stage.sh" "$TMP/live.sh"
	ran=$((ran + $(wc -l <"$TMP/live.sh")))
else
	left_out+=('what captures needs root and namespaces')
fi

# ---- The sample output; ports are any, and how records share datagrams may change with their order ----

ports() { sed -E 's/127\.0\.0\.1:[0-9]+/127.0.0.1:PORT/g; s/in [0-9]+ datagrams/in N datagrams/; s/ +/ /g' "$@"; }
run "make run" env WEIR="$WEIR" WEIRDUMP="$WEIRDUMP" GEN="$GEN" PCAP= IFACE= packaging/run.sh
ports <<<"$said" >"$TMP/made"
mark=$(grep -lx 'output of make run' "$TMP"/blocks/*.mark | head -1)
[ -n "$mark" ] || bad "README.md: the sample output of make run is not there"
while read -r line; do
	[ "$line" = ... ] || grep -qxF -- "$line" "$TMP/made" || bad "make run does not print: $line"
done < <(ports "${mark%.mark}.text")

# ---- Packages, links ----

for package in $(sed -n '/ROWS/,/ROWS$/p' packaging/deps.sh | awk '$1 ~ /^(build|unit|test)$/ { print $4 }' | sort -u); do
	grep -qE "(^| )$package( |$)" <(grep '^    ' README.md) ||
		bad "README.md does not name the package $package of packaging/deps.sh"
done

for page in README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md packaging/README.md src/README.md src/packet/README.md \
	tests/README.md; do
	for link in $(grep -oE '\]\([^)#]+' "$page" | cut -c3- | grep -v '^https\?:' | sort -u); do
		[ -e "$(dirname "$page")/$link" ] || bad "$page: there is no $link"
	done
done
# Each test is in the list of tests.
for script in tests/[0-9]*.{sh,py} tests/conformance/[0-9]*.{sh,py}; do
	[ ! -e "$script" ] || grep -qF "(${script#tests/})" tests/README.md || bad "tests/README.md does not name $script"
done
# What src/README.md writes as `room/file` must be there.
for file in $(grep -oE '`[a-z]+/[a-z0-9_]+\.(c|h|def)`' src/README.md | tr -d '`' | sort -u); do
	[ -e "src/$file" ] || [ -e "include/$file" ] || bad "src/README.md: there is no $file"
done

for reason in ${left_out[@]+"${left_out[@]}"}; do echo "left out: $reason"; done
finish "$ran commands and configurations are as README.md says"
