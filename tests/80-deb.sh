#!/bin/bash
# run.sh: computes
# The Debian package: it builds without a word of lintian, and in a fresh Debian it installs, meters, is
# upgraded and goes without a trace.
. "$(dirname "$0")/common.sh"
. "$here/fresh.sh"
need dpkg-buildpackage dh lintian python3
fresh_system "$TMP/fresh"
cd "$root" || exit 1

# ---- The package ----

run 'make deb' packaging/deb.sh "$TMP/deb" || finish
[ -z "$(grep -E '^[EWIPN]: ' <<<"$said")" ] || bad "lintian: $said"
version=$(sed -n 's/^VERSION *= *//p' Makefile)
package=$(echo "$TMP/deb/weir_$version-"*.deb)
[ -e "$package" ] || { bad "the package has not the version $version of the Makefile: $(ls "$TMP/deb")"; finish; }

# The same files as a later version: an upgrade without a second build.
dpkg-deb -R "$package" "$TMP/later"
sed -i "s/^Version: .*/Version: $version-99/" "$TMP/later/DEBIAN/control"
echo '# of a later version' >>"$TMP/later/etc/weir/weir.conf"
dpkg-deb --root-owner-group -b "$TMP/later" "$TMP/later.deb" >"$TMP/log" || bad "$(cat "$TMP/log")"

# ---- A fresh Debian ----

cp "$package" "$TMP/later.deb" packaging/debian/tests/records packaging/debian/tests/configured "$fresh/root/"
files() { # what weir may have left, and where; the records of dpkg and apt are theirs
	(cd "$fresh" && find etc usr var/lib var/spool run/weir lib/ -xdev -not -path 'var/lib/dpkg/*' \
		-not -path 'var/lib/apt/*' -not -name '*.pyc' -not -path 'etc/*-' -not -path 'etc/ld.so.cache' 2>/dev/null) | sort
}

run 'the fresh Debian updates its lists' inside apt-get -q update || finish
# Its libraries first, so that the list of files differs by the package alone. Of systemd it is enough
# here what makes users.
run 'the libraries install' inside sh -c "apt-get -q -y --no-install-recommends install \
	\$(dpkg -I /root/$(basename "$package") | sed -n 's/^ Depends: //p' | sed 's/([^)]*)//g; s/systemd *| *systemd-stand/systemd-stand/; s/|[^,]*//g; s/,/ /g')" || finish
files >"$TMP/before"

run 'it installs' inside apt-get -q -y install "/root/$(basename "$package")" || finish
run 'it meters' inside /root/records
run 'it is not configured, and then runs' inside /root/configured
run 'its manuals are there' inside sh -c 'for page in man8/weir.8 man8/weirctl.8 man5/weir.conf.5 man7/weir-migration.7 man1/weirdump.1; do
	grep -q . "/usr/share/man/$page.gz" || exit 1; done' ||
	dpkg -c "$package"
[ "$(inside dpkg-query -W -f '${Conffiles}' weir | awk '{ print $1 }')" = /etc/weir/weir.conf ] ||
	bad 'weir.conf is no conffile'

# The service has its user, is enabled, and does not start before a collector is named (systemd does not
# run here, so its condition is asked).
run 'there is a user' inside id weir
[ -L "$fresh/etc/systemd/system/multi-user.target.wants/weir.service" ] || bad 'weir.service is not enabled'
[ -e "$fresh/lib/systemd/system/weir@.service" ] || bad 'there is no weir@.service'
condition=$(sed -n 's/^ExecCondition=//p' "$fresh/lib/systemd/system/weir.service")
[ -n "$condition" ] || bad 'weir.service starts without a condition'
! inside $condition 2>"$TMP/said" || bad 'weir.service starts without a collector'
grep -q 'needs a collector' "$TMP/said" || bad "the condition says: $(cat "$TMP/said")"

# ---- Upgrade: what the operator wrote stays ----

sed -i 's/#collector = .*/collector = "192.0.2.7:2055";/' "$fresh/etc/weir/weir.conf"
run 'weir.service starts with a collector' inside $condition
run 'it is upgraded' inside dpkg --force-confold -i /root/later.deb
grep -q 'of a later version' "$fresh/etc/weir/weir.conf.dpkg-dist" || bad 'the new configuration is not beside it'
grep -q '"192.0.2.7:2055"' "$fresh/etc/weir/weir.conf" || bad 'the upgrade lost the configuration'
[ "$(inside dpkg-query -W -f '${Version} ${Status}' weir)" = "$version-99 install ok installed" ] ||
	bad "after the upgrade: $(inside dpkg-query -W -f '${Version} ${Status}' weir)"
run 'it meters after the upgrade' inside /root/records

# ---- Removal, purge ----

run 'it is removed' inside dpkg -r weir
[ -e "$fresh/etc/weir/weir.conf" ] || bad 'the removal took the configuration, too'
[ ! -e "$fresh/usr/sbin/weir" ] || bad 'the removal left the program'
run 'it is purged' inside dpkg -P weir
files >"$TMP/after"
diff "$TMP/before" "$TMP/after" >"$TMP/diff" || bad "the purge leaves or takes: $(cat "$TMP/diff")"

finish "$(basename "$package") in a fresh $suite"
