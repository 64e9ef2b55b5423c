#!/bin/bash
# The packages agree with the tree: all have its version and need what packaging/deps.sh names. OpenWrt's
# init script is run with stand-ins for OpenWrt's functions, and weir takes what it hands on.
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
procd_add_reload_trigger() { echo "reload $*"; }
procd_add_interface_trigger() { echo "interface $*"; }
config_foreach() {
	for section in $(printf '%s\n' "$uci" | awk -v t="$2" '$2 == t && $3 == "-" { print $1 }'); do "$1" "$section"; done
}
procd_append_param() { [ "$1" = command ] || return 0; shift; printf '%s\n' "$@"; }
END
sed 's,^\. /lib/functions/network.sh$,. "$OPENWRT",' packaging/openwrt/files/weir.init >"$TMP/weir.init"
# OpenWrt's shell is BusyBox's.
shell='sh -u'
if command -v busybox >/dev/null; then
	shell='busybox ash -u'
else
	left_out+=("busybox is not installed: OpenWrt's script runs with this system's sh")
fi
bridge() { # FILE [FUNCTION]: the words that weir would be given, a line each
	OPENWRT=$TMP/openwrt.sh UCI_FILE=$1 $shell -c ". '$TMP/weir.init' && ${2:-start_service}"
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

# It is started again with the network that it watches.
[ "$(bridge "$TMP/all" service_triggers)" = "reload weir
interface interface.* wan /etc/init.d/weir restart" ] || bad "OpenWrt: triggers: $(bridge "$TMP/all" service_triggers)"

# Every key, one at a time, with a value that is allowed: what is in a group of an input or exporter, or in one of
# weir's own, is an item of the list `set`. What a key needs beside it stands after its value.
example() {
	case $1 in
	inputs*.interface) echo br-lan ;;
	inputs*.file | inputs*.cpu | exporters*.file.*) echo - ;; # below
	inputs*.filter) echo udp and not port 53 ;;
	exporters*.filter) echo dst port 53 ;;
	exporters*.collector) echo 192.0.2.10 ;;
	exporters*.group) echo 'pair;groups[0].name=pair' ;;
	groups*.name) echo pair ;;
	groups*.mode) echo 'hash;groups[0].name=pair' ;;
	records*.name) echo 'mine;records[0].match=sourceIPv4Address' ;;
	records*.match) echo 'sourceIPv4Address;records[0].name=mine' ;;
	records*.collect) echo 'octetDeltaCount;records[0].name=mine;records[0].match=sourceIPv4Address' ;;
	exporters*.source) echo 192.0.2.1 ;;
	exporters*.interface) echo br-lan ;;
	exporters*.spool.*) echo "${2:-/tmp};exporters[0].transport=tcp;exporters[0].spool.directory=/tmp" ;;
	exporters*.tls.*) echo "/etc/weir/x;exporters[0].transport=tls;exporters[0].tls.ca=/a;exporters[0].tls.certificate=/b;exporters[0].tls.key=/c" ;;
	control.socket) echo /var/run/weir.sock ;;
	metrics.listen) echo 127.0.0.1:9416 ;;
	routes.asn_database) echo /etc/weir/asn ;;
	*) echo "$2" ;;
	esac
}
keys=0
while IFS='|' read -r key default; do
	value=$(example "$key" "$default")
	[ "$value" != - ] || continue
	[ -n "$value" ] || bad "OpenWrt: no example for $key"
	IFS=';' read -ra words <<<"$value"
	settings=("${words[@]:1}") input='' exporter=''
	case $key in
	inputs\[\].*) input="option ${key#*.} '${words[0]}'" ;;
	exporters\[\].*.*) settings+=("${key/\[\]/[0]}=${words[0]}") ;;
	exporters\[\].*) exporter="option ${key#*.} '${words[0]}'" ;;
	*) settings+=("${key/\[\]/[0]}=${words[0]}") ;;
	esac
	{
		printf '%s\n' "config weir 'main'" "option enabled '1'"
		[ ${#settings[@]} = 0 ] || printf "list set '%s'\n" "${settings[@]}"
		printf '%s\n' 'config input' "${input:-option promiscuous 'true'}"
		[ "$key" = 'inputs[].interface' ] || echo "option interface 'eth0'"
		printf '%s\n' 'config exporter' "$exporter"
		[ "$key" = 'exporters[].collector' ] || echo "option collector '192.0.2.10:2055'"
	} >"$TMP/one"
	mapfile -t words < <(bridge "$TMP/one")
	printf '%s\n' "${words[@]}" | grep -qF -- "${key/\[\]/[0]}=" || bad "OpenWrt: $key is not handed on: ${words[*]}"
	run "OpenWrt: weir takes $key: ${words[*]}" "$WEIR" -C "${words[@]}"
	keys=$((keys + 1))
done < <("$WEIR" --help-config | sed -nE 's/^  ([a-z0-9_.]+(\[\])?[a-z0-9_.]*) = "?([^"]*)"?$/\1|\3/p')
[ $keys -ge 60 ] || bad "OpenWrt: only $keys keys were tried"
run 'OpenWrt: weir takes lists' "$WEIR" -C --set 'inputs[0].interface=eth0' --set 'inputs[0].workers=2' --set 'inputs[0].cpu=0,1' \
	--set 'exporters[0].collector=192.0.2.10'

# The file that is installed, with its collector named.
sed "s/^#\toption/\toption/; s/enabled '0'/enabled '1'/" packaging/openwrt/files/weir.config >"$TMP/sample"
mapfile -t words < <(bridge "$TMP/sample")
run "OpenWrt: weir takes ${words[*]}" "$WEIR" -C "${words[@]}"

# ---- deps.sh on a system with dnf ----

# A PATH with a dnf that writes down what it is to install, and makes compiler and libraries be there then.
mkdir "$TMP/fedora"
for tool in sh sed sort tr head id mktemp rm cat grep env chmod; do ln -s "$(command -v $tool)" "$TMP/fedora/$tool"; done
cat >"$TMP/fedora/dnf" <<'END'
#!/bin/sh
case "$*" in
*repoquery*check-devel) ;;
*repoquery*) for name; do :; done; echo "$name" ;;
*install*)
	echo "$*" >>"$LOG"
	for tool in cc pkg-config; do
		printf '#!/bin/sh\ncase $* in *--exists*check) exit 1 ;; esac\n' >"${0%/*}/$tool"
		chmod +x "${0%/*}/$tool"
	done ;;
