# The ready-made weights of the wide part: trained on several logs at once, since no weight belongs to
# an item or a user.  One optimizer learns from a batch of each log by turns, as many of all of them
# (fixtures/pool.c).
#
#   make weights POOL='a.mp b.mp c.mp'                   writes lib/model/wide_ready.c
#   make -f pipelines/weights.mk held POOL='...'         shows what each log has from weights of the others
#
# Above the numbers of wide_ready.c stands what they come from: the logs, how they were made and split, and
# the scores of each log when it was held out.
#
#   POOL    split streams, as tfilter writes them; NAME.mp      OUT     folder for everything made
#   ALONE   names of some of them that count once more, each session a user of its own
#   TARGETS of a log, the newest                                PASSES  over them
#   AGAINST baselines beside which the weights are shown on a log that was held out
#
# Names that are alike up to a hyphen, as lastfm and lastfm-repeats, are forms of one log: where one is
# held out, all are.
SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c
.DELETE_ON_ERROR:

BIN ?= $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/../bin
FIXTURES ?= $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/../.build/release/fixtures
OUT ?= out/weights
TARGETS ?= 20000
PASSES ?= 1
RATE ?= 0.006
THREADS ?= $(shell nproc)
AGAINST ?= ppop ppop-decay markov item-knn session-knn vstan
LOGS := $(basename $(notdir $(POOL)))
TABLE ?= lib/model/wide_ready.c

$(if $(POOL),,$(error name split streams: make weights POOL='a.mp b.mp'))
all: $(TABLE)

# Weights that have learned nothing.
$(OUT)/first.safetensors: $(firstword $(POOL))
	@mkdir -p $(@D)
	$(BIN)/batcher -q --epochs 1 $< | \
	    $(BIN)/trainer -q --model wide --max-steps 0 --no-index --save $@ >/dev/null

path_of = $(filter %/$(1).mp $(1).mp,$(POOL))
members = $(foreach n,$(1),$(call path_of,$(n)) $(if $(filter $(n),$(ALONE)),alone:$(call path_of,$(n))))
train_on = OMP_NUM_THREADS=$(THREADS) $(FIXTURES)/pool $@ $< $(TARGETS) $(PASSES) $(RATE) $(call members,$(1))

$(OUT)/pool.safetensors: $(OUT)/first.safetensors $(POOL)
	$(call train_on,$(LOGS))

$(TABLE): $(OUT)/pool.safetensors $(OUT)/note.txt
	$(FIXTURES)/weights $^ >$@

# Weights of all logs but one, tested on that one.
log_of = $(firstword $(subst -, ,$(1)))
others = $(foreach n,$(LOGS),$(if $(filter $(call log_of,$(1)),$(call log_of,$(n))),,$(n)))
$(LOGS:%=$(OUT)/without-%.safetensors): $(OUT)/without-%.safetensors: $(OUT)/first.safetensors $(POOL)
	$(call train_on,$(call others,$*))

# For each log the scores of weights of the others, and of baselines that count as much.
HELD ?= $(foreach n,$(LOGS),$(if $(findstring -,$(n)),,$(n)))
scores = $(BIN)/scorer --best --by none --at 20
rivals = $(scores) --name held $(AGAINST:%=--name %) $(OUT)/held-$(1).mp $(AGAINST:%=$(OUT)/$(1).%.mp)
held: $(HELD:%=$(OUT)/held-%.tsv)
	@$(foreach n,$(HELD),echo; echo '$(n):'; $(call rivals,$(n));)

$(OUT)/held-%.tsv: $(OUT)/held-%.mp $(foreach b,$(AGAINST),$(OUT)/%.$(b).mp)
	$(call rivals,$*) --format tsv -o $@

$(OUT)/all-%.tsv: $(OUT)/all-%.mp
	$(scores) --name all --format tsv -o $@ $<

predict = $(BIN)/batcher -q --epochs 1 $(call path_of,$*) | $(BIN)/predictor -q --model $< --threads $(THREADS) -o $@
$(OUT)/held-%.mp: $(OUT)/without-%.safetensors
	$(predict)

$(OUT)/all-%.mp: $(OUT)/pool.safetensors
	$(predict)

define baseline_rule
$(HELD:%=$(OUT)/%.$(1).mp): $(OUT)/%.$(1).mp: $(OUT)/first.safetensors
	$$(BIN)/baseline -q --model $(1) --online user --threads $$(THREADS) -o $$@ $$(call path_of,$$*)
endef
$(foreach b,$(AGAINST),$(eval $(call baseline_rule,$(b))))

$(LOGS:%=$(OUT)/%.log): $(OUT)/%.log: $(OUT)/first.safetensors
	$(BIN)/spcat --summary $(call path_of,$*) >$@

$(OUT)/note.txt: $(LOGS:%=$(OUT)/%.log) $(HELD:%=$(OUT)/held-%.tsv) $(HELD:%=$(OUT)/all-%.tsv)
	LC_ALL=C awk -v alone='$(ALONE)' -v targets=$(TARGETS) -v passes=$(PASSES) -v rate=$(RATE) \
	    -f $(dir $(firstword $(MAKEFILE_LIST)))weights.awk $^ >$@

.PHONY: all held
.SECONDARY:
