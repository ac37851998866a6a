# Rules that all pipelines share: from a raw log to a table of models and baselines.
#
# A pipeline sets its own values and includes this file.  Every stream is a target: complete files are
# not made again unless their log or their options have changed; interrupted ones are.  Variables, on the
# command line or in the environment:
#
#   DATA    the raw log, plain or as .xz, .gz, .zst       OUT     folder for everything made
#   SEEDS   one run of each model for each: "1 2 3"       EPOCHS  passes over the training part
#   JOBS    number of programs that run at once           THREADS of each of them
#   DEVICE  auto, cpu, cuda                               BIN     where the programs are

SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

BIN ?= $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/../bin
SEEDS ?= 1
THREADS ?= $(shell n=$$(($$(nproc) / $(or $(JOBS),1))); echo $$((n ? n : 1)))
DEVICE ?= auto
TEST_FROM ?= 1
# The number of sessions of each test pass whose attention is written for the figures.
ATTENTION ?= 500
MAKEFLAGS += $(if $(JOBS),-j$(JOBS))

BASELINES ?= pop ppop markov wide-ready
# A baseline is its --model, but for those that are called otherwise.
COUNTS.wide-ready = wide
counts = $(or $(COUNTS.$(1)),$(1))
# A model is a name and its options, in OPTIONS.<name>; a baseline may have options too.  SCORE names
# the scores, BEST_BY the one that selects the epoch, BY the groups of the breakdown, and AGAINST models
# and baselines against which every model is tested over users.  With NAMED=1 tables have the names of
# models here instead of their options.  RANK_AMONG=N ranks among the N most frequent items only.  EXTRA
# names further files to make.  LOG is the name of the log in the title of the page: that of the file
# unless it is given.
LOG ?= $(firstword $(subst ., ,$(notdir $(DATA))))
BEST_BY ?= recall@20
BY ?= position
MODELS ?= ii-rnn ii-rnn-hidden-delta wide
OPTIONS.ii-rnn ?= --model ii-rnn
OPTIONS.ii-rnn-hidden-delta ?= --model ii-rnn --inter hidden,delta --attention $(ATTENTION)
OPTIONS.wide ?= --model wide
TRAIN.wide ?=
INPUT.wide ?= wide-batches
# A wide part has few weights: it learns from small batches, of some 100 targets.  Of 100 or 200 targets
# and 7 or 14 passes these were best on the validation parts of four logs.
WIDE_EPOCHS ?= 14
WIDE_BATCH ?= --batch 20

include $(dir $(lastword $(MAKEFILE_LIST)))files.mk

BASELINE_RUNS := $(BASELINES:%=$(OUT)/%.mp)
model_runs = $(SEEDS:%=$(OUT)/$(1).%.mp)
MODEL_RUNS := $(foreach m,$(MODELS),$(call model_runs,$(m)))
AMONG = $(if $(RANK_AMONG),--rank-among $(RANK_AMONG))
scorer = $(BIN)/scorer --best-by $(BEST_BY) $(SCORE)
names = $(if $(NAMED),$(1:%=--name %))
train = $(if $(filter undefined,$(origin TRAIN.$(1))),$(TRAIN),$(TRAIN.$(1)))

# A pipeline's own bases count where they are among the models that were chosen, and not alone.
bases := $(if $(word 2,$(BASELINES) $(MODELS)),$(filter $(if $(BASELINES),best-baseline) $(BASELINES) $(MODELS),$(AGAINST)))
$(if $(filter command environment,$(origin AGAINST)),$(foreach b,$(filter-out $(bases),$(AGAINST)),$(error \
    AGAINST=$(b): neither BASELINES nor MODELS has it)))

all: $(OUT)/scores.txt $(OUT)/positions.txt $(OUT)/scores.tsv $(OUT)/attention.html $(if $(bases),$(OUT)/against.txt) $(EXTRA)
	@echo; cat $<; echo; echo 'the same as a page, with learning curves and with what models attend to: $(OUT)/attention.html'
	$(AFTER)

