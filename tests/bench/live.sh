#!/bin/bash
# live.sh live|sigterm|holds|hour: weir on one end of a veth pair between two namespaces of its own, the sender
# on the other end. What comes in (the kernel's part) and weir share one processor, the sender has
# another one: the common case of one queue.
#
#   live      at several rates and as fast as the sender goes: CPU ns and share accounted for
#   sigterm   a million flows are live when SIGTERM comes: how long until all are out
#   holds     as fast as the sender goes over a million flows that end and begin all the time: who
#             kept the cache from capture, and for how long; also where the kernel's part is
#             done on the sender's processor
#   hour      MINUTES (60) at RATE packets a second (100000): whether each frame is in a record that came.
#             Where weir is given a ring of RING octets (64M): whether what is missing is counted, exactly.
#             Fails where it is not so. What comes in has the sender's processor.
. "$(dirname "$0")/common.sh"
M=$([ -n "$QUICK" ] && echo 100000 || echo 1000000)
SECONDS_EACH=$([ -n "$QUICK" ] && echo 1 || echo 4)
near=weir-s-$$ far=weir-r-$$ weir_cpu=$(($(nproc) > 1))
running=

leave() {
	[ -z "$running" ] || kill -KILL "$running" 2>/dev/null
	ip netns del $near 2>/dev/null
	ip netns del $far 2>/dev/null
	tidy
}
trap leave EXIT

there() {
	ip netns exec $far "$@"
}

make_namespaces() {
	ip netns add $near && ip netns add $far &&
		ip link add vs netns $near type veth peer name vr netns $far || return 1
	for ns in $near $far; do
		ip netns exec $ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1
		ip -n $ns link set lo up
	done
	ip -n $near link set vs arp off up
	ip -n $far link set vr arp off up
	receive_on $((1 << weir_cpu))
}

# receive_on MASK: the processors of the kernel's part; 0: where the sender is
receive_on() {
	# ip netns exec shows the namespace's own /sys
	there sh -c "printf '%x' $1 >/sys/class/net/vr/queues/rx-0/rps_cpus" 2>/dev/null
}

