#!/bin/bash
# newcomer.sh [PATTERN]: a machine with nothing but git, make and a clone, on which the commands of README.md are typed as they
# stand there: both of "Two commands" (make check with ONLY=PATTERN, or whole for "all"), the package, and a capture's way
# into nfdump.
# What such a machine lacks is fetched, so this takes minutes, and `make check-all` runs it.
. "$(dirname "$0")/common.sh"
. "$here/fresh.sh"
need git
pattern=${1:-script/1}
cd "$root" || exit 1
fresh_system "$TMP/fresh"
run 'git and make' inside sh -c 'apt-get -q update && apt-get -q -y --no-install-recommends install git make' || finish
# Who installs by hand is asked, and is root here.
printf '#!/bin/sh\nexec "$@"\n' >"$fresh/usr/local/bin/sudo"
printf '#!/bin/sh\nexec apt-get -q -y "$@"\n' >"$fresh/usr/local/bin/apt"
chmod +x "$fresh"/usr/local/bin/*
git clone -q "$root" "$fresh/root/weir" || { bad 'no clone could be made'; finish; }
# As it is here, committed or not.
git diff HEAD --binary | git -C "$fresh/root/weir" apply --allow-empty || bad 'the clone is another tree'

# block PATTERN: the first block of commands with a line like that
block() {
	awk -v want="$1" '/^```sh$/ { inside = 1; text = ""; next } /^```$/ { if (inside && text ~ want) { printf "%s", text; exit }
		inside = 0 } inside { text = text $0 "\n" }' README.md
}
# types PATTERN: the newcomer does what a block says, in the clone
types() {
	local text begin=$SECONDS
	text=$(block "$1")
	[ "$pattern" = all ] || text=$(sed "s,^make check$,make check ONLY='$pattern'," <<<"$text")
	[ -n "$text" ] || { bad "README.md has no block with $1"; return; }
	if inside bash -eu -o pipefail -c "export PATH=/usr/local/bin:\$PATH; cd /root/weir
$text" >"$TMP/said" 2>&1; then
		echo "$((SECONDS - begin)) s: $(tr '\n' ';' <<<"$text")"
	else
		bad "$text"
		{ grep -A 20 '^FAIL' "$TMP/said"; echo ...; tail -n 40 "$TMP/said"; } | sed 's/^/    /'
	fi
}
types 'make run'
grep -E '^(SKIP|FAIL) |^[0-9]+ passed' "$TMP/said" || bad "make check does not say how it went"
types 'make deb'
run 'the package' inside /root/weir/packaging/debian/tests/configured
inside apt-get -q -y --no-install-recommends install nfdump >"$TMP/log" 2>&1 || bad "nfdump: $(tail -n 3 "$TMP/log")"
types 'gen office office.pcap'
types 'nfcapd -w nf'
grep 'Summary: total flows: 814,' "$TMP/said" || bad "nfdump says: $(tail -n 9 "$TMP/said")"
finish "README.md's commands on a fresh $suite"
