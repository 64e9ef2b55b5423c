#!/bin/bash
# The packages agree with the tree: all have its version and need what packaging/deps.sh names. The RPM
# is built and its files are compared with those that `make install` has; OpenWrt's init script is
# run with stand-ins for OpenWrt's functions, and weir takes what it hands on.
. "$(dirname "$0")/common.sh"
cd "$root" || exit 1
left_out=()

# ---- Versions, and what building needs ----

version=$(sed -n 's/^VERSION *= *//p' Makefile)
grep -q "^weir ($version-[0-9]*) " packaging/debian/changelog || bad "packaging/debian/changelog is not of $version"
grep -qx "Version: *$version" packaging/rpm/weir.spec || bad "packaging/rpm/weir.spec is not of $version"
grep -qx "PKG_VERSION:=$version" packaging/openwrt/Makefile || bad "packaging/openwrt/Makefile is not of $version"

while read -r kind what deb; do
	case $deb in gcc | libc6-dev) continue ;; esac
	grep -qE "(^|[ ,])$deb(,|\$)" packaging/debian/control || bad "packaging/debian/control does not build-depend on $deb"
	[ "$kind" != pc ] || grep -qx "BuildRequires:  pkgconfig($what)" packaging/rpm/weir.spec ||
		bad "packaging/rpm/weir.spec does not require pkgconfig($what)"
done < <(awk '$1 == "build" { print $2, $3, $4 }' packaging/deps.sh)

# ---- Scripts ----

if command -v shellcheck >/dev/null; then
	# SC1091: sourced files are the router's; SC3043: its shell has local; SC2155, SC2086: see deps.sh
	run 'shellcheck of the OpenWrt script' shellcheck -s dash -e SC1091,SC3043 packaging/openwrt/files/weir.init
	run "shellcheck of the packages' scripts" shellcheck packaging/deb.sh packaging/run.sh \
		packaging/debian/tests/configured
	run 'shellcheck of the test of records' shellcheck -e SC2059 packaging/debian/tests/records
else
	left_out+=('shellcheck is not installed')
fi

# ---- OpenWrt: UCI to options ----

# Stand-ins for /lib/functions.sh, network.sh and procd, reading a file of UCI as far as it is used here.
cat >"$TMP/openwrt.sh" <<'END'
reset_cb() {
	config_cb() { :; }
	option_cb() { :; }
}
reset_cb
config_load() { # sections become lines "SECTION TYPE KEY VALUE"; the callbacks hear of them, too
	uci=$(awk -v q="'" '
	$1 == "config" { n++; name = NF > 2 ? $3 : "anonymous" n; gsub(q, "", name); type = $2; print name, type, "-", "-" }
	$1 == "option" || $1 == "list" { value = $0; sub(/^[^\047]*\047/, "", value); sub(/\047[^\047]*$/, "", value)
		print name, type, ($1 == "list" ? "@" : "") $2, value }' "$UCI_FILE")
	while read -r name type key value; do
		case $key in
		-) config_cb "$type" "$name" ;;
		@*) ;;
		*) option_cb "$key" "$value" ;;
		esac
	done <<LINES
$uci
LINES
	config_cb
}
config_get() {
	eval "$1=\$(printf '%s\n' \"\$uci\" | awk -v s=\"$2\" -v k=\"$3\" '\$1 == s && \$3 == k { sub(/^[^ ]+ [^ ]+ [^ ]+ /, \"\"); print; exit }')"
}
config_get_bool() { config_get "$1" "$2" "$3"; eval "$1=\${$1:-$4}"; }
config_list_foreach() {
	values=$(printf '%s\n' "$uci" | awk -v s="$1" -v k="@$2" '$1 == s && $3 == k { sub(/^[^ ]+ [^ ]+ [^ ]+ /, ""); print }')
	while IFS= read -r value; do [ -z "$value" ] || "$3" "$value"; done <<VALUES
$values
VALUES
}
network_get_device() { eval "$1=dev-$2"; }
procd_open_instance() { :; }
procd_close_instance() { :; }
procd_set_param() { [ "$1" != command ] || shift 2; }
procd_append_param() { [ "$1" = command ] || return 0; shift; printf '%s\n' "$@"; }
END
sed 's,^\. /lib/functions/network.sh$,. "$OPENWRT",' packaging/openwrt/files/weir.init >"$TMP/weir.init"
bridge() { # FILE: the words that weir would be given, a line each
	OPENWRT=$TMP/openwrt.sh UCI_FILE=$1 sh -u -c '. "$0" && start_service' "$TMP/weir.init"
}

[ -z "$(bridge packaging/openwrt/files/weir.config)" ] || bad 'OpenWrt: weir would start though it is not enabled'

# Keys of every sort, with values that are not the defaults.
cat >"$TMP/all" <<'END'
config weir 'main'
	option enabled '1'
	list set 'cache.entries=20000'
	list set 'cache.timeouts.active=2m'
config input
	option network 'wan'
	option filter 'not (udp and host 192.0.2.10)'
	option snaplen '1024'
	option buffer '8M'
	option workers '2'
	option promiscuous 'false'
config input 'second'
	option interface 'br-lan'
config exporter
	option collector '192.0.2.10:2055'
	option protocol 'netflow9'
	option source '192.0.2.1'
	option observation_domain '7'
	option max_datagram '1200'
	option template_refresh '30s'
	option template_datagrams '10'
	option times 'relative'
END
mapfile -t words < <(bridge "$TMP/all")
run "OpenWrt: weir takes ${words[*]}" "$WEIR" -C "${words[@]}"
for word in 'inputs[0].interface=dev-wan' 'inputs[0].filter=not (udp and host 192.0.2.10)' \
	'inputs[1].interface=br-lan' 'exporters[0].collector=192.0.2.10:2055' cache.timeouts.active=2m; do
	printf '%s\n' "${words[@]}" | grep -qxF -- "$word" || bad "OpenWrt: no $word in: ${words[*]}"
done

# The file that is installed, with its collector named.
sed "s/^#\toption/\toption/; s/enabled '0'/enabled '1'/" packaging/openwrt/files/weir.config >"$TMP/sample"
mapfile -t words < <(bridge "$TMP/sample")
run "OpenWrt: weir takes ${words[*]}" "$WEIR" -C "${words[@]}"

# ---- RPM ----

if command -v rpmbuild >/dev/null && [ -e .git ]; then
	run 'the spec is read' rpmspec -P packaging/rpm/weir.spec
	mkdir -p "$TMP/source" "$TMP/top"
	git ls-files -z --cached --others --exclude-standard | tar --create --null --ignore-failed-read \
		--transform "s,^,weir-$version/," --files-from=- 2>/dev/null | gzip -1 >"$TMP/source/weir-$version.tar.gz"
	# --nodeps: what it requires is installed by another package manager here.
	env -u CFLAGS -u MAKEFLAGS rpmbuild -bb --nodeps --define "_sourcedir $TMP/source" \
		--define "_topdir $TMP/top" --define 'debug_package %{nil}' packaging/rpm/weir.spec >"$TMP/log" 2>&1 ||
		bad "rpmbuild: $(tail -n 20 "$TMP/log")"
	rpm -qlp "$TMP"/top/RPMS/*/weir-"$version"-*.rpm 2>/dev/null | sed 's/\.gz$//' |
		grep -v -e /doc -e /licenses -e '/\.build-id' -e '/etc/weir$' | sort >"$TMP/rpm"
	make -s install DESTDIR="$TMP/tree" prefix=/usr >"$TMP/log" 2>&1 || bad "make install: $(cat "$TMP/log")"
	(cd "$TMP/tree" && find . -type f -printf '/%P\n' | sort) >"$TMP/installed"
	diff "$TMP/installed" "$TMP/rpm" >"$TMP/diff" || bad "make install and the RPM differ: $(cat "$TMP/diff")"
else
	left_out+=('rpmbuild is not installed, or this is no clone: the RPM was not built')
fi

for reason in ${left_out[@]+"${left_out[@]}"}; do echo "left out: $reason"; done
finish 'the packages agree with the tree'
