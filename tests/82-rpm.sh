#!/bin/bash
# run.sh: computes
# The RPM package: rpmlint is content, its files are those of `make install`, and rpm and dnf install, verify, upgrade and
# remove it. That is in a folder with a Debian, since no Fedora can be had here: systemd's macros write down what they
# are called with, and what other packages would provide a stand-in provides.
. "$(dirname "$0")/common.sh"
. "$here/fresh.sh"
need rpmbuild rpmspec
[ -e "$root/.git" ] || skip 'this is no clone'
cd "$root" || exit 1
left_out=()
version=$(sed -n 's/^VERSION *= *//p' Makefile)

# ---- Two packages of one build: the second is later ----

run 'the spec is read' rpmspec -P packaging/rpm/weir.spec
mkdir -p "$TMP/source" "$TMP/top"
git ls-files -z --cached --others --exclude-standard | tar --create --null --ignore-failed-read \
	--transform "s,^,weir-$version/," --files-from=- 2>/dev/null | gzip -1 >"$TMP/source/weir-$version.tar.gz"
# build DIST OPTION...: --nodeps, as what it requires is installed by another package manager here
build() {
	local dist=$1 hook hooks=()
	shift
	for hook in post preun postun_with_restart; do
		hooks+=(--define "systemd_$hook() echo $hook %{*} >>/root/scriptlets")
	done
	# Not the machine's name, which not every machine can look up.
	env -u CFLAGS -u MAKEFLAGS rpmbuild -bb --nodeps "$@" --define "dist $dist" --define '_buildhost localhost' "${hooks[@]}" \
		--define "_sourcedir $TMP/source" --define "_topdir $TMP/top" --define 'debug_package %{nil}' \
		packaging/rpm/weir.spec >"$TMP/log" 2>&1 || { bad "rpmbuild: $(tail -n 20 "$TMP/log")"; finish; }
	! grep '^warning' "$TMP/log" || bad 'rpmbuild warns'
}
build .first --noclean --define '_smp_mflags -j2 LTO='
echo '# of a later version' >>"$TMP/top/BUILD/weir-$version/conf/weir.conf"
build .later --noprep --define '_smp_mflags -j2 LTO='
first=$(echo "$TMP"/top/RPMS/*/weir-"$version"-1.first.*.rpm)
later=$(echo "$TMP"/top/RPMS/*/weir-"$version"-1.later.*.rpm)
[ -e "$first" ] && [ -e "$later" ] || { bad "these were built: $(ls "$TMP"/top/RPMS/*)"; finish; }

rpm -qlp "$first" 2>/dev/null | sed 's/\.gz$//' |
	grep -v -e /doc -e /licenses -e '/\.build-id' -e '/etc/weir$' | sort >"$TMP/rpm"
make -s install DESTDIR="$TMP/tree" prefix=/usr >"$TMP/log" 2>&1 || bad "make install: $(cat "$TMP/log")"
(cd "$TMP/tree" && find . -type f -printf '/%P\n' | sort) >"$TMP/installed"
diff "$TMP/installed" "$TMP/rpm" >"$TMP/diff" || bad "make install and the RPM differ: $(cat "$TMP/diff")"
[ "$(rpm -qcp "$first" 2>/dev/null)" = /etc/weir/weir.conf ] || bad "its configuration is $(rpm -qcp "$first")"
if command -v rpmlint >/dev/null; then
	run 'rpmlint' rpmlint -r packaging/rpm/weir.rpmlintrc "$first" packaging/rpm/weir.spec
else
	left_out+=('rpmlint is not installed')
fi

# ---- A folder to install it in ----

fresh_system "$TMP/fresh"
cp packaging/debian/tests/records "$fresh/root/"
# The libraries of this machine, which is of the same suite.
for library in $(ldd "$root/weir" "$root/weirctl" | sed -nE 's/.*=> (\/[^ ]+) .*/\1/p' | sort -u); do
	[ -e "$fresh$library" ] || cp -L --parents "$library" "$fresh/"
done