esac
END
chmod +x "$TMP/fedora/dnf"
on_fedora() { env -i LC_ALL=C PATH="$TMP/fedora" LOG="$TMP/dnf" sh packaging/deps.sh "$@"; }
if [ "$(id -u)" = 0 ]; then
	run 'deps.sh run with dnf' on_fedora run
	awk '$1 == "build" { print $5 }' packaging/deps.sh | LC_ALL=C sort -u | tr '\n' ' ' >"$TMP/expected"
	grep -qx -- "-q -y --setopt=install_weak_deps=False install $(sed 's/ $//' "$TMP/expected")" "$TMP/dnf" ||
		bad "dnf is to install: $(cat "$TMP/dnf")"
	[ "$(wc -l <"$TMP/dnf")" = 1 ] || bad "dnf is called again: $(cat "$TMP/dnf")"
	run 'deps.sh run with dnf, again' on_fedora run
	[ "$(wc -l <"$TMP/dnf")" = 1 ] || bad "dnf is called where nothing is missing: $(cat "$TMP/dnf")"
	on_fedora check >"$TMP/said" 2>&1 && bad 'deps.sh check goes on without what units need'
	grep -q 'no package check-devel on this system' "$TMP/said" && grep -q 'cannot go on without: check-devel' "$TMP/said" ||
		bad "deps.sh check says: $(cat "$TMP/said")"
	rm "$TMP"/fedora/{dnf,cc,pkg-config}
	on_fedora run >"$TMP/said" 2>&1 && bad 'deps.sh run goes on without a compiler'
	grep -q 'neither apt-get nor dnf' "$TMP/said" || bad "deps.sh run says: $(cat "$TMP/said")"
else
	left_out+=('deps.sh with dnf needs root')
fi

for reason in ${left_out[@]+"${left_out[@]}"}; do echo "left out: $reason"; done
finish 'the packages agree with the tree'
