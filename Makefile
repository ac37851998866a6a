# sesspipe: build, check, demo, bench, install.  `make help` lists the targets.
#
# Every .c under lib/<room>/ goes into the room's archive, every bin/<program>.c becomes
# bin/<program>; objects live in .build/<variant>.  Nothing here lists files by hand.

VARIANT ?= release
BUILD := .build/$(VARIANT)
PREFIX ?= /usr/local
DESTDIR ?=

CC ?= cc
# What a caller puts into CFLAGS, CPPFLAGS and LDFLAGS comes last and so wins.
BASE_CFLAGS := -std=c11 -Wall -Wextra -Wshadow -fopenmp -g
OPTIMIZE.release := -O3
OPTIMIZE.asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPTIMIZE.tsan := -O1 -fsanitize=thread
OPTIMIZE.cov := -O0 --coverage
BASE_CFLAGS += $(OPTIMIZE.$(VARIANT))
BASE_CPPFLAGS := -D_POSIX_C_SOURCE=200809L -Ilib

# The libraries' pkg-config names differ between distributions and releases.
first_package = $(shell for p in $(1); do pkg-config --exists $$p 2>/dev/null && echo $$p && break; done)
MSGPACK := $(call first_package,msgpack-c msgpack)
BLAS := $(call first_package,openblas cblas blas-netlib blas)
PACKAGES := $(MSGPACK) $(BLAS) libxxhash
BASE_CPPFLAGS += $(if $(strip $(MSGPACK)$(BLAS)),$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null))
BASE_LDLIBS := $(if $(strip $(MSGPACK)$(BLAS)),$(shell pkg-config --libs $(PACKAGES) 2>/dev/null)) -lm -ldl

ROOMS := $(notdir $(wildcard lib/*))
ARCHIVES := $(ROOMS:%=$(BUILD)/lib%.a)
PROGRAMS := $(patsubst bin/%.c,%,$(wildcard bin/*.c))
# The release programs stand beside their sources; other variants in their own folder.
BIN := $(if $(filter release,$(VARIANT)),bin,$(BUILD)/bin)
UNITS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))

all: $(PROGRAMS:%=$(BIN)/%)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define room_rule
$(BUILD)/lib$(1).a: $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/$(1)/*.c))
	@rm -f $$@
	$$(AR) rcsD $$@ $$^
endef
$(foreach room,$(ROOMS),$(eval $(call room_rule,$(room))))

LINK = $(CC) $(BASE_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(BASE_LDLIBS) $(LDLIBS)

$(BIN)/%: $(BUILD)/bin/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(LINK)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(LINK)

units: $(UNITS:%=$(BUILD)/tests/unit/%)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

clean:
	rm -rf .build out $(PROGRAMS:%=bin/%)

.PHONY: all units clean
.SECONDARY:
