#!/bin/bash
# The manuals' command lines and configurations work as they stand there, and weir-migration(7) has every
# option of the programs that it is about.
. "$(dirname "$0")/common.sh"
[ -x "$GEN" ] && [ -x "$WEIRDUMP" ] || skip "the generator or weirdump is not built"
GEN=$(realpath "$GEN") WEIRDUMP=$(realpath "$WEIRDUMP") WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
export WEIR WEIRDUMP WEIRCTL
cd "$root" || exit 1
left_out=()

# ---- weir-migration(7) against what the programs have ----

# entries SECTION: the heads of the list in a section, one word each
entries() {
	awk -v want="$1" '/^\.S[hs] / { name = $0; sub(/^\.S[hs] /, "", name); here = name == want }
	here && /^\.It / { print substr($0, 5) }' man/weir-migration.7
}
# has SECTION WORD...
has() {
	local section=$1 word
	shift
	entries "$section" >"$TMP/entries"
	[ -s "$TMP/entries" ] || bad "weir-migration.7: nothing under $section"
	for word; do
		grep -qE -- "(^| )$word( |\$)" "$TMP/entries" || bad "weir-migration.7: $section has no $word"
	done
}
letters() { printf 'Fl %s\n' "$@"; }
softflowd='6 A a B b C c D d h i L l m N n P p R r S s T t v x'
fprobe='a B b c d e f g h i K k l m n p q r S s t u v x'
mapfile -t words < <(letters $softflowd)
has 'FROM SOFTFLOWD 1.1' "${words[@]}" 'Fl t Cm general' 'Fl t Cm tcp' 'Fl t Cm tcp.fin' 'Fl t Cm tcp.rst' \
	'Fl t Cm udp' 'Fl t Cm icmp' 'Fl t Cm maxlife' 'Fl t Cm expint' 'Fl T Cm full' 'Fl T Cm port' 'Fl T Cm proto' \
	'Fl T Cm ip' 'Fl T Cm vlan' 'Fl T Cm ether'
has softflowctl shutdown exit expire-all delete-all statistics 'debug\+' debug- stop-gather start-gather \
	dump-flows timeouts send-template
mapfile -t words < <(letters $fprobe)
has 'FROM FPROBE 1.1' "${words[@]}"
has 'FROM NFPROBE, OF PMACCTD 1.7' nfprobe_{timeouts,hoplimit,maxflows,receiver,dtls,dtls_verify_cert,source_ip} \
	nfprobe_{version,engine,peer_as,ipprec,direction,ifindex,ifindex_override,dont_cache,tstamp_usec}
has 'FROM IPT_NETFLOW' protocol destination sampler natevents inactive_timeout active_timeout refresh-rate \
	timeout-rate debug sndbuf hashsize maxflows aggregation snmp-rules scan-min promisc engine_id

# Where the programs themselves are here, they say whether these lists are whole.
if command -v softflowd >/dev/null; then
	softflowd -h 2>&1 | sed -nE 's/^  -([A-Za-z0-9])[ ,].*/\1/p' | LC_ALL=C sort -u >"$TMP/theirs"
	diff "$TMP/theirs" <(printf '%s\n' $softflowd | LC_ALL=C sort) >"$TMP/diff" || bad "softflowd's options: $(cat "$TMP/diff")"
else
	left_out+=('softflowd is not installed')
fi
if command -v fprobe >/dev/null; then
	fprobe -h 2>&1 | sed -nE 's/^-([A-Za-z0-9])[ \t].*/\1/p' | LC_ALL=C sort -u >"$TMP/theirs"
	diff "$TMP/theirs" <(printf '%s\n' $fprobe | LC_ALL=C sort) >"$TMP/diff" || bad "fprobe's options: $(cat "$TMP/diff")"
else
	left_out+=('fprobe is not installed')
