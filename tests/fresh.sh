# A fresh Debian or Ubuntu in a folder, for tests; to be sourced after common.sh. It is made by debootstrap from the
# mirror that this machine uses, and what that made stays in build/debootstrap for a week, since it takes
# longest.

# fresh_system FOLDER: makes it there, as $fresh; its name is $suite, it came from $mirror. Skips the test where it
# cannot be had.
fresh_system() {
	local cache=${BUILD:-$root/build}/debootstrap
	[ "$(id -u)" -eq 0 ] || skip 'needs root for debootstrap'
	need debootstrap
	unshare -m true 2>/dev/null || skip 'mount namespaces cannot be made here'
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[ -e "/usr/share/debootstrap/scripts/$suite" ] || skip "debootstrap does not know this system, \"$suite\""
	mirror=$(sed -nE 's/^URIs: *([^ ]+).*|^deb (\[[^]]*\] )?([^ ]+) .*/\1\3/p' /etc/apt/sources.list \
		/etc/apt/sources.list.d/*.{list,sources} 2>/dev/null | grep -E '/(debian|ubuntu)/?$' | head -n 1)
	[ -n "$mirror" ] || skip "no mirror of this system is in /etc/apt"

	fresh=$1
	mkdir -p "$cache" "$fresh"
	find "$cache" -name '*.tar' -mtime +7 -delete
	if [ ! -e "$cache/$suite.tar" ]; then
		debootstrap --variant=minbase "$suite" "$fresh" "$mirror" >"$TMP/log" 2>&1 ||
			skip "debootstrap could not make a $suite from $mirror: $(tail -n 1 "$TMP/log")"
		tar --create --one-file-system --file "$cache/$suite.$$" -C "$fresh" . && mv "$cache/$suite.$$" "$cache/$suite.tar"
		rm -rf "$fresh" && mkdir "$fresh"
	fi
	tar --extract --file "$cache/$suite.tar" -C "$fresh" || { bad 'the fresh system cannot be unpacked'; finish; }
	cp /etc/resolv.conf "$fresh/etc/" 2>/dev/null
	# What a package starts there is not started: policy-rc.d says so.
	printf '#!/bin/sh\nexit 101\n' >"$fresh/usr/sbin/policy-rc.d"
	chmod +x "$fresh/usr/sbin/policy-rc.d"
	echo force-unsafe-io >"$fresh/etc/dpkg/dpkg.cfg.d/unsafe-io"
}

# inside COMMAND...: in the fresh system, with /proc as it would have; it is the root of a namespace, so that ip(8) makes others
inside() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
		unshare -m sh -c 'mount --bind "$0" "$0" && cd "$0" && mount -t proc proc proc && mount -t sysfs sysfs sys &&
			mount --rbind /dev dev && pivot_root . . && umount -l . && exec chroot . "$@"' "$fresh" "$@"
}
