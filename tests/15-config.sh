#!/bin/bash
# The schema, the sample file and the manuals say the same; --help and weir(8) have the same
# options; a file that is wrong is refused with its line.
set -u
cd "$TOP" || exit 1
status=0

complain() {
	printf '%s\n' "$*"
	status=1
}

# same WHAT EXPECTED FOUND
same() {
	diff -u --label "$1: expected" --label "$1: found" "$2" "$3" || status=1
}

# ---- Keys and their defaults: --help-config is the schema ----

"$WEIR" --help-config >"$TMP/help" || complain "--help-config failed"
sed -n 's/^  \([a-z0-9_.]*\(\[\]\)*[a-z0-9_.]*\) = \(.*\)$/\1 = \3/p' "$TMP/help" | sort >"$TMP/schema"
[ "$(wc -l <"$TMP/schema")" -ge 30 ] || complain "--help-config lists too few keys"

# The sample file: every key on its line, a key behind # not set. Inputs and collector have no
# default, so theirs is not compared.
awk '
{ sub(/[ \t]# .*/, "") }
/^[ \t]*#[^a-z]/ || /^[ \t]*#$/ { next }
{ sub(/^[ \t]*#?/, ""); sub(/[ \t]+$/, "") }
/^[a-z0-9_]+ = \($/ { path[++depth] = $1 "[]."; next }
/^[a-z0-9_]+ = \{$/ { path[++depth] = $1 "."; next }
/^\{$/ { path[++depth] = ""; next }
/^[})];?$/ { depth--; next }
/^[a-z0-9_]+ = .*;$/ {
	line = $0
	sub(/;$/, "", line)
	for (i = depth; i > 0; i--)
		line = path[i] line
	sub(/\.\./, ".", line)
	print line
	next
}
NF { print "cannot read: " $0 }' conf/weir.conf |
	sed -E 's/^((inputs\[\]\.(interface|file)|exporters\[\]\.collector|records\[\]\.(name|match)|groups\[\]\.name) = ).*/\1-/' |
	sort >"$TMP/sample"
same "keys in conf/weir.conf" "$TMP/schema" "$TMP/sample"

sed -n 's/^\.It Va \([^ ]*\) No = \(.*\)$/\1 = \2/p' man/weir.conf.5 |
	sed -e 's/ = Ar .*/ = -/' -e 's/ = Li / = /' -e 's/ = "\(.*\)"$/ = \1/' -e 's/\\(dq/"/g' |
	sort >"$TMP/manual"
same "keys in man/weir.conf.5" "$TMP/schema" "$TMP/manual"

# ---- The sample file is good once a collector is named, and no service runs with it before ----

sed 's/#collector = /collector = /' conf/weir.conf >"$TMP/weir.conf"
"$WEIR" --check-config --config "$TMP/weir.conf" >"$TMP/out" 2>&1 ||
	complain "conf/weir.conf is refused: $(cat "$TMP/out")"
"$WEIR" --check-config --config conf/weir.conf >"$TMP/out" 2>&1 &&
	complain "conf/weir.conf is taken without a collector"
grep -q "^weir: exporters\[0\]: needs a collector, for example" "$TMP/out" ||
	complain "conf/weir.conf without a collector is refused otherwise: $(cat "$TMP/out")"

# ---- Options: --help against weir(8) ----

"$WEIR" --help >"$TMP/usage" || complain "--help failed"
sed -nE 's/^  (-(.), |    )--([a-z-]+)( ([^ ]+))? +[^ ].*/\2 \3 \5/p' "$TMP/usage" >"$TMP/options"
[ "$(wc -l <"$TMP/options")" -ge 15 ] || complain "--help lists too few options"
sed -nE 's/^\.It (Fl (.) , )?Fl -([a-z-]+)( Ar (.*))?$/\2 \3 \5/p' man/weir.8 >"$TMP/manual"
same "options in man/weir.8" "$TMP/options" "$TMP/manual"
[ -z "$(awk 'length > 80' "$TMP/usage" "$TMP/help")" ] || complain "help has too long lines"

# ---- Complaints ----

# refuse TEXT ARGUMENTS...: exit status 1, one line, with TEXT in it.
refuse() {
	local text=$1 code
	shift
	"$WEIR" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	code=$?
	[ $code = 1 ] || complain "$*: exit status $code, not 1"
	[ "$(wc -l <"$TMP/err")" = 1 ] || complain "$*: not one line: $(cat "$TMP/err")"
	grep -qF -- "$text" "$TMP/err" || complain "$*: no \"$text\" in: $(cat "$TMP/err")"
}

printf 'inputs = ( { interface = "eth0"; } );\ncache = {\n\tentires = 5;\n};\n' >"$TMP/a.conf"
refuse "$TMP/a.conf:3: cache.entires: unknown key, is it \"entries\"?" -C -f "$TMP/a.conf"
printf '\n@include "a.conf"\n' >"$TMP/b.conf"
refuse "$TMP/a.conf:3: cache.entires: unknown key" -C -f "$TMP/b.conf"
printf 'cache = {\n\tentries = 7;\n};\n' >"$TMP/c.conf"
refuse "$TMP/c.conf:2: cache.entries: 7 is too small, allowed: 16 to 268435456 flows" \
	-C -f "$TMP/c.conf"
printf 'cache = {\n\tentries 7;\n};\n' >"$TMP/d.conf"
refuse "$TMP/d.conf:2: syntax error" -C -f "$TMP/d.conf"
refuse "$TMP/none.conf: cannot be read" -C -f "$TMP/none.conf"
refuse "16383" -r x -n 127.0.0.1:9 -v 5 -s 16384
refuse "see weir --help" -r x --no-such-option
refuse "allowed is one of the two" -r x -i y
refuse "without brackets" -r x -n 2001:db8::1

# ---- The manuals as mdoc; last, since a machine without mandoc skips ----

[ $status = 0 ] || exit 1
if ! command -v mandoc >/dev/null; then
	echo "mandoc is not there: the form of the manuals was not checked, all else is good"
	exit 77
fi
for page in man/*.[1-8]; do
	mandoc -Tlint -Wstyle "$page" | grep -vE 'referenced manual not found|outdated mandoc.db' >"$TMP/lint" &&
		complain "$(cat "$TMP/lint")"
done
exit $status