fi
keys=$(ls /usr/share/doc/pmacct/CONFIG-KEYS* 2>/dev/null | head -n 1)
if [ -n "$keys" ]; then
	has 'FROM NFPROBE, OF PMACCTD 1.7' $(zcat -f "$keys" | grep '^KEY:' | grep -oE '\<nfprobe_[a-z_]+' | sort -u)
else
	left_out+=('pmacct is not installed')
fi

# Keys of weir's that it names are there. A key may be named by its group alone.
"$WEIR" --help-config | sed -nE 's/^  ([a-z0-9_.]+(\[\])?[a-z0-9_.]*) = .*/\1/p' >"$TMP/keys"
grep -hoE '(^|[^-a-z0-9])(inputs\[\]|exporters\[\]|records\[\]|cache|sampling|control|metrics|privileges|routes)\.[a-z_.]+[a-z]' man/*.[1-8] README.md |
	sed 's/^[^a-z]//' | sort -u |
	while read -r key; do
		grep -qF -- "$key" "$TMP/keys" || echo "$key"
	done >"$TMP/unknown"
[ ! -s "$TMP/unknown" ] || bad "the documents name keys that are not there: $(tr '\n' ' ' <"$TMP/unknown")"

# ---- Options of the tools, commands of weirctl, ready-made records ----

# letters_of USAGE: the options of one letter that a usage text has; in_manual PAGE: those of a manual's lists
letters_of() { grep -oE -- '(^| |\[)-[A-Za-z]+' | tr -d ' []-' | fold -w 1 | LC_ALL=C sort -u; }
in_manual() { sed -nE 's/^\.It Fl ([A-Za-z])( .*)?$/\1/p' "$1" | LC_ALL=C sort -u; }
for tool in weirctl weirdump; do
	page=$(echo man/$tool.[18]) program=$WEIRCTL
	[ $tool = weirctl ] || program=$WEIRDUMP
	diff <("$program" -h | letters_of) <(in_manual "$page") >"$TMP/diff" || bad "$tool -h and $page: $(cat "$TMP/diff")"
done
section() { awk -v want="$2" '/^\.Sh / { here = substr($0, 5) == want } here' "$1"; }
section man/weirctl.8 COMMANDS | grep -v ' Ns = ' | sed -nE 's/^\.It Cm ([a-z]+)( .*)?$/\1/p' | LC_ALL=C sort -u >"$TMP/commands.manual"
awk '/^\.It Va cache.record No/ { inside = 1; next } /^\.El/ { inside = 0 } inside && /^\.It Li/ { print $3 }' man/weir.conf.5 |
	LC_ALL=C sort >"$TMP/records.manual"
"$WEIR" --help-config | grep -A1 '^  cache.record = ' | tail -n 1 | sed 's/, or your own//' | tr -d ' ' | tr ',' '\n' |
	LC_ALL=C sort >"$TMP/records.help"
[ "$(wc -l <"$TMP/records.help")" -ge 5 ] || bad 'the ready-made records were not found'
diff "$TMP/records.help" "$TMP/records.manual" >"$TMP/diff" || bad "ready-made records in weir.conf.5: $(cat "$TMP/diff")"
while read -r record; do
	run "the record $record" "$WEIR" -C -i lo --set "cache.record=$record"
done <"$TMP/records.help"
# Elements that a manual's configuration or text names are there.
"$WEIR" --list-elements | awk '{ print $1 }' | LC_ALL=C sort -u >"$TMP/elements"
sed -n 's/^\.Li \([a-z][A-Za-z0-9]*[A-Z][A-Za-z0-9]*\).*/\1/p' man/*.[1-8] | sed 's/^reverse[A-Z].*//' | sort -u | while read -r name; do
	[ -z "$name" ] || grep -qx "$name" "$TMP/elements" || echo "$name"
done >"$TMP/unknown"
[ ! -s "$TMP/unknown" ] || bad "the manuals name elements that are not there: $(tr '\n' ' ' <"$TMP/unknown")"

# ---- Configurations and commands ----

# drop_in PAGE FILE: systemd takes the lines beside weir.service and has nothing to say about them.
make -s install DESTDIR="$TMP/tree" >"$TMP/log" 2>&1 || bad "make install: $(cat "$TMP/log")"
drop_in() {
	local units=$TMP/tree/usr/local/lib/systemd/system
	if ! command -v systemd-analyze >/dev/null; then
		left_out+=("$1: the lines for weir.service need systemd-analyze")
		return
	fi
	rm -rf "$TMP/units" && mkdir -p "$TMP/units/weir.service.d"
	sed "s,/usr/local/sbin/,$TMP/tree&," "$units/weir.service" >"$TMP/units/weir.service"
	cp "$2" "$TMP/units/weir.service.d/more.conf"
	run "$1: weir.service with $(tr '\n' ';' <"$2")" env SYSTEMD_UNIT_PATH="$TMP/units:" \
		systemd-analyze verify --man=no --recursive-errors=no "$TMP/units/weir.service"
	[ -z "$said" ] || bad "$1: systemd says of $(tr '\n' ';' <"$2"): $said"
	# Of capabilities that it does not know it does not complain.
	run "$1: capabilities" systemd-analyze --no-pager capability $(grep -oE 'CAP_[A-Z_]+' "$2" | sort -u)
	count=$((count + 1))
}

