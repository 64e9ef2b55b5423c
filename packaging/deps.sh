#!/bin/sh
# deps.sh run|check: install what is missing for `make run` or `make check`, saying what.
#
# A row below is one need: the set it belongs to, a way to see whether it is there, and the package
# that brings it on Debian and Ubuntu (apt-get) and on Fedora (dnf). Only rows that fail are
# installed; when none fails, no package manager is called. The sets:
#   build  what `make` needs: an error when it cannot be had
#   unit   what building the tests needs besides: the same
#   test   tools of single tests, which are skipped by name without them: a warning
set -u

needs() {
	cat <<-'ROWS'
	build  cmd   cc                  gcc             gcc
	build  hdr   stdio.h             libc6-dev       glibc-devel
	build  cmd   pkg-config          pkgconf         pkgconf-pkg-config
	build  pc    libpcap             libpcap-dev     libpcap-devel
	build  pc    libevent_core       libevent-dev    libevent-devel
	build  pc    libevent_pthreads   libevent-dev    libevent-devel
	build  pc    libconfig           libconfig-dev   libconfig-devel
	build  pc    libxxhash           libxxhash-dev   xxhash-devel
	build  pc    libmnl              libmnl-dev      libmnl-devel
	build  pc    libmaxminddb        libmaxminddb-dev libmaxminddb-devel
	build  pc    libnetfilter_conntrack libnetfilter-conntrack-dev libnetfilter_conntrack-devel
	build  pc    jansson             libjansson-dev  jansson-devel
	build  pc    libseccomp          libseccomp-dev  libseccomp-devel
	build  pc    libssl              libssl-dev      openssl-devel
	unit   pc    check               check           check-devel
	test   san   cc:address          gcc             libasan
	test   san   cc:undefined        gcc             libubsan
	test   san   cc:thread           gcc             libtsan
	test   cmd   clang               clang           clang
	test   san   clang:fuzzer,address libclang-rt-dev compiler-rt
	test   cmd   python3             python3         python3
	test   cmd   ctags               universal-ctags ctags
	test   cmd   tshark              tshark          wireshark-cli
	test   cmd   mandoc              mandoc          mandoc
	test   cmd   tcpdump             tcpdump         tcpdump
	test   cmd   tcpreplay           tcpreplay       tcpreplay
	test   cmd   nfcapd              nfdump          nfdump
	test   cmd   nfacctd             pmacct          pmacct
	test   cmd   ip                  iproute2        iproute
	test   cmd   promtool            prometheus      golang-github-prometheus
	test   cmd   ethtool             ethtool         ethtool
	test   cmd   openssl             openssl         openssl
	test   cmd   nft                 nftables        nftables
	test   cmd   tmux                tmux            tmux
	test   cmd   conntrack           conntrack       conntrack-tools
	test   cmd   setarch             util-linux      util-linux
	test   cmd   pgrep               procps          procps-ng
	test   cmd   valgrind            valgrind        valgrind
	test   cmd   zsh                 zsh             zsh
	test   cmd   gcov                gcc             gcc
	test   cmd   lcov                lcov            lcov
	test   cmd   dpkg-buildpackage   dpkg-dev        dpkg-dev
	test   cmd   dh                  debhelper       debhelper
	test   cmd   g++                 build-essential gcc-c++
	test   cmd   lintian             lintian         lintian
	test   cmd   debootstrap         debootstrap     debootstrap
	test   cmd   shellcheck          shellcheck      ShellCheck
	test   cmd   rpmspec             rpm             rpm-build
	test   cmd   rpmlint             rpmlint         rpmlint
	test   cmd   busybox             busybox         busybox
	test   cmd   jq                  jq              jq
	test   cmd   dnf                 dnf             dnf
	test   cmd   createrepo_c        createrepo-c    createrepo_c
	ROWS
}

