#!/bin/bash
# deb.sh FOLDER: the Debian package of this tree, in FOLDER, as `make deb` does.
#
# The source package is made of the files of the tree as they are now, with packaging/debian as its
# debian. Where lintian is installed it has the last word: a tag of any kind is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

say() {
	echo "deb: $*" >&2
}

[ $# = 1 ] || { echo "usage: deb.sh FOLDER" >&2; exit 1; }
for program in dpkg-buildpackage dh; do
	command -v $program >/dev/null ||
		{ say "$program is missing: apt-get install build-essential debhelper"; exit 1; }
done
if ! lacking=$(dpkg-checkbuilddeps packaging/debian/control 2>&1); then
	say "${lacking##*: error: }"
	say "this installs them: apt-get install build-essential debhelper && make deps"
	exit 1
fi

upstream=$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)
upstream=${upstream%-*}
mkdir -p "$1"
folder=$(realpath "$1")
tree=$folder/weir-$upstream
rm -rf "$tree" "$folder"/weir_* "$folder"/weir-dbgsym_*
mkdir "$tree"

# What belongs to the tree: git knows, and a released archive has little else.
if [ -e .git ] && command -v git >/dev/null; then
	git ls-files -z --cached --others --exclude-standard
else
	find . '(' -path ./build -o -path ./.git -o -path './weir*' ')' -prune -o -type f -print0
fi | tar --create --null --ignore-failed-read --files-from=- 2>/dev/null | tar --extract -C "$tree"
tar --create --sort=name --owner=0 --group=0 --numeric-owner -C "$folder" "weir-$upstream" |
	gzip -9n >"$folder/weir_$upstream.orig.tar.gz"
cp -R packaging/debian "$tree/debian"

cd "$tree"
# Not what another make, an editor or a test has told its children.
env -u MAKEFLAGS -u MAKELEVEL -u CFLAGS -u LDFLAGS -u CPPFLAGS \
	dpkg-buildpackage --unsigned-source --unsigned-changes -F >"$folder/build.log" 2>&1 ||
	{ tail -n 50 "$folder/build.log" >&2; say "it failed: $folder/build.log"; exit 1; }
if command -v lintian >/dev/null; then
	# Which standards are the newest depends on its version, and so does whether it wants a script for another init,
	# which may supervise weir, since that stays in the foreground.
	suppress=out-of-date-standards-version,newer-standards-version
	no_script=package-supports-alternative-init-but-no-init.d-script
	! lintian-explain-tags $no_script >/dev/null 2>&1 || suppress+=,$no_script
	lintian --allow-root --display-info --pedantic --fail-on error,warning,info,pedantic \
		--suppress-tags $suppress "$folder"/weir_*.changes
else
	say "lintian is not installed, so it has not looked at the package"
fi
say "$(ls "$folder"/weir_*.deb)"