mkdir "$TMP/desk" "$TMP/blocks"
"$GEN" office "$TMP/desk/capture.pcap" || bad 'no capture could be made'
sed 's/#collector = /collector = /' conf/weir.conf >"$TMP/desk/weir.conf"
count=0
for page in man/*.[1-8]; do
	name=$(basename "$page")
	# Literal blocks, each a file; a command goes on over lines that end in | and the like.
	awk -v to="$TMP/blocks/$name" '
	/^\.Bd -literal/ { inside = 1; n++; next }
	/^\.Ed/ { inside = 0 }
	inside { gsub(/\\e/, "\\"); print >(to "." n) }' "$page"
	for block in "$TMP/blocks/$name".*; do
		[ -e "$block" ] || continue
		case $(head -c 7 "$block") in
		'$ '*) sed 's/^[$#] //' "$block" >>"$TMP/$name.sh" ;;
		inputs* | cache* | records* | groups*)
			{ cat "$block"; grep -q '^inputs' "$block" || echo 'inputs = ( { interface = "lo"; } );'; } >"$block.conf"
			run "$name: $(head -1 "$block")" "$WEIR" -C -f "$block.conf"
			count=$((count + 1))
			;;
		'{"comma'*) cp "$block" "$TMP/request" ;;
		plugins*) cp "$block" "$TMP/pmacctd.conf" ;;
		'[Servic'*) drop_in "$name" "$block" ;;
		*) bad "$page: what is the literal block that begins with: $(head -1 "$block")" ;;
		esac
	done
	sed -nE 's/^\.Dl [$#] (sudo )?((weir|weirctl|weirdump|setcap|timeout) .*)/\2/p' "$page" >>"$TMP/$name.sh"
	unknown=$(grep -E '^\.Dl [$#]' "$page" | grep -vE '^\.Dl [$#] (weir|weirctl|weirdump|setcap|timeout|softflowd|fprobe|modprobe|iptables) ')
	[ -z "$unknown" ] || bad "$page: nobody runs $unknown"
done

if [ "$(id -u)" != 0 ] || ! unshare -n -m true 2>/dev/null; then
	left_out+=('the commands need root and namespaces')
else
	cat >"$TMP/ask.py" <<-'END'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(20)
		s.connect(sys.argv[1])
		s.sendall(open(sys.argv[2], "rb").read())
		answer = json.loads(s.makefile().readline())
		assert "error" not in answer and "packets" in answer, answer
	END
	for script in "$TMP"/*.sh; do
		[ -s "$script" ] || continue
		page=$(basename "$script" .sh)
		if grep -q jq "$script" && ! command -v jq >/dev/null; then
			left_out+=("$page: jq is not installed")
			sed -i '/jq/d' "$script"
		fi
		# weirctl finds a weir where it looks for one, and so does who asks without it.
		if grep -q '^weirctl' "$script"; then
			sed -i '1i weir -i eth0 -n 192.0.2.10 --set control.socket=/run/weir/weir.sock' "$script"
			echo "weirctl help >$TMP/help" >>"$script"
			echo "python3 '$TMP/ask.py' /run/weir/weir.sock '$TMP/request'" >>"$script"
		fi
		# The line of the log, word for word.
		line=$(sed -n 's/^\.Dl \(weir: .*\)/\1/p' "man/$page")
		if [ -n "$line" ]; then
			cat >>"$script" <<-END
				weir -i eth0 -i eth1
				ip link set eth0 down
				for i in \$(seq 200); do ! grep -qxF '$line' "\$STAGE/errors" || break; sleep 0.05; done
				grep -xF '$line' "\$STAGE/errors" || { cat "\$STAGE/errors"; exit 1; }
			END
		fi
		mkdir "$TMP/stage.$page"
		run "$page: $(tr '\n' ';' <"$script")" env -C "$TMP/desk" STAGE="$TMP/stage.$page" "$here/stage.sh" "$script"
		count=$((count + $(wc -l <"$script")))
	done
fi

# What is moved from is what these programs take, too: each runs with what the manual says. As daemons
# they leave the shell, so they get a process namespace, which ends them all.
if [ "$(id -u)" = 0 ] && unshare -n -m -p -f true 2>/dev/null; then
	cat >"$TMP/peers" <<-'END'
		mkdir -p /run/softflowd/chroot # Debian's softflowd leaves without a word where this is not
		until_here() { for i in $(seq 200); do ! "$@" || return 0; sleep 0.05; done; return 1; }
	END
	while read -r program words; do
		case $program in
		softflowd | fprobe) if command -v "$program" >/dev/null; then
			printf '%s\n' "$program $words" "until_here pgrep -x $program" >>"$TMP/peers"
			count=$((count + 1))
		fi ;;
		modprobe | iptables) left_out+=("$program $words: needs a kernel module that is not part of Linux") ;;
		esac
	done < <(sed -n 's/^\.Dl [$#] //p' man/weir-migration.7)
	if command -v pmacctd >/dev/null; then
		cat >>"$TMP/peers" <<-END
			pmacctd -f '$TMP/pmacctd.conf' >'$TMP/pmacctd.log' 2>&1 &
			until_here grep -q 'Exporting flows to \[192.0.2.10\]:2055' '$TMP/pmacctd.log' || { cat '$TMP/pmacctd.log'; exit 1; }
			! grep -E 'ERROR|WARN.*(unknown|Unknown)' '$TMP/pmacctd.log'
		END
		count=$((count + 1))
	fi
	echo "unshare -p -f --kill-child --mount-proc bash -eu '$TMP/peers'" >"$TMP/peers.stage"
	mkdir "$TMP/stage.peers"
	run "what is moved from: $(tr '\n' ';' <"$TMP/peers")" env -C "$TMP/desk" STAGE="$TMP/stage.peers" "$here/stage.sh" "$TMP/peers.stage"
fi

if [ -e "$TMP/help" ]; then
	# top is flows, again and again: weirctl's own.
	{ awk '/^ *[a-z]+ / { print $1 }' "$TMP/help"; echo top; } | LC_ALL=C sort -u >"$TMP/commands.help"
	diff "$TMP/commands.help" "$TMP/commands.manual" >"$TMP/diff" || bad "weirctl help and weirctl.8: $(cat "$TMP/diff"; cat "$TMP/help")"
fi

for reason in ${left_out[@]+"${left_out[@]}"}; do echo "left out: $reason"; done
finish "$count commands and configurations are as the manuals say"
