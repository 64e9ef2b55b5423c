# bash completion for weirctl.
_weirctl() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i command= words=
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --socket) i=$((i + 1)) ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $before in
	-s | --socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	case $command in
	'') words='ledger status flows top timeouts elements flush reload log help
		-s --socket -j --json -V --version -h --help' ;;
	log) words='error warning info debug' ;;
	flows | top) words='by=octets by=packets by=rate by=recent limit= host net port portrange proto
		interface vlan src dst in out and or not tcp udp icmp icmp6 gre esp sctp ip ip6' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _weirctl weirctl