capturing() { # the thread that weir starts when frames are let in
	local pid
	for pid in $(ip netns pids $far); do
		! grep -qsx expiry /proc/"$pid"/task/*/comm || return 0
	done
	return 1
}

received() {
	there cat /sys/class/net/vr/statistics/rx_packets
}

# begin ENTRIES COMMAND...: the exporter with the sink's {port}, until it captures.
begin() {
	local tries entries=$1
	shift
	start_sink ip netns exec $far
	ip netns exec $far taskset -c $weir_cpu "$BIN/cost" $((entries / 7000 + 32)) "${@//\{port\}/$port}" \
		>"$work/out" 2>"$work/err" &
	running=$!
	for ((tries = 0; tries < 200; tries++)); do
		! capturing || return 0
		sleep 0.05
	done
	say "the exporter does not capture: $(cat "$work/err")"
	return 1
}

# end: SIGTERM, its cost in $cost, the milliseconds until it was gone in $took
end() {
	local from=${EPOCHREALTIME/./} until=$((SECONDS + LIMIT))
	kill -TERM "$running"
	while kill -0 "$running" 2>/dev/null && [ $SECONDS -lt $until ]; do
		sleep 0.005
	done
	took=$(((${EPOCHREALTIME/./} - from) / 1000))
	kill -KILL "$running" 2>/dev/null
	wait "$running"
	running=
	cost=$(tail -n 1 "$work/err")
	stop_sink
}

sender() { # RATE SECONDS; sets $sent and $pps
	local said before
	before=$(received)
	said=$(ip netns exec $near taskset -c 0 "$BIN/sender" vs "$file" "$1" "$2")
	sent=$(value sent "$said") pps=$(value pps "$said")
	sleep 0.5
	[ $(($(received) - before)) = "$sent" ] ||
		say "$(($(received) - before)) of $sent frames came through the veth pair"
}

case_live() {
	local rate
	load live few $M 10000
	for rate in 100000 300000 0; do
		begin 65536 "$WEIR" -qq -i vr -v 9 -n 127.0.0.1:{port} -m 65536 $FAR || return
		sender $rate "$SECONDS_EACH"
		end
		packets=$sent
		record "live $((pps / 1000)) kpps" "weir v9" 65536 "$sent" "$cost" "$counted"
		names+=("live $((pps / 1000)) kpps")
	done
	table "${names[@]}"
}

case_sigterm() {
	load sigterm flood $M
	begin $((2 * M)) "$WEIR" -qq -i vr -v 9 -n 127.0.0.1:{port} -m $((2 * M)) $FAR || return
	sender 250000 0
	end
	record sigterm "weir v9" $((2 * M)) "$sent" "$cost" "$counted"
	table sigterm
	echo "sigterm: all out and gone $took ms after the signal"
}

# hold WHAT: one run of case_holds
hold() {
	local weirctl socket=$work/socket
	weirctl=$(dirname "$WEIR")/weirctl
	start_sink ip netns exec $far
	ip netns exec $far "$WEIR" -qq -i vr -v 9 -n 127.0.0.1:"$port" -m $((M + M / 4)) -t idle=1s -t active=3s \
		--set "inputs[0].cpu=$weir_cpu" --set control.socket="$socket" 2>"$work/err" &
	running=$!
	for ((tries = 0; tries < 200; tries++)); do
		! capturing || break
		sleep 0.05
	done
	(for ((i = 0; i < SECONDS_EACH; i++)); do sleep 1; "$weirctl" -s "$socket" flows; done) >/dev/null 2>&1 &
	looking=$!
	sender 0 $((2 * SECONDS_EACH))
	wait $looking
	"$weirctl" -s "$socket" status >"$work/status"
	echo "$M flows, $((pps / 1000)) kpps, received on $1 processor," \
		"kernel drops: $(awk '$1 == "vr" { print $NF }' "$work/status")"
	awk '/^HELD/, /^$/' "$work/status"
	kill -TERM "$running"
	wait "$running"
	running=
	stop_sink
}

case_holds() {
	load holds few $((2 * M)) $M
	hold "weir's"
	[ $weir_cpu = 0 ] || { receive_on 0 && hold "the sender's"; }
}

# hour_goes_on: a line a minute of what weir says of itself, for $MINUTES
hour_goes_on() {
	local minute
	for ((minute = 1; minute <= MINUTES; minute++)); do
		sleep 60
		timeout 20 "$weirctl" -s "$work/socket" ledger --json >"$work/now" &&
			say "minute $minute of $MINUTES: $(python3 -S "$bench/hour.py" "$work/now")"
	done
}

case_hour() {
	local weirctl failed progress
	weirctl=$(dirname "$WEIR")/weirctl
	# Where what comes in waited for weir's processor, weir's own datagrams would find no room beside it: the
	# sender sends again what found none, weir is not told.
	receive_on 0
	load hour few $((10 * M)) 100000
	begin 262144 "$WEIR" -qq -i vr -v ipfix -n 127.0.0.1:{port} -m 262144 -t idle=5s -t active=10s \
		--set inputs[0].buffer="${RING:-64M}" --set control.socket="$work/socket" --ledger "$work/ledger" || return
	hour_goes_on &
	progress=$!
	sender "${RATE:-100000}" $((MINUTES * 60))
	kill $progress 2>/dev/null
	wait $progress 2>/dev/null
	end
	python3 -S "$bench/hour.py" "$work/ledger" "$sent" "$pps" "$(received)" "$counted" "$cost" \
		"$(there cat /sys/class/net/lo/statistics/rx_dropped)"
}

names=()
MINUTES=${MINUTES:-60}
choose_data $((M / 10000))
make_namespaces || { say "namespaces or veth interfaces cannot be made here, $1 is left out"; exit 0; }
case_"$1"
[ "$1" != hour ] || exit
exit 0
