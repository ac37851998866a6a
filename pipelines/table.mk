# All models on several logs, alone and with --wide, each with the settings of its own pipeline: one
# table of recall@20 and MRR@20 in the test, as means over seeds with their deviation, at the epoch that is
# best in validation.
#
#   make -f pipelines/table.mk DATA.deskdrop=users_interactions.csv DATA.globo=clicks.csv.xz \
#       DATA.lastfm=userid-timestamp-artid-artname-traid-traname.tsv DATA.yoochoose=yoochoose-clicks.dat
#
#   LOGS    deskdrop, reddit, retail, yoochoose, globo, lastfm, or others with DATA.<log>, SESSIONIZE.<log>,
#           FILTER.<log>
#   MODELS  names as they are below, where IN.<name> is a pipeline and the name of a model in it
#   SEEDS   "1 2 3"                        KINDS  "alone wide"; one of them: only these
#   WIDE    those of MODELS that are run with --wide too: all of them
#   JOBS    runs at once                   THREADS  of each
#   EPOCHS  of all logs; EPOCHS.<log>
#
# It writes OUT/table.tsv, a line for each run, OUT/table.txt, and the means in OUT/table.md.  First
# come the first seed's runs alone, log by log, then those with --wide, then the next seed's.  A run
# that is there is not made again, so that a table that was stopped goes on, and one with more seeds
# makes what is new, unless its log, FILTER or EPOCHS have changed.  A run that fails is named in
# OUT/failed.txt, and the others go on.  With the same variables the goal table shows what there is.

SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDEXPANSION:

HERE := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
BIN ?= $(HERE)/../bin
OUT ?= out/table
SEEDS ?= 1 2 3
KINDS ?= alone wide
JOBS ?= $(shell nproc)
THREADS ?= $(shell n=$$(($$(nproc) / $(JOBS))); echo $$((n ? n : 1)))
DEVICE ?= auto

# ---- the logs ----

LOGS ?= $(foreach l,deskdrop reddit retail yoochoose globo lastfm,$(if $(DATA.$(l)),$(l)))
SESSIONIZE.deskdrop ?= csv-sessionize --user personId --item contentId --time timestamp --max-events 39 --cut 20
SESSIONIZE.retail ?= csv-sessionize --user CustomerID --item StockCode --time InvoiceDate \
    --session InvoiceNo --where "InvoiceNo!=C*" --max-events 0 --cut 0
SESSIONIZE.yoochoose ?= csv-sessionize --preset yoochoose --keep-repeats --max-events 0 --cut 0
SESSIONIZE.globo ?= csv-sessionize --preset globo --min-events 3 --max-events 39 --cut 20
SESSIONIZE.lastfm ?= lfm-sessionize
SESSIONIZE.reddit ?= reddit-sessionize
FILTER.deskdrop ?= --min-sessions 3 --split user:0.8 --validation 0.1
FILTER.retail ?= --min-item-support 5 --min-sessions 3 --split last-session --validation last-session
FILTER.yoochoose ?= --min-item-support 5 --once --split last-day --validation last-day --drop-unseen
FILTER.globo ?= --min-item-support 20 --min-sessions 5 --split last-session --validation last-session
FILTER.lastfm ?= --min-sessions 3 --split user:0.8 --validation 0.1
FILTER.reddit ?= $(FILTER.lastfm)
EPOCHS.deskdrop ?= 15
epochs = $(or $(EPOCHS),$(EPOCHS.$(1)),10)
# Bins of dwell times, for the models that read them.
DWELL ?= 15,40,100,600

# ---- the models: those that count first ----

COUNTS = pop ppop ppop-decay markov item-knn session-knn vstan wide-ready
$(foreach m,$(COUNTS) wide ii-rnn hierarchical,$(eval IN.$(m) = best:$(m)))
IN.bpr-mf = narm:bpr-mf
IN.fpmc = narm:fpmc
IN.rnn = asars:gru4rec
IN.hrnn = hrnn:hrnn-init
IN.narm = stamp:narm
IN.improved = tan:m1-1
IN.sasrec = sasrec:sasrec
IN.stamp = stamp:stamp
IN.stmp = stamp:stmp
IN.stmo = stamp:stmo
IN.rib = rib:rib-dwell
IN.context-rnn = rib:context-rnn
IN.context-mean = rib:context-mean
IN.youtube-dnn = stamp:youtube-dnn
IN.wavenet = stamp:wavenet
IN.session-embedding = intent:embedding
IN.intent = intent:intent-forward
$(foreach v,time-att time-cat user-att user-cat time-user,$(eval IN.asars-$(v) = asars:$(v)))

MODELS ?= $(COUNTS) wide sasrec narm stamp rnn hrnn ii-rnn hierarchical improved stmp stmo rib context-rnn \
    context-mean youtube-dnn wavenet session-embedding asars-time-att asars-time-cat asars-user-att \
    asars-user-cat asars-time-user bpr-mf fpmc intent
WIDE ?= $(MODELS)
# What has a wide part and nothing else.
REFUSE_WIDE = wide
# A log in which each session is a user of its own has no user who comes back.
WITHOUT.yoochoose = hrnn asars-user-att asars-user-cat asars-time-user

# Settings that no pipeline has as its own, or has for another log: those of trainer(1), Known settings.
SET.rib = CONTEXT=dwell
SET.context-mean = CONTEXT=dwell
SET.hierarchical = OPTIONS.hierarchical='--model hierarchical --session-rep attention --user-rep attention' \
    TRAIN='--decoder tied --embedding 100 --lr 0.006 --dropout 0.35 --negatives 500 --logq'
SET.ii-rnn = OPTIONS.ii-rnn='--model ii-rnn --session-rep last' \
    TRAIN='--decoder tied --embedding 100 --lr 0.003 --dropout 0.2 --negatives 500 --logq'
SET.hrnn = TRAIN='--decoder tied --lr 0.002 --dropout 0.5' SLOTS='--batch 50'
SET.globo.wide = WIDE_EPOCHS=28
SET.deskdrop.rnn = GRU4REC='--lr 0.002 --dropout 0.5' SLOTS='--batch 20'
SET.deskdrop.narm = NARM='--lr 0.006 --dropout 0.5 --feature-dropout 0.7'
SET.deskdrop.sasrec = LR=0.005 DROPOUT=0.5 DECAY='--lr-decay cosine --warm-up 100'

# ---- the runs: LOG/NAME.SEED or LOG/NAME-wide.SEED; those that count have one, without a seed ----

log_of = $(firstword $(subst /, ,$(1)))
bare = $(basename $(notdir $(1)))
name_of = $(patsubst %-wide,%,$(bare))
kind_of = $(if $(filter %-wide,$(bare)),wide,alone)
seed_of = $(patsubst .%,%,$(suffix $(1)))
pipe_of = $(firstword $(subst :, ,$(IN.$(name_of))))
model_of = $(lastword $(subst :, ,$(IN.$(name_of))))
place = $(OUT)/$(log_of)/$(pipe_of)

runs_of.alone = $(foreach l,$(LOGS),$(foreach m,$(filter-out $(WITHOUT.$(l)),$(MODELS)),$(if $(filter $(m),$(COUNTS)),$(if \
    $(filter $(1),$(firstword $(SEEDS))),$(l)/$(m).0),$(l)/$(m).$(1))))
runs_of.wide = $(foreach l,$(LOGS),$(foreach m,$(filter-out $(WITHOUT.$(l)) $(COUNTS) $(REFUSE_WIDE),$(filter $(WIDE),$(MODELS))),$(l)/$(m)-wide.$(1)))
RUNS := $(foreach s,$(SEEDS),$(foreach k,$(KINDS),$(call runs_of.$(k),$(s))))

all:
	@mkdir -p $(OUT); rm -f $(OUT)/failed.txt
	+-@$(MAKE) --no-print-directory -k -j$(JOBS) -f $(firstword $(MAKEFILE_LIST)) runs
	@$(MAKE) --no-print-directory -f $(firstword $(MAKEFILE_LIST)) table

ifeq ($(strip $(LOGS)),)
$(error name the raw logs: make -f $(firstword $(MAKEFILE_LIST)) DATA.deskdrop=FILE DATA.lastfm=FILE)
endif
$(if $(strip $(RUNS)),,$(error no run: of KINDS='$(KINDS)' alone and wide are known, SEEDS='$(SEEDS)'))
$(foreach m,$(MODELS),$(if $(IN.$(m)),,$(error no model is called $(m): IN.$(m)=PIPELINE:MODEL)))
$(foreach l,$(LOGS),$(if $(DATA.$(l)),,$(error the log $(l) has no DATA.$(l)=FILE)))
include $(HERE)/files.mk
$(foreach l,$(LOGS),$(call given,DATA.$(l)))

