# Every row of tables 5.5 to 5.14 of the thesis, five runs each, from the two raw logs to tables
# like the printed ones: mean ± deviation and the change against the row that each part begins with.
# Tables 5.1 to 5.3 and figure 5.1 say what the data sets hold; the figure is in characters in LOG/figure-5.1.txt
# and as a picture in LOG/figure-5.1.svg.
#
#   make -f pipelines/thesis.mk LASTFM=userid-timestamp-artid-artname-traid-traname.tsv \
#       REDDIT=reddit.csv PROFILES=userid-profile.tsv
#
# With one log only its parts of the tables are made.  DATA='a.tsv b.csv' names both logs: .csv is
# Reddit's.  Other logs of the same form may replace them, and logs of another form with
# SESSIONIZE.lastfm='csv-sessionize --preset NAME'.  The tables show the thesis's numbers beside ours
# if the logs are the same, which the numbers of items and users show.
#
#   TABLES  which: 5.1 ... 5.14           SEEDS    one run of each model for each: "1 2 3 4 5"
#   OUT     folder for everything made    EPOCHS   passes, instead of the thesis's 25 and 30
#   JOBS    number of runs at once        THREADS  of each of them
#   DEVICE  auto, cpu, cuda               DEVICES  numbers of the GPUs that share the runs: "0 1"
#   BIN     where the programs are        SSHLOGIN hosts that share them, as GNU parallel takes
#                                                  them, which have the programs on their PATH
#
# OUT/jobs.tsv lists the runs, OUT/jobs.log their results.  A complete run is not made again unless its
# settings or its data have changed, so that a stopped make continues.

SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

HERE := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
OUT ?= out/thesis
BIN ?= $(HERE)/../bin
SEEDS ?= 1 2 3 4 5
JOBS ?= $(shell nproc)
THREADS ?= $(shell n=$$(($$(nproc) / $(JOBS))); echo $$((n ? n : 1)))
DEVICE ?= auto
TABLES ?= 5.1 5.2 5.3 5.5 5.6 5.7 5.8 5.9 5.10 5.11 5.12 5.13 5.14

LASTFM ?= $(filter-out %.csv %.csv.gz %.csv.xz %.csv.zst,$(DATA))
REDDIT ?= $(filter-out $(LASTFM),$(DATA))
RAW.lastfm = $(LASTFM)
RAW.reddit = $(REDDIT)
SESSIONIZE.lastfm ?= lfm-sessionize $(if $(PROFILES),--profiles $(PROFILES))
SESSIONIZE.reddit ?= reddit-sessionize

# ---- the data sets: a family of settings, and a filter of its own ----

FAMILIES := $(if $(LASTFM),lastfm $(if $(PROFILES),cet)) $(if $(REDDIT),reddit)
family = $(firstword $(subst -, ,$(1)))
raw = $(if $(filter cet,$(1)),lastfm,$(call family,$(1)))

FILTER.cet = --country-zone CET --timezone CET --last-sessions 1420 --min-sessions 3
FILTER.1-month = --first 1month --min-sessions 3
FILTER.2-months = --first 2months --min-sessions 3
FILTER.3-months = --first 3months --min-sessions 3
# A name says which users are left out: those above the mean session length or count (high), or below
# it (low).
FILTER.high-high = --min-sessions 3 --user-group below-below
FILTER.high-low = --min-sessions 3 --user-group below-above
FILTER.low-high = --min-sessions 3 --user-group above-below
FILTER.low-low = --min-sessions 3 --user-group above-above
filter_of = $(or $(FILTER.$(1)),$(FILTER.$(patsubst $(call family,$(1))-%,%,$(1))),--min-sessions 3)

EPOCHS.lastfm := $(or $(EPOCHS),25)
EPOCHS.cet := $(or $(EPOCHS),25)
EPOCHS.reddit := $(or $(EPOCHS),30)
BATCH.lastfm ?= --batch 100
BATCH.cet ?= --batch 25
BATCH.reddit ?= --batch 100
TRAIN.lastfm ?= --embedding 100 --dropout 0.2
TRAIN.cet ?= --embedding 100 --dropout 0.2
TRAIN.reddit ?= --embedding 50 --dropout 0.0
REP.lastfm := mean
REP.cet := mean
REP.reddit := last

# ---- the models; $(1) is the family ----

stored = --model ii-rnn --session-rep $(REP.$(1))
built = --model hierarchical --session-rep attention --user-rep attention
MODEL.baseline = $(stored)
MODEL.intra = $(stored) --intra cat
MODEL.hidden = $(stored) --inter hidden
MODEL.delta = $(stored) --inter delta
MODEL.week = $(stored) --inter week
MODEL.hidden-delta = $(stored) --inter hidden,delta
MODEL.hidden-week = $(stored) --inter hidden,week
MODEL.delta-week = $(stored) --inter delta,week
MODEL.hidden-delta-week = $(stored) --inter hidden,delta,week
MODEL.intra-hidden = $(MODEL.intra) --inter hidden
MODEL.intra-hidden-delta = $(MODEL.intra) --inter hidden,delta
MODEL.intra-hidden-delta-week = $(MODEL.intra) --inter hidden,delta,week
MODEL.per-user-intra = $(MODEL.intra) --per-user intra
MODEL.per-user-hidden-delta = $(MODEL.hidden-delta) --per-user inter
MODEL.hierarchical = --model hierarchical --session-rep $(REP.$(1)) --user-rep last
MODEL.hierarchical-attention = $(built)
MODEL.hierarchical-delta = $(built) --inter delta
MODEL.per-user-hierarchical = $(built) --per-user session,user

# ---- the runs: data set and model of each row that is wanted, each once ----

ROWS := $(shell awk -F '\t' -v tables='$(TABLES)' -v families='$(FAMILIES)' -f $(HERE)/thesis-rows.awk $(HERE)/thesis.tsv)
SETS := $(shell awk -F '\t' -v tables='$(TABLES)' -v families='$(FAMILIES)' -v sets=1 -f $(HERE)/thesis-rows.awk \
    $(HERE)/thesis-sets.tsv)
DATA_SETS := $(sort $(foreach row,$(ROWS) $(SETS),$(firstword $(subst :, ,$(row)))))
SPLITS := $(DATA_SETS:%=$(OUT)/%/split.mp)
LOGS := $(sort $(foreach data,$(DATA_SETS),$(call raw,$(data)))) # their counts show whether they are the thesis's
tab := $(shell printf '\t')

# result, data set, options of batcher, options of trainer; $(1) data set, $(2) model, $(3) seed
job = $(OUT)/$(1)/$(2).$(3).tsv$(tab)$(1)$(tab)$(call batcher_options,$(call family,$(1)))$(tab)$(strip \
    $(call MODEL.$(2),$(call family,$(1))) $(TRAIN.$(call family,$(1))) --seed $(3))
batcher_options = $(strip --epochs $(EPOCHS.$(1)) $(BATCH.$(1)))
define newline


endef
JOB_LINES = $(foreach row,$(ROWS),$(foreach seed,$(SEEDS),$(call \
    job,$(word 1,$(subst :, ,$(row))),$(word 2,$(subst :, ,$(row))),$(seed))$(newline)))

MADE := $(if $(SETS),$(OUT)/sets.txt) $(if $(filter 5.1,$(TABLES)),$(LOGS:%=$(OUT)/%/figure-5.1.txt)) \
    $(if $(ROWS),$(OUT)/tables.txt)
FIGURES := $(if $(filter 5.1,$(TABLES)),$(LOGS:%=$(OUT)/%/figure-5.1.tsv) $(LOGS:%=$(OUT)/%/figure-5.1.svg))
all: $(MADE) $(FIGURES)
	@for table in $(MADE); do echo; cat $$table; done

ifeq ($(strip $(FAMILIES)),)
$(error name the raw logs: make -f $(firstword $(MAKEFILE_LIST)) LASTFM=FILE REDDIT=FILE PROFILES=FILE)
endif
include $(HERE)/files.mk
$(foreach name,LASTFM REDDIT PROFILES,$(if $($(name)),$(call given,$(name))))
$(if $(strip $(MADE)),,$(error TABLES='$(TABLES)': these logs give none of them))

made_with = $(RAW.$(1)) $(SESSIONIZE.$(1))
$(OUT)/lastfm.mp $(OUT)/reddit.mp: $(OUT)/%.mp:
	@mkdir -p $(@D)
	$(BIN)/$(SESSIONIZE.$*) -o $@ $<
	$(call note,$(@F),$(call made_with,$*))
$(OUT)/lastfm.mp: $(LASTFM) $(PROFILES) $(call other,lastfm.mp,$(call made_with,lastfm))
$(OUT)/reddit.mp: $(REDDIT) $(call other,reddit.mp,$(call made_with,reddit))

define split_rule
$(OUT)/$(1)/split.mp: $(OUT)/$(call raw,$(1)).mp
	@mkdir -p $$(@D)
	$$(BIN)/tfilter $(call filter_of,$(1)) --split user:0.8 -o $$@ $$<