ifdef DATA
# A pipeline may make its log itself.
$(if $(filter file,$(origin DATA)),,$(call given,DATA))
$(OUT)/sessions.mp: $(DATA) $(call other,sessions.mp,$(DATA) $(SESSIONIZE))
	@mkdir -p $(@D)
	$(BIN)/$(SESSIONIZE) -o $@ $<
	$(call note,$(@F),$(DATA) $(SESSIONIZE))
else
$(OUT)/sessions.mp:
	@echo 'name the raw log: make -f $(firstword $(MAKEFILE_LIST)) DATA=FILE' >&2; exit 64
endif

$(OUT)/split.mp: $(OUT)/sessions.mp $(call other,split.mp,$(FILTER))
	$(BIN)/tfilter $(FILTER) -o $@ $<
	$(call note,$(@F),$(FILTER))

# One file of batches for all models and seeds: the sessions, and which of them come together.
batches = --epochs $(EPOCHS) --test-from $(TEST_FROM) $(BATCH)
# The same with other sizes, for models whose INPUT.<model> is wide-batches.
wide-batches = --epochs $(WIDE_EPOCHS) --test-from $(TEST_FROM) $(BATCH) $(WIDE_BATCH)
# Sessions in any order, for models that need no other.
mixed-batches = $(batches) --scheme sessions
# Models over parallel mini-batches name their scheme in INPUT.<model>.
session-parallel = --scheme session-parallel --epochs $(EPOCHS) --test-from $(TEST_FROM) $(SLOTS)
user-parallel = --scheme user-parallel --epochs $(EPOCHS) --test-from $(TEST_FROM) $(SLOTS)
define batches_rule
$(OUT)/$(1).mp: $(OUT)/split.mp $(call other,$(1).mp,$($(1)))
	$(BIN)/batcher $$($(1)) -o $$@ $$<
	$$(call note,$$(@F),$$($(1)))
endef
$(foreach b,batches wide-batches mixed-batches session-parallel user-parallel,$(eval $(call batches_rule,$(b))))

count = --model $(call counts,$(1)) $(OPTIONS.$(1)) $(AMONG)
$(foreach b,$(BASELINES),$(eval $(OUT)/$(b).mp: $(call other,$(b).mp,$(call count,$(b)))))
$(BASELINE_RUNS): $(OUT)/%.mp: $(OUT)/split.mp
	$(BIN)/baseline $(call count,$*) --threads $(THREADS) -o $@ $<
	$(call note,$(@F),$(call count,$*))

# A model whose FROM.<model> names another one has the file of that, of the same seed, as /dev/fd/3.  The
# name of the file would have the seed: so in tables the runs of all seeds are one model.
learn = $(OPTIONS.$(1)) $(call train,$(1)) $(AMONG)
define model_rule
$(foreach s,$(SEEDS),$(OUT)/$(1).$(s).mp $(OUT)/$(1).$(s).safetensors: $(call other,$(1).$(s),$(call learn,$(1)))
)
$(OUT)/$(1).%.mp $(OUT)/$(1).%.safetensors: $(OUT)/$(or $(INPUT.$(1)),batches).mp $(FROM.$(1):%=$(OUT)/%.%.safetensors)
	$(BIN)/trainer $$(call learn,$(1)) --seed $$* --device $(DEVICE) --threads $(THREADS) \
	    --save $(OUT)/$(1).$$*.safetensors -o $(OUT)/$(1).$$*.mp $$< $(FROM.$(1):%=3<$(OUT)/%.$$*.safetensors)
	$$(call note,$(1).$$*,$$(call learn,$(1)))
