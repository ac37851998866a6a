# The ready-made weights of the wide part: trained on several logs, since no weight belongs to an item
# or a user.  In each cycle every log gives one pass over its newest training sessions, about as many
# targets each, from the same weights; the next cycle begins with the means (McMahan et al. 2017), at a
# learning rate that falls from cycle to cycle.
#
#   make weights POOL='a.mp b.mp c.mp'                   writes lib/model/wide_ready.c
#   make -f pipelines/weights.mk held POOL='...'         holds each log out in turn and tests on it
#
#   POOL    split streams, as tfilter writes them; NAME.mp      OUT     folder for everything made
#   ALONE   names of some of them that count once more, as NAME-alone: each session a user of its own
#   NOTE    a text that says which logs these are and how they were split, for the table's comment
#   EACH    targets of a log in a cycle                         CYCLES  number of cycles
#
# Names that are alike up to a hyphen, as lastfm and lastfm-repeats, are forms of one log: where one is
# held out, all are.
SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c
.DELETE_ON_ERROR:

BIN ?= $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/../bin
FIXTURES ?= $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/../.build/release/fixtures
OUT ?= out/weights
EACH ?= 30000
CYCLES ?= 8
# Of a few rates and numbers of cycles these had the best recall@20 on the validation parts of the
# logs that were held out.
RATE ?= 0.006
THREADS ?= $(shell nproc)
LOGS := $(basename $(notdir $(POOL)))
NAMES := $(LOGS) $(ALONE:%=%-alone)
TABLE ?= lib/model/wide_ready.c

all: $(TABLE)

# The training part of each log alone; the share of it that holds EACH targets, as a fraction, and
# how many sessions have 100 targets.
path_of = $(filter %/$(1).mp $(1).mp,$(POOL))
$(OUT)/%.train.mp:
	@mkdir -p $(@D)
	$(BIN)/spcat $(call path_of,$*) | \
	    awk '!/^\["session",/ || /^\["session",[0-9]+,1,/' | $(BIN)/spcat --from-json -o $@

$(ALONE:%=$(OUT)/%-alone.train.mp): $(OUT)/%-alone.train.mp: $(OUT)/%.train.mp
	$(BIN)/spcat $< | awk '/^\["E"/ { print "[\"E\"]"; next } /^\["user",/ { next } \
	    sub(/^\["session",[0-9]+/, "") { print "[\"user\"," n+0 ",\"" n+0 "\"]"; $$0 = "[\"session\"," n+0 $$0; n++ } \
	    { print }' | $(BIN)/spcat --from-json -o $@

$(OUT)/%.share: $(OUT)/%.train.mp
	$(BIN)/spcat --summary $< | awk -v each=$(EACH) '/^sessions\t/ { s = $$2 } /^events\t/ { e = $$2 } \
	    END { t = e - s; b = 100 * s / t; \
    print (t > each ? each : t) "/" t, int(b < 1 ? 1 : b) }' >$@

# In each cycle trains on each of the logs $(2) from the same weights, and leaves the means in $(1).
define train_on
	@rm -f $(1)
	for cycle in $$(seq 1 $(CYCLES)); do \
	    rate=$$(awk -v c=$$cycle -v n=$(CYCLES) 'BEGIN { \
	        print $(RATE) * (0.05 + 0.95 * 0.5 * (1 + cos(3.14159265 * (c - 1) / n))) }'); \
	    init=; [ ! -e $(1) ] || init="--init $(1)"; \
	    for log in $(2); do \
	        read -r share batch <$(OUT)/$$log.share; \
	        $(BIN)/batcher -q --scheme shuffled --batch $$batch --seed $$cycle --epochs 1 \
	            --train-recent $$share $(OUT)/$$log.train.mp | \
	        $(BIN)/trainer -q --model wide --lr $$rate --lr-decay none --warm-up 10 --threads $(THREADS) \
	            $$init --save $(1:.safetensors=).$$log.part --save-by last --no-index >/dev/null; \
	    done; \
	    $(FIXTURES)/average $(1) $(patsubst %,$(1:.safetensors=).%.part,$(2)); \
	done; \
	rm -f $(patsubst %,$(1:.safetensors=).%.part,$(2))
endef

$(OUT)/pool.safetensors: $(NAMES:%=$(OUT)/%.share)
	$(call train_on,$@,$(NAMES))

$(TABLE): $(OUT)/pool.safetensors $(NOTE)
	$(FIXTURES)/weights $< $(or $(NOTE),/dev/null) >$@

# Weights of all logs but one, tested on that one.
log_of = $(firstword $(subst -, ,$(1)))
others = $(foreach n,$(NAMES),$(if $(filter $(call log_of,$(1)),$(call log_of,$(n))),,$(n)))
$(LOGS:%=$(OUT)/without-%.safetensors): $(OUT)/without-%.safetensors: $(NAMES:%=$(OUT)/%.share)
	$(call train_on,$@,$(call others,$*))

HELD ?= $(foreach n,$(LOGS),$(if $(findstring -,$(n)),,$(n)))
held: $(HELD:%=$(OUT)/held-%.mp)
	$(BIN)/scorer --best --by none $(HELD:%=--name %) $^

$(OUT)/held-%.mp: $(OUT)/without-%.safetensors
	$(BIN)/batcher -q --epochs 1 $(call path_of,$*) | \
	    $(BIN)/predictor -q --model $< --threads $(THREADS) -o $@

.PHONY: all held
.SECONDARY:
