# bash completion for weir. Options and keys come from the program itself.
_weir() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} weir=$1
	COMPREPLY=()
	case $before in
	-f | --config | -r | --read | --ledger) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	-i | --interface) mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net && echo *)" -- "$word") ;;
	-v | --protocol) mapfile -t COMPREPLY < <(compgen -W 'netflow5 netflow9 ipfix' -- "$word") ;;
	-o | --output) mapfile -t COMPREPLY < <(compgen -W 'text json csv' -- "$word") ;;
	-t | --timeout)
		mapfile -t COMPREPLY < <(compgen -S = -W 'active idle udp icmp tcp.fin tcp.rst' -- "$word")
		compopt -o nospace
		;;
	--set)
		mapfile -t COMPREPLY < <(compgen -S = -W "$("$weir" --help-config 2>/dev/null |
			sed -n 's/^  \([a-z0-9_.]*\(\[\]\)*[a-z0-9_.]*\) = .*/\1/p' | sed 's/\[\]/[0]/')" -- "$word")
		compopt -o nospace
		;;
	*)
		local first=
		[ "$COMP_CWORD" -ne 1 ] || first=doctor
		mapfile -t COMPREPLY < <(compgen -W "$first $("$weir" --help 2>/dev/null |
			grep -oE '(^|[ ,])--?[a-z][a-z-]*' | tr -d ' ,')" -- "$word")
		;;
	esac
}
complete -F _weir weir