endef
$(foreach data,$(sort $(DATA_SETS) $(LOGS)),$(eval $(call split_rule,$(data))))

# Changes only when a run is made: compares the log of the runs by its lines.
$(OUT)/jobs.tsv: FORCE
	$(shell mkdir -p $(@D))$(file >$@.now,$(subst $(newline) ,$(newline),$(JOB_LINES)))@sed -i '/^$$/d' $@.now
	@if cmp -s $@.now $@; then rm $@.now; \
	    elif [ -e $@ ]; then awk -f $(HERE)/thesis-jobs.awk $@ $@.now $(OUT)/jobs.log >$(OUT)/jobs.log.now; \
	        mv $(OUT)/jobs.log.now $(OUT)/jobs.log; mv $@.now $@; \
	    else mv $@.now $@; fi

# Runs on this machine, on one of several devices, or on a host, below WORKDIR in the home there.
WORKDIR ?= sesspipe
RUN_ON = $(if $(SSHLOGIN),--sshlogin '$(SSHLOGIN)' --workdir $(WORKDIR) $(SPLITS:%=--basefile %) --return '{1}' --cleanup)
programs := $(if $(SSHLOGIN),,$(BIN)/)
ON_DEVICE = $(if $(DEVICES),devices=($(DEVICES)); export CUDA_VISIBLE_DEVICES=$${devices[({%} - 1) % $(words $(DEVICES))]};)

$(OUT)/runs: $(OUT)/jobs.tsv $(SPLITS)
	@touch $(OUT)/jobs.log
	@awk -f $(HERE)/thesis-jobs.awk $(OUT)/jobs.tsv $(OUT)/jobs.tsv $(OUT)/jobs.log >$(OUT)/jobs.log.now
	@mv $(OUT)/jobs.log.now $(OUT)/jobs.log
	PARALLEL_SHELL=/bin/bash parallel --jobs $(JOBS) --colsep '\t' --joblog $(OUT)/jobs.log --resume $(RUN_ON) \
	    -a $(OUT)/jobs.tsv 'set -o pipefail; mkdir -p {1//}; $(ON_DEVICE) \
	    $(programs)batcher {=3 uq() =} --quiet $(OUT)/{2}/split.mp | \
	    $(programs)trainer {=4 uq() =} --device $(DEVICE) --threads $(THREADS) --quiet | \
	    $(programs)scorer --best --by none --format tsv -o {1}'
	@touch $@

COUNTS = $(patsubst %,$(OUT)/%/counts,$(sort $(LOGS) $(SETS)))
$(COUNTS): $(OUT)/%/counts: $(OUT)/%/split.mp
	$(BIN)/spcat --summary $< | awk '$$1 ~ /^(items|users|sessions|events)$$/ && NF == 2 { print "$*", $$1, $$2 }' $(whole)

$(OUT)/sets.txt: $(COUNTS) $(HERE)/thesis-sets.tsv $(HERE)/thesis-sets.awk
	LC_ALL=C awk -v tables='$(TABLES)' -f $(HERE)/thesis-sets.awk $(COUNTS) $(HERE)/thesis-sets.tsv $(whole)

$(OUT)/%/figure-5.1.tsv $(OUT)/%/figure-5.1.svg: $(OUT)/%/split.mp
	$(BIN)/spcat --users tsv -o $(@D)/figure-5.1.tsv $<
	$(BIN)/spcat --users svg -o $(@D)/figure-5.1.svg $<

$(OUT)/%/figure-5.1.txt: $(OUT)/%/figure-5.1.tsv $(HERE)/thesis-users.awk
	LC_ALL=C awk -v name=$* -f $(HERE)/thesis-users.awk $< $(whole)

$(OUT)/tables.txt $(OUT)/tables.tsv &: $(OUT)/runs $(COUNTS) $(HERE)/thesis-sets.tsv $(HERE)/thesis.tsv $(HERE)/thesis-table.awk
	LC_ALL=C awk -v out=$(OUT) -v tables='$(TABLES)' -v families='$(FAMILIES)' -v seeds='$(SEEDS)' \
	    -v tsv=$(OUT)/tables.tsv.now -f $(HERE)/thesis-table.awk $(COUNTS) $(HERE)/thesis-sets.tsv $(HERE)/thesis.tsv \
	    >$(OUT)/tables.txt.now
	@cd $(OUT) && mv tables.tsv.now tables.tsv && mv tables.txt.now tables.txt

clean:
	rm -rf $(OUT)

FORCE:
.PHONY: all clean FORCE