endef
known = $(sort $(filter-out $(BASELINES),$(patsubst OPTIONS.%,%,$(filter OPTIONS.%,$(.VARIABLES)))))
$(foreach m,$(MODELS),$(if $(filter undefined,$(origin OPTIONS.$(m))),$(error \
    MODELS: no OPTIONS.$(m) says what $(m) is; here are $(known))))
others = $(foreach m,$(MODELS),$(FROM.$(m)))
$(foreach m,$(sort $(MODELS) $(others)),$(eval $(call model_rule,$(m))))
# They stay, as all that is made does.  Without a name, .SECONDARY would be all files, and none that is
# gone would be made again.
ifneq ($(strip $(others)),)
.SECONDARY: $(foreach s,$(SEEDS),$(others:%=$(OUT)/%.$(s).safetensors))
endif

# What the tables show.
shown = $(BASELINES) $(MODELS) $(SEEDS) $(BEST_BY) $(SCORE) $(BY) $(AGAINST) $(NAMED) $(LOG)
runs = $(filter %.mp,$^)
TABLES_MADE := $(addprefix $(OUT)/,scores.txt positions.txt groups.txt scores.tsv attention.html against.txt)
$(foreach t,$(TABLES_MADE) $(OUT)/best-baseline,$(eval $(t): $(call other,$(notdir $(t)),$(shown))))
$(TABLES_MADE): $(BASELINE_RUNS) $(MODEL_RUNS)

$(OUT)/scores.txt:
	$(scorer) --best $(call names,$(BASELINES) $(MODELS)) -o $@ $(runs)
	$(call note,$(@F),$(shown))

$(OUT)/positions.txt:
	$(scorer) --best --by $(BY) $(call names,$(BASELINES) $(MODELS)) -o $@ $(runs)
	$(call note,$(@F),$(shown))

# What groups of targets have, beside the baseline that is best there: those of cold users and the first of
# sessions, those that the user had before and those that are new to the user.
GROUPS_AWK := $(dir $(lastword $(MAKEFILE_LIST)))groups.awk
groups: $(OUT)/groups.txt
	@cat $<

$(OUT)/groups.txt:
	$(scorer) --best --by cold,position,repeat --format tsv $(call names,$(BASELINES) $(MODELS)) $(runs) | \
	    LC_ALL=C awk -v baselines=$(words $(BASELINES)) -f $(GROUPS_AWK) $(whole)
	$(call note,$(@F),$(shown))

$(OUT)/best-baseline: $(BASELINE_RUNS)
	$(scorer) --pick -o $@ $(runs)
	$(call note,$(@F),$(shown))

# One table for each base, with all its runs.
base_of = $(if $(filter best-baseline,$(1)),$(basename $(notdir $(shell cat $(OUT)/best-baseline))),$(1))
runs_of = $(if $(filter $(1),$(MODELS)),$(call model_runs,$(1)),$(OUT)/$(1).mp)
define against
$(scorer) --best --by none $(call names,$(1) $(filter-out $(1),$(BASELINES) $(MODELS))) \
	    --against <(cat $(call runs_of,$(1))) $(filter-out $(call runs_of,$(1)),$(runs)) >>$@.now

endef
$(OUT)/against.txt: | $(if $(filter best-baseline,$(bases)),$(OUT)/best-baseline)
	@rm -f $@.now
	$(foreach base,$(bases),$(call against,$(call base_of,$(base))))
	@mv $@.now $@
	$(call note,$(@F),$(shown))

$(OUT)/scores.tsv:
	$(scorer) --format tsv $(call names,$(BASELINES) $(MODELS)) -o $@ $(runs)
	$(call note,$(@F),$(shown))

$(OUT)/attention.html:
	$(BIN)/attnviz --html --best-by $(BEST_BY) $(if $(LOG),--log $(call quoted,$(LOG))) $(call names,$(BASELINES) $(MODELS)) -o $@ $(runs)
	$(call note,$(@F),$(shown))

clean:
	rm -rf $(OUT)

.PHONY: all clean groups
