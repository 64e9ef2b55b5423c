#!/bin/bash
# coverage.sh INFO: lines and branches that were executed, of lcov's INFO, by room and by file of
# the decoders, which have a goal: 95 % of the lines, 90 % of the branches.
awk -F '[:,]' '
function part(hit, of) {
	return of ? 100 * hit / of : 100
}
function row(name, k) {
	printf "%-28s %6d %6.1f %% %8d %6.1f %%\n", name, lines[k], part(lines_hit[k], lines[k]),
		branches[k], part(branches_hit[k], branches[k])
}
# A header stands in INFO once for each file that includes it.
function count(n, hits, all, taken) {
	if (!((file, n) in known)) {
		known[file, n] = 0
		all[file]++; all[room]++; all["all"]++
	}
	if (hits > 0 && !known[file, n]) {
		known[file, n] = 1
		taken[file]++; taken[room]++; taken["all"]++
	}
}
$1 == "SF" {
	n = split($2, path, "/")
	room = path[n - 1]
	file = path[n - 2] "/" room "/" path[n]
	if (!(room in seen)) {
		seen[room] = 1
		rooms[++room_count] = room
	}
	if (room == "packet" && !(file in seen)) {
		seen[file] = 1
		decoders[++decoder_count] = file
	}
}
$1 == "DA" { count($2, $3, lines, lines_hit) }
$1 == "BRDA" { count($2 "," $3 "," $4, $5, branches, branches_hit) }
END {
	printf "%-28s %6s %8s %8s %8s\n", "", "lines", "run", "branches", "taken"
	for (i = 1; i <= room_count; i++)
		row(rooms[i], rooms[i])
	row("all", "all")
	for (i = 1; i <= decoder_count; i++)
		row(decoders[i], decoders[i])
	l = part(lines_hit["packet"], lines["packet"])
	b = part(branches_hit["packet"], branches["packet"])
	printf "decoders: %s the goal of 95 %% of the lines and 90 %% of the branches\n",
		(l >= 95 && b >= 90 ? "reach" : "MISS")
}' "$1"