# looks WHAT VERSION: the package is there, whole, and its programs run
looks() {
	[ "$(rpm --root "$fresh" -q --qf '%{release}' weir)" = "1.$2" ] || bad "$1: $(rpm --root "$fresh" -q weir)"
	run "$1: its files are whole" rpm --root "$fresh" -V --nodeps --noconfig weir
	run "$1: it meters" inside /root/records
	run "$1: there is a user" inside id weir
}
# heard LINE...: what the scriptlets asked of systemd since the last time
heard() {
	printf '%s\n' "$@" >"$TMP/expected"
	diff "$TMP/expected" "$fresh/root/scriptlets" >"$TMP/diff" || bad "systemd is asked: $(cat "$TMP/diff")"
	rm -f "$fresh/root/scriptlets"
}
ours='collector = "192.0.2.7:2055";'
configure() { sed -i "s/#collector = .*/$ours/" "$fresh/etc/weir/weir.conf"; }
kept() { # WHEN SUFFIX [SUFFIX OF THE NEW ONE]
	grep -qF "$ours" "$fresh/etc/weir/weir.conf$2" || bad "$1: the configuration is lost"
	[ $# = 2 ] || grep -q 'of a later version' "$fresh/etc/weir/weir.conf$3" || bad "$1: the new configuration is not beside it"
}
gone() { # all but what the operator wrote
	[ -z "$(rpm --root "$fresh" -qa | grep '^weir-')" ] || bad "$1: it is still there"
	sed "s,^,$fresh," "$TMP/installed" | xargs ls 2>/dev/null >"$TMP/left"
	[ ! -s "$TMP/left" ] || bad "$1: left: $(cat "$TMP/left")"
	kept "$1" .rpmsave
	rm -rf "$fresh/etc/weir"
}

# ---- rpm ----

run 'rpm installs it' rpm --root "$fresh" -i --nodeps "$first"
looks 'installed by rpm' first
heard 'post weir.service'
configure
rpm --root "$fresh" -V --nodeps weir >"$TMP/changed"
grep -q 'c /etc/weir/weir.conf$' "$TMP/changed" || bad "rpm does not see what changed: $(cat "$TMP/changed")"
run 'rpm upgrades it' rpm --root "$fresh" -U --nodeps "$later"
looks 'upgraded by rpm' later
heard 'post weir.service' 'preun weir.service' 'postun_with_restart weir.service'
kept 'upgraded by rpm' '' .rpmnew
run 'rpm removes it' rpm --root "$fresh" -e --nodeps weir
heard 'preun weir.service' 'postun_with_restart weir.service'
gone 'removed by rpm'

# ---- dnf, with a repository in a folder ----

if command -v dnf >/dev/null && command -v createrepo_c >/dev/null; then
	mkdir "$TMP/repository"
	{
		printf '%s\n' 'Name: stand-in' 'Version: 1' 'Release: 1' 'Summary: x' 'License: x' 'BuildArch: noarch'
		rpm -qpR "$first" 2>/dev/null | grep -v -e '^rpmlib' -e '^config(' | sort -u | sed 's/^/Provides: /'
		printf '%s\n' %description x %files
	} >"$TMP/stand-in.spec"
	rpmbuild -bb --define "_topdir $TMP/top" "$TMP/stand-in.spec" >"$TMP/log" 2>&1 || bad "the stand-in: $(cat "$TMP/log")"
	cp "$first" "$TMP"/top/RPMS/noarch/stand-in-*.rpm "$TMP/repository"
	repository() { run 'a repository' createrepo_c -q "$TMP/repository"; }
	package_manager() {
		dnf -q -y --installroot="$fresh" --releasever=1 --setopt=reposdir=/nonexistent --setopt=gpgcheck=0 \
			--refresh --setopt=cachedir=/var/cache/test --setopt=install_weak_deps=False \
			--setopt=persistdir=/var/lib/test --repofrompath="test,file://$TMP/repository" --repo=test "$@"
	}
	repository
	run 'dnf installs it' package_manager install weir
	looks 'installed by dnf' first
	heard 'post weir.service'
	configure
	cp "$later" "$TMP/repository" && repository
	run 'dnf upgrades it' package_manager upgrade weir
	looks 'upgraded by dnf' later
	heard 'post weir.service' 'preun weir.service' 'postun_with_restart weir.service'
	kept 'upgraded by dnf' '' .rpmnew
	run 'dnf removes it' package_manager remove weir
	heard 'preun weir.service' 'postun_with_restart weir.service'
	gone 'removed by dnf'
else
	left_out+=('dnf and createrepo_c are not installed')
fi

for reason in ${left_out[@]+"${left_out[@]}"}; do echo "left out: $reason"; done
finish "$(basename "$first") in a folder with a $suite"
