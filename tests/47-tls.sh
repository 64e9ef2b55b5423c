#!/bin/bash
# IPFIX over TLS: each record once, to collectors that are who they should be; to any other not one octet.
. "$(dirname "$0")/common.sh"
need python3 openssl
[ -x "$GEN" ] || skip "there is no $GEN"

"$GEN" office "$TMP/in.pcap" --truth "$TMP/truth" || bad gen
"$GEN" many "$TMP/many.pcap" --truth "$TMP/many" --flows 30000 --packets 2 || bad gen
records=$(grep -vc '^#' "$TMP/truth")

# key NAME, authority NAME, certificate NAME AUTHORITY DAYS ALTERNATIVE-NAMES
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$TMP/$1.key"; }
authority() {
	key "$1" && openssl req -x509 -new -key "$TMP/$1.key" -subj "/CN=$1" -days 2 -out "$TMP/$1.pem"
}
certificate() {
	local when=(-days "$3")
	# OpenSSL 3.4 makes none that end before they begin, and lets both be said.
	[ "$3" -gt 0 ] || ! openssl x509 -help 2>&1 | grep -q -e -not_before ||
		when=(-not_before 20200101000000Z -not_after 20200201000000Z)
	key "$1" && openssl req -new -key "$TMP/$1.key" -subj "/CN=$1" -out "$TMP/$1.csr" &&
		printf 'subjectAltName=%s\n' "$4" >"$TMP/$1.ext" &&
		openssl x509 -req -in "$TMP/$1.csr" -CA "$TMP/$2.pem" -CAkey "$TMP/$2.key" -CAcreateserial \
			"${when[@]}" -extfile "$TMP/$1.ext" -out "$TMP/$1.pem"
}
{
	authority ca && authority other && certificate weir ca 2 DNS:weir.test &&
		certificate collector ca 2 IP:127.0.0.1,IP:::1,DNS:collector.test &&
		certificate expired ca -1 IP:127.0.0.1 && certificate stranger other 2 IP:127.0.0.1 &&
		certificate misnamed ca 2 IP:127.0.0.2,DNS:127.0.0.1 && certificate unknown other 2 DNS:weir.test &&
		key self && openssl req -x509 -new -key "$TMP/self.key" -subj /CN=127.0.0.1 \
			-addext subjectAltName=IP:127.0.0.1 -days 2 -out "$TMP/self.pem"
} >"$TMP/openssl.log" 2>&1 || skip "openssl cannot make the certificates: $(tail -1 "$TMP/openssl.log")"

options=(-m 262144 --set 'exporters[0].transport=tls' --set 'exporters[0].reconnect=100ms' --set 'exporters[0].buffer=256K'
	--set "exporters[0].tls.ca=$TMP/ca.pem")
own() { # NAME: weir's certificate
	options=("${options[@]:0:10}" --set "exporters[0].tls.certificate=$TMP/$1.pem" --set "exporters[0].tls.key=$TMP/$1.key")
}
own weir

# ---- the records, to a collector of our own ----

tls() { # NAME COLLECTOR'S OPTIONS -- WEIR'S OPTIONS
	local name=$1 how=()
	shift
	while [ "$1" != -- ]; do
		how+=("$1")
		shift
	done
	shift
	run "$name" "$here/stream.py" --truth "$TMP/many" --tls "$TMP" "${how[@]}" -- "$WEIR" -r "$TMP/many.pcap" "$@" "${options[@]}"
}
tls 'a collector' -- -n '127.0.0.1:{port}'
tls 'TLS 1.2' --tls12 -- -n '127.0.0.1:{port}'
tls 'over IPv6' --v6 -- -n '[::1]:{port}'
tls 'by a name' -- -n '127.0.0.1:{port}' --set 'exporters[0].tls.name=collector.test'
tls 'large messages' -- -n '127.0.0.1:{port}' --set 'exporters[0].max_datagram=65507'
tls 'one that ends its connection' --close 20 --connections 2 -- -n '127.0.0.1:{port}'

# ---- openssl's server ----

listens() { grep -qi ":$(printf %04X "$1") 0*:0000 0A " /proc/net/tcp /proc/net/tcp6; }

# server NAME OPTIONS...: weir sends to openssl s_server with this certificate; what came is in $TMP/got
server() {
	local name=$1 port pid
	shift
	port=$(free_port)
	openssl s_server -accept "$port" -quiet -cert "$TMP/$name.pem" -key "$TMP/$name.key" -CAfile "$TMP/ca.pem" \
		-naccept 1 "$@" >"$TMP/got" 2>"$TMP/server.log" </dev/zero &
	pid=$!
	cleanups+=("kill $pid 2>/dev/null")
	until_true 10 listens "$port" || bad "openssl does not listen: $(cat "$TMP/server.log")"
	"$WEIR" -r "$TMP/in.pcap" -n "127.0.0.1:$port" "${options[@]}" 2>"$TMP/err" || bad "$name: exit status $?"
	stop $pid TERM 10
}

refused() { # WHAT REASON
	[ ! -s "$TMP/got" ] || bad "$1: $(wc -c <"$TMP/got") octets were sent"
	grep -q "no connection: $2" "$TMP/err" || bad "$1: $(cat "$TMP/err" "$TMP/server.log")"
	grep -q "lost $records; the ledger adds up" "$TMP/err" || bad "$1: $(cat "$TMP/err")"
}

options+=(--set 'exporters[0].reconnect=1h')
server collector -Verify 2 -verify_return_error
run "openssl's server" "$here/stream.py" --truth "$TMP/truth" --load "$TMP/got"
server expired -Verify 2
refused 'an expired certificate' 'TLS: certificate has expired'
server self -Verify 2
refused 'a self-signed certificate' 'TLS: self-signed certificate'
server stranger -Verify 2
refused 'a strange authority' 'TLS: unable to get local issuer certificate'
server misnamed -Verify 2
refused 'another name' 'TLS: IP address mismatch'
server collector
refused 'no client certificate wanted' 'TLS: the collector does not ask for our certificate'
server collector -Verify 2 -tls1_1 -cipher 'ALL:@SECLEVEL=0'
refused 'TLS 1.1' 'TLS: '
server collector -Verify 2 -tls1 -cipher 'ALL:@SECLEVEL=0'
refused 'TLS 1.0' 'TLS: '
server collector -Verify 2 -tls1_2 -cipher 'NULL:@SECLEVEL=0'
refused 'no encryption' 'TLS: '
own unknown
options+=(--set 'exporters[0].reconnect=1h')
server collector -Verify 2 -verify_return_error
refused 'our certificate is not good enough' 'TLS: '
server collector -Verify 2 -verify_return_error -tls1_2
refused 'our certificate is not good enough, TLS 1.2' 'TLS: '

# ---- files ----

wrong() { # WHAT TEXT OPTIONS...
	local what=$1 text=$2
	shift 2
	"$WEIR" -r "$TMP/in.pcap" -n 127.0.0.1:1 "${options[@]}" "$@" 2>"$TMP/err" && bad "$what was taken"
	grep -q "$text" "$TMP/err" || bad "$what: $(cat "$TMP/err")"
}
wrong 'no such file' "ca $TMP/none: No such file" --set "exporters[0].tls.ca=$TMP/none"
wrong 'no certificate' 'certificate .*in.pcap: ' --set "exporters[0].tls.certificate=$TMP/in.pcap"
wrong "another's key" "key values mismatch" --set "exporters[0].tls.key=$TMP/other.key"
"$WEIR" -r "$TMP/in.pcap" -n 127.0.0.1 "${options[@]}" 2>"$TMP/err"
grep -q '127.0.0.1:4740: ' "$TMP/err" || bad "the port of IPFIX over TLS: $(cat "$TMP/err")"
wrong 'no key' 'key is missing' --set 'exporters[0].tls.key='
# ---- a running weir reads them again ----

WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
ctl() { timeout 30 "$WEIRCTL" -s "$TMP/run/weir.sock" "$@"; }
use() { cp "$TMP/$1.pem" "$TMP/run/own.pem" && cp "$TMP/$1.key" "$TMP/run/own.key"; }
if [ -x "$WEIRCTL" ] && [ "$(id -u)" -eq 0 ]; then
	two_hosts
	mkdir "$TMP/run"
	use unknown
	cat >"$TMP/run/weir.conf" <<-END
	inputs = ( { interface = "vb"; } );
	exporters = ( { collector = "127.0.0.1:4740"; transport = "tls"; reconnect = "100ms";
		tls = { ca = "$TMP/ca.pem"; certificate = "$TMP/run/own.pem"; key = "$TMP/run/own.key"; }; } );
	control = { socket = "$TMP/run/weir.sock"; };
	privileges = { user = ""; };
	END
	ip netns exec $b openssl s_server -accept 4740 -quiet -cert "$TMP/collector.pem" -key "$TMP/collector.key" \
		-CAfile "$TMP/ca.pem" -Verify 2 -verify_return_error >"$TMP/got" 2>"$TMP/server.log" </dev/zero &
	server=$!
	cleanups+=("kill $server 2>/dev/null")
	ip netns exec $b "$(realpath "${WEIR_PLAIN:-$root/weir}")" -f "$TMP/run/weir.conf" 2>"$TMP/err" &
	weir=$!
	cleanups+=("kill $weir 2>/dev/null")
	until_true 20 grep -q 'alert unknown ca' "$TMP/err" || bad "our certificate is not refused: $(cat "$TMP/err")"
	[ ! -s "$TMP/got" ] || bad 'something was sent with the wrong certificate'
	cp "$TMP/in.pcap" "$TMP/run/own.pem"
	said=$(ctl reload 2>&1) && bad 'a file that is no certificate was taken'
	case $said in *'certificate '*own.pem*) ;; *) bad "no certificate: $said" ;; esac
	use weir
	run 'new certificates' ctl reload
	until_true 20 test -s "$TMP/got" || bad "nothing comes with the new certificate: $(tail -3 "$TMP/err" "$TMP/server.log")"
	stop $weir TERM 30 || bad "weir ended with $?: $(tail -3 "$TMP/err")"
	stop $server TERM 10
fi
finish