runs: $(RUNS:%=$(OUT)/%.tsv)

made_with = $(DATA.$(1)) $(SESSIONIZE.$(1))
$(LOGS:%=$(OUT)/%/sessions.mp): $(OUT)/%/sessions.mp: $$(DATA.$$*) $$(call other,$$*-sessions,$$(call made_with,$$*))
	@mkdir -p $(@D)
	$(BIN)/$(SESSIONIZE.$*) -o $@ $<
	$(call note,$*-sessions,$(call made_with,$*))

split_with = $(FILTER.$(1)) --dwell-bins $(DWELL)
$(LOGS:%=$(OUT)/%/split.mp): $(OUT)/%/split.mp: $(OUT)/%/sessions.mp $$(call other,$$*-split,$$(call split_with,$$*))
	$(BIN)/tfilter $(call split_with,$*) -o $@ $<
	$(call note,$*-split,$(call split_with,$*))

# Each pipeline has a folder, with the same split.
PLACES := $(sort $(foreach r,$(RUNS),$(call place,$(r))))
$(PLACES:%=%/split.mp): $(OUT)/%/split.mp: $$(dir $(OUT)/$$*)split.mp
	@mkdir -p $(@D)
	@ln -sf ../sessions.mp ../split.mp $(@D)

with_wide = $(if $(filter wide,$(kind_of)),$(call as_wide,$(model_of)))
as_wide = OPTIONS.$(1)-wide='$$(OPTIONS.$(1)) --wide' TRAIN.$(1)-wide='$$(call train,$(1))' \
    INPUT.$(1)-wide='$$(INPUT.$(1))'
target = $(place)/$(model_of)$(if $(filter wide,$(kind_of)),-wide)$(if $(filter 0,$(seed_of)),,.$(seed_of)).mp
pipe = $(MAKE) --no-print-directory -f $(HERE)/$(pipe_of).mk BIN=$(BIN) OUT=$(place) DATA=$(DATA.$(log_of)) \
    SESSIONIZE=$(call quoted,$(SESSIONIZE.$(log_of))) FILTER=$(call quoted,$(FILTER.$(log_of))) EPOCHS=$(call epochs,$(log_of)) \
    BASELINES='$(filter $(COUNTS),$(model_of))' MODELS='$(filter-out $(COUNTS),$(model_of)$(if $(filter wide,$(kind_of)),-wide))' \
    SEEDS=$(seed_of) FRACTIONS=1 ATTENTION=1 AGAINST= JOBS= THREADS=$(THREADS) DEVICE=$(DEVICE) \
    $(SET.$(name_of)) $(SET.$(log_of).$(name_of)) $(with_wide) $(target)

settings = $(call epochs,$(log_of)) $(SET.$(name_of)) $(SET.$(log_of).$(name_of))
$(RUNS:%=$(OUT)/%.tsv): $(OUT)/%.tsv: $$(call place,$$*)/split.mp $$(call other,$$(subst /,-,$$*),$$(call settings,$$*))
	+$(call pipe,$*) || { echo $* >>$(OUT)/failed.txt; false; }
	$(BIN)/scorer --best --by none --format tsv -o $@ $(call target,$*)
	$(call note,$(subst /,-,$*),$(call settings,$*))

# What there is of the table.
table: FORCE
	@for file in $(RUNS:%=$(OUT)/%.tsv); do [ ! -e $$file ] || echo $$file; done | \
	    LC_ALL=C awk -v out=$(OUT)/ -v logs='$(LOGS)' -v models='$(MODELS)' -v refuse='$(REFUSE_WIDE)' \
	    -v tsv=$(OUT)/table.tsv -v markdown=$(OUT)/table.md -f $(HERE)/table.awk >$(OUT)/table.txt
	@cat $(OUT)/table.txt
	@[ ! -s $(OUT)/failed.txt ] || sed 's/^/failed: /' $(OUT)/failed.txt

FORCE:
.PHONY: all runs table FORCE
