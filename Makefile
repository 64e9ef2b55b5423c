# weir: build, test, install. `make help` lists the targets, V=1 shows the commands.
#
# Sources are found by wildcard and programs by their main files, so a new .c file needs no line
# here. What must be asked of the system (pkg-config, the compiler's abilities) is asked at first
# use and then kept: `make run` and `make check` can therefore install missing tools first.

VERSION = 0.1.0
BUILD   = build

prefix     = /usr/local
bindir     = $(prefix)/bin
sbindir    = $(prefix)/sbin
mandir     = $(prefix)/share/man
sysconfdir = /etc
# Where systemd looks, also below /usr/local.
unitdir     = $(prefix)/lib/systemd/system
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
bashdir     = $(prefix)/share/bash-completion/completions
zshdir      = $(prefix)/share/zsh/site-functions

CFLAGS ?= $(if $(SANITIZE),-O1,-O2) -g
WERROR  = -Werror
WARN    = -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes $(WERROR)
SANITIZE =# for example address,undefined: see the targets asan, tsan and fuzz
COVERAGE =# 1: count executed lines, see the target cov
FUZZ_CC  = clang# and for msan
MINUTES  = 5

# ---- What the system has ----

# $(call once,NAME,VALUE): the value of NAME, worked out at its first use.
once = $(eval $1 := $2)$($1)
pkg  = $(shell pkg-config $1 || echo "'make $(or $2,deps)' installs what is missing" >&2)
# $(call try,FLAGS): FLAGS, if the compiler takes them without a word (\043 is the #).
try  = $(shell printf '\043include <stdio.h>\n' | \
	$(CC) $(CFLAGS) -Werror $1 -fsyntax-only -x c - 2>/dev/null && echo '$1')

HEADERS_OF = libpcap libevent_core libevent_pthreads libconfig libxxhash jansson \
	libseccomp libssl libcrypto libmnl libmaxminddb \
	libnetfilter_conntrack
LINKED     = libpcap libevent_core libevent_pthreads libconfig jansson \
	libseccomp libssl libcrypto libmnl libmaxminddb \
	libnetfilter_conntrack
PKG_CFLAGS = $(call once,PKG_CFLAGS,$(call pkg,--cflags $(HEADERS_OF)))
PKG_LIBS   = $(call once,PKG_LIBS,$(call pkg,--libs $(LINKED)))
CHECK_LIBS = $(call once,CHECK_LIBS,$(call pkg,--libs check,check))

# glibc warns where a level of _FORTIFY_SOURCE is too much for the compiler, or -O is missing.
fortify = $(call try,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$1)
protect = -fstack-protector-strong -fstack-clash-protection -fcf-protection
HARDEN  = $(call once,HARDEN,$(foreach f,$(protect),$(call try,$f)) \
	$(or $(call fortify,3),$(call fortify,2)))

# GCC clears and copies structs of known size by rep stos and rep movs, which take 12 ns to begin
# with: a fifth of what a packet with details costs. Vectors in a row are faster up to some lines.
comma := ,
BLOCKS = $(foreach f,memset memcpy,-m$f-strategy=vector_loop:256:noalign$(comma)libcall:-1:noalign)
COPIES = $(call once,COPIES,$(call try,$(BLOCKS)))

# Calls between rooms are inlined across files at the link; worth a tenth per packet. Only gcc's:
# clang's needs a linker that not every system has.
LTO     = $(call once,LTO,$(if $(shell $(CC) --version | grep -i clang),,$(call try,-flto=auto)))

# _GNU_SOURCE is defined as empty, so that a file that says it again is not a contradiction.
FLAGS = -std=gnu17 $(WARN) -Iinclude -D_GNU_SOURCE= -DWEIR_VERSION='"$(VERSION)"' \
	-DWEIR_CONF='"$(sysconfdir)/weir/weir.conf"' $(if $(SANITIZE)$(COVERAGE),-DWEIR_UNCONFINED) $(PKG_CFLAGS) -pthread -fPIE \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer, \
	$(if $(COVERAGE),--coverage,$(HARDEN) $(COPIES) $(LTO))) $(CPPFLAGS) $(CFLAGS)