# have KIND WHAT: is it there? (cc may be another compiler: CC says which.)
have() {
	case $1 in
	cmd) command -v "$(compiler "$2")" >/dev/null || [ -x "/usr/sbin/$2" ] || [ -x "/sbin/$2" ] ;;
	pc) pkg-config --exists "$2" 2>/dev/null ;;
	hdr) echo "#include <$2>" | ${CC:-cc} -E -o /dev/null - 2>/dev/null ;;
	san) sanitizer "$(compiler "${2%%:*}")" "${2#*:}" ;;
	esac
}

compiler() {
	if [ "$1" = cc ]; then set -- ${CC:-cc}; fi
	echo "$1"
}

# Only linking shows whether a compiler's sanitizer library is installed.
sanitizer() {
	case $2 in
	fuzzer*) body='int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' ;;
	*) body='int main(void) { return 0; }' ;;
	esac
	echo "$body" | "$1" "-fsanitize=$2" -x c -o "$scratch/a.out" - 2>/dev/null
}

# missing SET FAMILY: the packages of the needs of SET that are not there.
missing() {
	needs | while read -r set kind what deb rpm; do
		[ "$set" = "$1" ] || continue
		have "$kind" "$what" || if [ "$2" = deb ]; then echo "$deb"; else echo "$rpm"; fi
	done | sort -u | tr '\n' ' '
}

say() {
	echo "deps: $*" >&2
}

# known FAMILY PACKAGES...: those that the package manager has, the others are named.
known() {
	query="dnf -q repoquery"
	[ "$1" = dnf ] || query="apt-cache show"
	shift
	for package; do
		if [ -n "$($query "$package" 2>/dev/null | head -n 1)" ]; then
			echo "$package"
		else
			say "no package $package on this system"
		fi
	done
}

# Collectors are wanted as programs for the tests, not as services of this machine.
quiet_services() {
	[ -d /run/systemd/system ] || return 0
	for package; do
		case $package in
		nfdump) services="nfdump" ;;
		prometheus) services="prometheus" ;;
		pmacct) services="nfacctd pmacctd sfacctd uacctd" ;;
		*) continue ;;
		esac
		say "switching off the services that came with $package: $services"
		for service in $services; do
			$root systemctl disable --now "$service" >/dev/null 2>&1
		done
	done
	return 0
}

# install PACKAGES...: false when that was not possible.
install() {
	if [ -z "$manager" ]; then
		say "missing: $*"
		say "this system has neither apt-get nor dnf: please install these by hand"
		return 1
	fi
	if [ "$root" = none ]; then
		say "missing: $*"
		say "neither root nor sudo: run as root '$manager install $*'"
		return 1
	fi
	if [ "$manager" = apt-get ] && [ -z "$updated" ]; then
		say "fetching the package lists (apt-get update)"
		$root apt-get -qq update >&2 || say "apt-get update complained; using the lists there are"
		updated=1
	fi
	set -- $(known "$manager" "$@")
	[ $# -gt 0 ] || return 1
	say "installing: $*"
	if [ "$manager" = dnf ]; then
		$root dnf -q -y --setopt=install_weak_deps=False install "$@" >"$scratch/log" 2>&1
	else
		$root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
			install "$@" >"$scratch/log" 2>&1
	fi || { cat "$scratch/log" >&2; return 1; }
	quiet_services "$@"
}

# provide SET: install what SET misses; false when something is still missing afterwards.
provide() {
	packages=$(missing "$1" "$family")
	[ -n "$packages" ] || return 0
	install $packages
	packages=$(missing "$1" "$family")
	[ -z "$packages" ]
}

case ${1:-} in
run) sets="build" ;;
check) sets="build unit" ;;
*) echo "usage: deps.sh run|check" >&2; exit 1 ;;
esac

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
updated=
manager=
family=deb
if command -v apt-get >/dev/null; then
	manager=apt-get
elif command -v dnf >/dev/null; then
	manager=dnf family=rpm
fi
root=none
if [ "$(id -u)" = 0 ]; then
	root=
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
	root=sudo
fi

for set in $sets; do
	if ! provide "$set"; then
		say "cannot go on without: $packages"
		exit 1
	fi
done
if [ "$1" = check ] && ! provide test; then
	say "tests that need these will be skipped: $packages"
fi
exit 0
