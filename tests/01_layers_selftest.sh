#!/bin/bash
# layers.sh finds what it is there to find: each case is a small tree with one fault.
set -eu
failures=0

# tree: a sound small tree to break, as the current folder.
tree() {
	rm -rf "$TMP/tree"
	mkdir -p "$TMP/tree"/{src,include}/{base,capture,packet,flow,export,config,daemon}
	cd "$TMP/tree"
	echo '#include <stdint.h>' >include/base/bytes.h
	echo '#include "base/bytes.h"' >include/packet/packet.h
	echo '#include "packet/packet.h"' >include/flow/key.h
	echo '#include "flow/key.h"' >src/flow/key.c
	printf '#include <pcap.h>\n#include "base/bytes.h"\n' >src/capture/source.c
	printf '#include <event2/event.h>\n#include "flow/key.h"\n' >src/daemon/main.c
}

# expect REASON: a glob on the whole output of layers.sh, which fails; '' when it must not.
expect() {
	local out status=0
	out=$("$TOP/tests/layers.sh" "$TMP/tree" 2>&1) || status=$?
	if [ -z "$1" ]; then
		[ $status = 0 ] && return
	else
		[ $status = 1 ] && [[ $out == $1 ]] && return
	fi
	printf 'expected: %s\nfound (status %s): %s\n\n' "$1" $status "$out"
	failures=$((failures + 1))
}

tree
expect ''

tree
printf '\n#include "flow/key.h"\n' >>include/base/bytes.h
expect '*include/base/bytes.h:3: base looks up to flow*'

tree
echo ' #  include "packet/packet.h"' >>src/capture/source.c
expect 'src/capture/source.c:3: capture and packet are on one floor*'

tree
mkdir src/tools include/tools
echo '#include "daemon/worker.h"' >src/tools/weirdump.c
expect 'src/tools/weirdump.c:1: tools and daemon are on one floor*'

tree
echo '#include "gen/gen.h"' >>src/flow/key.c
expect 'src/flow/key.c:2: "gen/gen.h" is in no room'

tree
mkdir src/attic
echo '#include "base/bytes.h"' >src/attic/old.c
expect 'src/attic/old.c:1: attic is not a room*'

for library in flow:pcap.h packet:pcap/pcap.h export:event2/event.h daemon:libconfig.h \
	flow:pthread.h base:check.h; do
	tree
	room=${library%%:*}
	echo "#include <${library#*:}>" >"src/$room/x.c"
	expect "src/$room/x.c:1: <${library#*:}> does not belong in $room"
done

# Headers in a circle, and the one that only leads into it is not blamed.
tree
echo '#include "flow/b.h"' >include/flow/a.h
echo '#include "flow/c.h"' >include/flow/b.h
echo '#include "a.h"' >src/flow/c.h
echo '#include "flow/a.h"' >include/export/user.h
expect 'include/flow/a.h:1: a circle of headers: flow/a.h -> flow/b.h*src/flow/c.h:1: *'
[[ $("$TOP/tests/layers.sh" "$TMP/tree") != *user.h* ]] || failures=$((failures + 1))

# Headers are in order, but the files that go with them call each other.
tree
echo >include/flow/a.h
echo >include/flow/b.h
echo '#include "flow/b.h"' >src/flow/a.c
echo '#include "flow/a.h"' >src/flow/b.c
expect 'src/flow/a.c:1: a circle of modules: flow/a -> flow/b*src/flow/b.c:1: *'

tree
yes '/* a line */' | head -n 501 >src/flow/long.c
expect 'src/flow/long.c:501: 501 lines, at most 500'
mv src/flow/long.c include/flow/long.def
expect ''

if ctags --version 2>/dev/null | grep -q Universal; then
	long_function() {
		echo 'static const int table[] = {'
		yes '	1,' | head -n 100
		printf '};\nint f(void)\n{\n'
		yes '	f();' | head -n "$1"
		echo '}'
	}
	tree
	long_function 57 >src/flow/f.c
	expect ''
	long_function 58 >src/flow/f.c
	expect 'src/flow/f.c:103: f has 61 lines, at most 60'
	long_function 58 >include/flow/f.h
	expect '*include/flow/f.h:103: f has 61 lines, at most 60*'
fi

exit $((failures > 0))