LINKING = -pie -Wl,--as-needed -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack $(LDFLAGS)

# ---- What is made of what ----

ROOMS    = base capture packet route flow export config daemon
# Programs are left at the root; those of another build (sanitizers) stay in its folder.
OUT      = $(if $(filter build,$(BUILD)),,$(BUILD)/)
MAINS    = $(wildcard src/daemon/main.c src/tools/weirdump.c src/tools/weirctl.c)
PROGRAMS = $(addprefix $(OUT),$(patsubst main,weir,$(basename $(notdir $(MAINS)))))
obj      = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $1))

LIB      = $(BUILD)/libweir.a
LIB_OBJ  = $(call obj,$(filter-out %/main.c,$(wildcard $(ROOMS:%=src/%/*.c))))
# tests/check_NAME.c, tests/fuzz_NAME.c and tests/tool_NAME.c (for scripts) are programs; what else
# is in tests/ serves them all.
PROGS    = check fuzz tool
HELP     = $(BUILD)/libtests.a
HELP_OBJ = $(call obj,$(filter-out $(PROGS:%=tests/%_%),$(wildcard tests/*.c)))
GEN      = $(if $(wildcard tests/gen/*.c),$(BUILD)/tests/gen)
UNITS    = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/check_*.c))
TOOLS    = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/tool_*.c))
THREADED = $(patsubst tests/%.c,$(BUILD)/tests/%,$(shell grep -ls 'threads: tsan' tests/check_*.c))
PRELOADS = $(patsubst tests/preload/%.c,$(BUILD)/tests/%.so,$(wildcard tests/preload/*.c))
FUZZERS  = $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/fuzz_*.c))
BENCHES  = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/bench/*.c))
OWN      = $(wildcard $(foreach d,include/* src/* tests tests/*,$d/*.c $d/*.h))

Q     = $(if $(V),,@)
quiet = $(V)$(findstring s,$(firstword -$(MAKEFLAGS)))
say   = $(if $(quiet),,@echo "  $1	$(or $2,$@)")
quote = '$(subst ','\'',$1)'
sub   = +@$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

define link
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(FLAGS) $(LINKING) $1 -o $@ $(filter %.o %.a,$^) $(PKG_LIBS) $2
endef

define archive
	$(call say,AR)
	@rm -f $@
	$(Q)$(if $(LTO),gcc-$(AR),$(AR)) rcs $@ $(filter %.o,$^)
endef

all: $(PROGRAMS) ## the programs (the default)

$(OUT)weir: $(call obj,src/daemon/main.c) $(LIB)
	$(call link)
$(OUT)weirdump: $(call obj,src/tools/weirdump.c src/tools/weirdump_*.c) $(LIB)
	$(call link)
$(OUT)weirctl: $(call obj,src/tools/weirctl.c src/tools/weirctl_*.c) $(LIB)
	$(call link)

$(LIB): $(LIB_OBJ) $(BUILD)/members
	$(call archive)
$(HELP): $(HELP_OBJ) $(BUILD)/members
	$(call archive)

$(BUILD)/tests/gen: $(call obj,tests/gen/*.c)
	$(call link)
$(BENCHES): $(BUILD)/tests/bench/%: $(BUILD)/obj/tests/bench/%.o $(LIB)
	$(call link,,-lm)
$(UNITS): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(HELP) $(LIB)
	$(call link,,$(CHECK_LIBS))
$(TOOLS): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(HELP) $(LIB)
	$(call link)
# Without sanitizers and the program's own flags: it goes into any build of it.
$(PRELOADS): $(BUILD)/tests/%.so: tests/preload/%.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O1 -g $(WARN) -Wno-nonnull -fPIC -shared -o $@ $< -lgcc_s
$(FUZZERS): $(BUILD)/%: $(BUILD)/obj/tests/%.o $(HELP) $(LIB)
	$(call link,-fsanitize=fuzzer)

$(BUILD)/obj/tests/%: private FLAGS += -Itests
$(BUILD)/obj/tests/bench/floor.o: private FLAGS += -O3 $(call try,-march=native)
$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(FLAGS) -MMD -MP -c -o $@ $<

# The units name the programs' places, and share what confines them.
SERVICES = $(patsubst packaging/systemd/%.in,$(BUILD)/%,$(wildcard packaging/systemd/*.service.in))

service-files: $(SERVICES) ## the systemd units, in build/
$(SERVICES): $(BUILD)/%: packaging/systemd/%.in packaging/systemd/common.in FORCE
	@mkdir -p $(@D)
	$(Q)sed -e '/^@COMMON@$$/{r packaging/systemd/common.in' -e 'd}' \
		-e 's,@SBINDIR@,$(sbindir),;s,@SYSCONFDIR@,$(sysconfdir),' $< >$@

# These change only with their text: other flags than last time make everything anew, and a source
# file that is gone leaves its archive.
define note
	@mkdir -p $(@D)
	@printf '%s\n' $(call quote,$1) | cmp -s - $@ || printf '%s\n' $(call quote,$1) >$@
endef

$(BUILD)/flags: FORCE
	$(call note,$(CC) $(FLAGS))
$(BUILD)/members: FORCE
	$(call note,$(LIB_OBJ) $(HELP_OBJ))

-include $(patsubst %.c,$(BUILD)/obj/%.d,$(filter %.c,$(OWN)))

# ---- Use ----

run: ## a sample capture through weir and a collector; PCAP=file or IFACE=eth0 for others
	@packaging/deps.sh run
	$(sub) all gen
	@WEIR=./weir WEIRDUMP=./weirdump GEN=$(BUILD)/tests/gen PCAP='$(PCAP)' IFACE='$(IFACE)' \
		packaging/run.sh

deps: ## install what building needs, as far as it is missing; make check does so for the tests
	@packaging/deps.sh run && echo "Everything needed is there."

install: $(if $(filter-out $(wildcard $(PROGRAMS)),$(PROGRAMS)),all) $(SERVICES) ## the programs, man pages, units and conf file; DESTDIR, prefix
	install -d $(DESTDIR)$(sbindir) $(DESTDIR)$(bindir) $(DESTDIR)$(sysconfdir)/weir
	$(foreach p,$(notdir $(PROGRAMS)),install -m 755 $(OUT)$p $(DESTDIR)$(call home,$p)/;)
	$(foreach m,$(MANUALS),install -D -m 644 $m $(DESTDIR)$(call shelf,$m);)
	$(foreach u,$(SERVICES),install -D -m 644 $u $(DESTDIR)$(unitdir)/$(notdir $u);)
	install -D -m 644 packaging/systemd/sysusers.conf $(DESTDIR)$(sysusersdir)/weir.conf
	install -D -m 644 packaging/systemd/tmpfiles.conf $(DESTDIR)$(tmpfilesdir)/weir.conf
	$(foreach p,weir weirctl,install -D -m 644 packaging/completions/$p.bash $(DESTDIR)$(bashdir)/$p;)
	$(foreach p,weir weirctl,install -D -m 644 packaging/completions/_$p $(DESTDIR)$(zshdir)/_$p;)
	@c=$(DESTDIR)$(sysconfdir)/weir/weir.conf; test ! -f conf/weir.conf || \
		if [ -e $$c ]; then echo "$$c is there and was left as it is"; \
		else echo "install -m 644 conf/weir.conf $$c"; install -m 644 conf/weir.conf $$c; fi

uninstall: ## remove what install put there, except the conf file
	rm -f $(foreach p,weir weirctl weirdump,$(DESTDIR)$(call home,$p)/$p)
	rm -f $(foreach m,$(MANUALS),$(DESTDIR)$(call shelf,$m))
	rm -f $(foreach u,$(SERVICES),$(DESTDIR)$(unitdir)/$(notdir $u))
	rm -f $(DESTDIR)$(sysusersdir)/weir.conf $(DESTDIR)$(tmpfilesdir)/weir.conf
	rm -f $(foreach p,weir weirctl,$(DESTDIR)$(bashdir)/$p $(DESTDIR)$(zshdir)/_$p)

MANUALS = $(wildcard man/*.[1-8])
home    = $(if $(filter weirdump,$1),$(bindir),$(sbindir))
shelf   = $(mandir)/man$(subst .,,$(suffix $1))/$(notdir $1)

# ---- Proof ----

check: ## all tests; ONLY=pattern for some of them
	@packaging/deps.sh check
	@MAKEFLAGS= tests/run.sh '$(ONLY)'

check-all: ## what `make check` leaves out: analysers, valgrind, the build twice, mutants, other machines, a soak
	@packaging/deps.sh check
	@MAKEFLAGS= tests/check-all.sh '$(ONLY)'

mutate: ## are faults in the sources found? N (60) mutants of each room by each SEED (1), or OF one; MINUTES for each
	$(sub) BUILD=build/mutate LTO= all gen units
	@tests/mutate.py -n $(or $(N),60) -s $(or $(SEED),1) $(if $(filter command line,$(origin MINUTES)),-m $(MINUTES)) $(OF)

soak: ## weir under mixed load and random faults for HOURS (0.5); the ledger exact, memory as it was
	$(sub) all gen
	@tests/soak.py $$(awk 'BEGIN { print 60 * $(or $(HOURS),0.5) }')

bench: ## speed and memory beside the peers that are installed
	$(sub) all benches $(BUILD)/tests/check_flood
	@BUILD=$(BUILD) WEIR=$(OUT)weir tests/bench/run.sh

gen: $(GEN) $(PRELOADS) $(BUILD)/tests/bench/load ## the generators of test traffic
benches: $(BENCHES)
units: $(UNITS)
tools: $(TOOLS)
threaded: $(THREADED)
fuzzers: $(FUZZERS)

asan: ## programs, unit tests and tools with the address and undefined sanitizers, in build/asan
	$(sub) BUILD=build/asan SANITIZE=address,undefined all gen units tools

msan: ## tests/tool_damage.c with the memory sanitizer, in build/msan
	$(sub) BUILD=build/msan CC=$(FUZZ_CC) SANITIZE=memory build/msan/tests/tool_damage

tsan: ## programs and threaded unit tests with the thread sanitizer, in build/tsan
	$(sub) BUILD=build/tsan SANITIZE=thread all threaded

fuzz-build:
	$(sub) BUILD=build/fuzz CC=$(FUZZ_CC) SANITIZE=fuzzer-no-link,address,undefined fuzzers

fuzz: ## run every fuzzer for MINUTES (5) each; what they learn stays in build/fuzz
	@case '$(MINUTES)' in '' | *[!0-9]* | 0*) \
		echo "MINUTES is '$(MINUTES)': it must be a number from 1 on" >&2; exit 1 ;; esac
	$(sub) fuzz-build gen
	@GEN=$(BUILD)/tests/gen tests/fuzz.sh $$(($(MINUTES) * 60)) \
		$(patsubst tests/%.c,build/fuzz/%,$(wildcard tests/fuzz_*.c))

cov: ## line and branch coverage of the tests, by room and decoder, and as build/cov/html
	$(sub) BUILD=build/cov COVERAGE=1 CFLAGS='-O0 -g' all gen units tools
	@find build/cov -name '*.gcda' -delete
	@MAKEFLAGS= tests/run.sh -b build/cov '$(ONLY)' || true
	@lcov $(BRANCHES) -q -c --no-external -d build/cov/obj/src -b . -o build/cov/info
	@genhtml $(BRANCHES) -q -o build/cov/html build/cov/info
	@tests/coverage.sh build/cov/info

BRANCHES = --rc lcov_branch_coverage=1

layers: ## rooms keep to their floors, functions and files to their size
	@tests/layers.sh

format: ## put the C files into the project's form
	clang-format -i $(OWN)

format-check: ## say which C files are not in the project's form
	clang-format --dry-run -Werror $(OWN)

dist: ## the committed tree as build/weir-VERSION.tar.gz
	@mkdir -p build
	git archive --prefix=weir-$(VERSION)/ HEAD | gzip -9n >build/weir-$(VERSION).tar.gz

deb: ## the Debian package, in build/deb; checked by lintian where that is installed
	@packaging/deb.sh build/deb

clean: ## remove what was built
	rm -rf build weir weirdump weirctl

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

FORCE:
.PHONY: all run deps install uninstall check check-all mutate soak bench benches gen units tools threaded fuzzers service-files \
	asan msan tsan fuzz-build fuzz cov layers format format-check dist deb clean help FORCE
