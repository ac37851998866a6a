# Every night: the log of a new day and the model of the night before give a model and recommendations
# for all users.
#
#   make -f pipelines/nightly.mk DATA=2026-11-29.tsv STATE=shop SESSIONIZE='lfm-sessionize'
#
# The first time, DATA is the log of all days so far.  Each night makes a folder of STATE that is
# called as its log, and last of all turns the link STATE/current to it.  There are then
#
#   sessions.mp            the sessions of all logs so far
#   model.safetensors      the model that answers
#   recommendations.tsv    user, rank, item, score: the TOP items that come next for each user
#   comparison.txt         the model against the one before it, on the new day
#   rejected               only where the model is still the one before: why
#
# A night that fails leaves `current` as it was, and can be tried again: what is made is not made
# again.  The new model goes on from the one before with the sessions of all days before the new one,
# and both are tested on the new day, from which neither has learned.  If the new one's recall@20 is
# more than BOUND lower, the one before stays; the new day's sessions are taken all the same, a wide
# part counts in them, recommendations are made, and make ends with an error that says so.  The first
# model is compared with the ready-made one.  Of earlier nights the last one stays.
#
#   MODEL    options of the model: the same every night
#   EPOCHS   passes over the sessions; FIRST_EPOCHS in the first night
#   KEEP     which sessions stay, options of tfilter: --since 2026-01-01
#   BOUND    how much recall@20 may fall: 0.01 is one target in a hundred

SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

ifndef DATA
$(error name the log of the new day: make -f $(firstword $(MAKEFILE_LIST)) DATA=FILE STATE=FOLDER)
endif

BIN ?= $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/../bin
STATE ?= out/nightly
SESSIONIZE ?= lfm-sessionize
MODEL ?= --model wide
FIRST_EPOCHS ?= 7
EPOCHS ?= 2
BATCH ?= --batch 20
KEEP ?=
BOUND ?= 0.01
TOP ?= 20
SEED ?= 1
DEVICE ?= auto
THREADS ?= $(shell nproc)

NIGHT := $(STATE)/$(notdir $(DATA))
BEFORE := $(wildcard $(STATE)/current)
COUNTS := $(filter wide --wide,$(MODEL))
# The nights of which nothing is needed any longer.
PAST := $(filter-out $(STATE)/current $(if $(BEFORE),$(STATE)/$(shell readlink $(BEFORE))),$(patsubst %/taken,%,$(wildcard $(STATE)/*/taken)))
PASSES := $(if $(BEFORE),$(EPOCHS),$(FIRST_EPOCHS))
RUN := --device $(DEVICE) --threads $(THREADS)

ifneq ($(wildcard $(NIGHT)/taken),)
$(error $(DATA) has been taken: $(NIGHT)/taken)
endif
include $(dir $(lastword $(MAKEFILE_LIST)))files.mk
$(call given,DATA)

all: $(NIGHT)/taken
	@cat $(NIGHT)/comparison.txt
	@[ ! -e $(NIGHT)/rejected ] || { cat $(NIGHT)/rejected >&2; exit 1; }

$(NIGHT)/day.mp: $(DATA)
	@mkdir -p $(@D)
	$(BIN)/$(SESSIONIZE) -o $@ $<

$(NIGHT)/sessions.mp: $(NIGHT)/day.mp
	$(BIN)/tfilter --merge $(KEEP) -o $@ $(BEFORE:%=%/sessions.mp) $<

# The test part is the new day; in the first night, the last day.
$(NIGHT)/split.mp: $(NIGHT)/sessions.mp
	day=$$($(BIN)/spcat --summary $(NIGHT)/day.mp | sed -n 's/^first event\t//p'); \
	    $(BIN)/tfilter --split $(if $(BEFORE),"time:$$day",last-day) -o $@ $<

$(NIGHT)/batches.mp: $(NIGHT)/split.mp
	$(BIN)/batcher --epochs $(PASSES) --test-from $(PASSES) $(BATCH) -o $@ $<

$(NIGHT)/new.mp $(NIGHT)/new.safetensors &: $(NIGHT)/batches.mp
	$(BIN)/trainer $(MODEL) $(if $(COUNTS),--online) $(BEFORE:%=--init %/model.safetensors) --seed $(SEED) $(RUN) \
	    --save-by last --save $(NIGHT)/new.safetensors -o $(NIGHT)/new.mp $<

$(NIGHT)/before.mp: $(NIGHT)/batches.mp
	$(BIN)/predictor $(BEFORE:%=--model %/model.safetensors) $(if $(BEFORE),$(COUNTS:%=--online),--online) $(RUN) -o $@ $<

$(NIGHT)/comparison.txt: $(NIGHT)/before.mp $(NIGHT)/new.mp
	$(BIN)/scorer --best --by none --name before --name new --against $< -o $@ $(NIGHT)/new.mp

# Of the lines of a model, each with its best epoch, the first has all targets.
$(NIGHT)/model.safetensors: $(NIGHT)/before.mp $(NIGHT)/new.mp $(NIGHT)/new.safetensors
	@rm -f $(@D)/rejected
	$(BIN)/scorer --best --by none --format tsv $(NIGHT)/before.mp $(NIGHT)/new.mp | LC_ALL=C awk -F '\t' -v bound=$(BOUND) ' \
	    NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } \
	    { recall[$$at["run"]] = $$at["recall@20"] } \
	    END { if (!(1 in recall)) exit 1; \
	        if (recall[1] < recall[0] - bound) \
	            printf "the model of the night before stays: recall@20 %.4f, that of the new one %.4f\n", \
	                recall[0], recall[1] }' >$(@D)/verdict
	if [ -s $(@D)/verdict ] && [ -n "$(BEFORE)" ]; then \
	    mv $(@D)/verdict $(@D)/rejected; cp $(BEFORE)/model.safetensors $@.now; \
	else cp $(@D)/new.safetensors $@.now; fi
	@mv $@.now $@

$(NIGHT)/recommendations.tsv: $(NIGHT)/model.safetensors $(NIGHT)/sessions.mp
	$(BIN)/recommender --model $< $(if $(COUNTS),--index $(NIGHT)/sessions.mp --frozen) --top $(TOP) $(RUN) \
	    -o $@ $(NIGHT)/sessions.mp

# The link is turned at once; what only this night needed goes, and so do the nights before the last.
$(NIGHT)/taken: $(NIGHT)/recommendations.tsv $(NIGHT)/comparison.txt
	ln -sfn $(notdir $(NIGHT)) $(STATE)/next
	mv -T $(STATE)/next $(STATE)/current
	touch $@
	rm -f $(addprefix $(NIGHT)/,day.mp split.mp batches.mp before.mp new.mp new.safetensors verdict)
	$(if $(PAST),rm -rf $(PAST))

.PHONY: all
