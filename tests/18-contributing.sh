#!/bin/bash
# CONTRIBUTING.md's example of a new element is true: its changes apply to a copy of this tree, which builds
# and does what is said. Files that it and packaging/README.md name are there.
. "$(dirname "$0")/common.sh"
[ -x "$GEN" ] || skip "the generator is not built"
need python3 tar
cd "$root" || exit 1

for file in $(grep -oE '`(tests|[a-z]+)/[a-z0-9_-]+\.(c|h|def|sh|py)`' CONTRIBUTING.md | tr -d '`' | sort -u); do
	[ -e "$file" ] || [ -e "src/$file" ] || [ -e "include/$file" ] || bad "CONTRIBUTING.md: there is no $file"
done

copy=$TMP/copy
mkdir -p "$copy/build"
tar --create --exclude=./build --exclude=./.git . | tar --extract -C "$copy"
cp -a build/obj build/*.a build/flags build/members "$copy/build/" 2>/dev/null
cp -a weir weirctl weirdump "$copy/" 2>/dev/null

# The changes: in each file, the lines with a minus and a blank are found and take the new form.
run 'the changes apply' python3 - "$copy" CONTRIBUTING.md <<'END'
import re, sys

copy, page = sys.argv[1:]
text = open(page).read()
(diff,) = re.findall(r"^```diff\n(.*?)^```", text, re.M | re.S)
files = re.split(r"^--- a/\S+\n\+\+\+ b/(\S+)\n", diff, flags=re.M)[1:]
assert len(files) >= 6, "too few files"
for name, change in zip(files[::2], files[1::2]):
    lines = change.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    body = open(f"{copy}/{name}").read()
    assert body.count(old) == 1, f"{name}: these lines occur {body.count(old)} times:\n{old}"
    open(f"{copy}/{name}", "w").write(body.replace(old, new))
END
"$GEN" office "$copy/office.pcap"
awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' CONTRIBUTING.md >"$TMP/commands"
run 'its commands run' env -C "$copy" -u MAKEFLAGS bash -eu "$TMP/commands"
[ "$(grep -cE '"ipTotalLength": ?[1-9][0-9]+' <<<"$said")" -ge 100 ] ||
	bad "the new element has no values: $(tail -n 3 <<<"$said" | cut -c1-300)"
finish 'the example of CONTRIBUTING.md is true'
