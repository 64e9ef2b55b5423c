# weir: build, test, install. `make help` lists the targets.
CC ?= cc
BUILD ?= build
CFLAGS ?= -O2 -g
PACKAGES = libpcap libevent_core libevent_pthreads libconfig
WARN = -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror
ALL_CFLAGS = -std=gnu17 $(WARN) -Iinclude $(shell pkg-config --cflags $(PACKAGES)) -pthread $(CFLAGS)
ROOMS = base capture packet flow export config daemon
LIB = $(patsubst %.c,$(BUILD)/%.o,$(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c)))
Q = $(if $(V),,@)

all: weir
weir: $(filter %/main.o,$(LIB)) $(filter-out %/main.o,$(LIB))
	@echo "  LINK    $@"
	$(Q)$(CC) -o $@ $^ -pthread $(shell pkg-config --libs $(PACKAGES))
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
-include $(LIB:.o=.d)
.PHONY: all
