#!/bin/bash
# layers.sh [TREE]: does the code keep to the shape described in src/README.md?
#
# Every folder of src/ and include/ is a room with a floor. An include goes to its own room or to a
# lower floor; rooms of one floor do not meet. Neither headers nor modules (x.c with its x.h) go in
# circles. Some libraries are let into some rooms only. A file has at most 500 lines and a function
# 60; a .def file is a table and may be as long as it likes. Complaints come as file:line: reason.
set -eu
cd "${1:-$(dirname "$0")/..}"
export LC_ALL=C

FILE_LINES=500
FUNCTION_LINES=60

floors='base 0
capture 1
packet 1
route 1
flow 2
export 3
config 4
daemon 5
tools 5'

# What an include in <> begins with, and the rooms that may say so.
libraries='pcap capture
libmnl route export
maxminddb.h route
libnetfilter_conntrack route
event2/ daemon tools
event.h -
libconfig.h config
jansson.h daemon tools
seccomp.h daemon
pthread.h base daemon
check.h -'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
shopt -s nullglob
code=(src/*/*.[ch] include/*/*.h)
files=("${code[@]}" src/*/*.def include/*/*.def)

# Complaints about single includes; every include between our own files also goes to
# $scratch/includes as: from-file line from-node to-node, a node being room/name.
includes() {
	grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' "${files[@]}" /dev/null |
		awk -v floors="$floors" -v libraries="$libraries" -v out="$scratch/includes" '
	BEGIN {
		n = split(floors, row, "\n")
		for (i = 1; i <= n; i++) {
			split(row[i], word, " ")
			floor[word[1]] = word[2]
		}
		libs = split(libraries, library, "\n")
	}
	function complain(why) {
		print file ":" line ": " why
	}
	# Does room stand in the row of the library that this include begins with?
	function check_library(name,   i, k, m, word) {
		for (i = 1; i <= libs; i++) {
			m = split(library[i], word, " ")
			if (index(name, word[1]) != 1)
				continue
			for (k = 2; k <= m; k++)
				if (word[k] == room)
					return
			complain("<" name "> does not belong in " room)
			return
		}
	}
	function check_own(name,   part, to) {
		if (name !~ /\//)
			name = room "/" name
		split(name, part, "/")
		to = part[1]
		if (!(to in floor))
			complain("\"" name "\" is in no room")
		else if (to != room && floor[to] == floor[room])
			complain(room " and " to " are on one floor and must not meet: \"" name "\"")
		else if (floor[to] > floor[room])
			complain(room " looks up to " to ": \"" name "\"")
		print file, line, node, name >out
	}
	{
		split($0, field, ":")
		file = field[1]
		line = field[2]
		split(file, part, "/")
		room = part[2]
		node = room "/" part[3]
		if (!(room in floor)) {
			complain(room " is not a room with a floor")
			next
		}
		name = $0
		sub(/^[^<"]*[<"]/, "", name)
		quoted = substr($0, length($0) - length(name), 1) == "\""
		sub(/[>"].*$/, "", name)
		if (quoted)
			check_own(name)
		else
			check_library(name)
	}'
}

# circles WHAT < edges "file line from to": tsort names the circles, the edges in them are reported.
circles() {
	cat >"$scratch/edges"
	awk '$3 != $4 { print $3, $4 }' "$scratch/edges" | sort -u >"$scratch/pairs"
	tsort "$scratch/pairs" 2>"$scratch/loops" >"$scratch/order" && return
	awk -v what="$1" '
	FNR == NR {
		if (/contains a loop/)
			circle++
		else
			member[circle, $2] = 1
		next
	}
	$3 != $4 {
		for (i = 1; i <= circle; i++)
			if ((i, $3) in member && (i, $4) in member)
				print $1 ":" $2 ": a circle of " what ": " $3 " -> " $4
	}' "$scratch/loops" "$scratch/edges" | sort -u
}

file_sizes() {
	wc -l "${code[@]}" /dev/null | awk -v most=$FILE_LINES '
	$2 != "total" && $1 > most { print $2 ":" $1 ": " $1 " lines, at most " most }'
}

function_sizes() {
	ctags -x --languages=C --langmap=C:.c.h --kinds-C=f --_xformat='%F %n %{end} %N' "${code[@]}" |
		awk -v most=$FUNCTION_LINES '
		$3 - $2 + 1 > most { print $1 ":" $2 ": " $4 " has " $3 - $2 + 1 " lines, at most " most }'
}

if [ ${#files[@]} = 0 ]; then
	echo "layers: no code here" >&2
	exit 1
fi
: >"$scratch/includes"
{
	includes
	awk '$1 ~ /\.(h|def)$/' "$scratch/includes" | circles headers
	awk '{ sub(/\.[^.]*$/, "", $3); sub(/\.[^.]*$/, "", $4); print }' "$scratch/includes" |
		circles modules
	file_sizes
	if ctags --version 2>/dev/null | grep -q Universal; then
		function_sizes
	else
		echo "layers: functions are not measured, universal-ctags is missing" >&2
	fi
} >"$scratch/complaints"

if [ -s "$scratch/complaints" ]; then
	cat "$scratch/complaints"
	exit 1
fi
echo "layers: ${#files[@]} files keep to their floors and sizes"
