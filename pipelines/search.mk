# The best settings of a model on any log: all combinations of the values in GRID, or some of them
# drawn at random, each a run, of which the one that is best on the validation part is chosen.
#
#   make -f pipelines/search.mk DATA=log.tsv MODEL='--model sasrec' \
#       GRID='--lr 0.003|0.01 --dropout 0.2|0.5 --embedding 50|100' DRAWS=4
#
#   GRID    options of trainer, each with its values and | between them
#   DRAWS   how many combinations to try, drawn with DRAW_SEED; without it all
#   MODEL   options that all runs share        SEEDS    runs of each combination: "1 2 3"
#   SESSIONIZE, FILTER, BATCH, EPOCHS          as in the other pipelines; FILTER with a validation part
#   JOBS    runs at once                       THREADS  of each of them
#   SSHLOGIN  hosts that share them, as GNU parallel takes them, which have the programs on their PATH;
#           runs of one that cannot be reached go to the others
#
# It writes search.tsv, all runs with their scores on the validation part, the best first; best, the
# name of the best run's predictions; best.txt, its scores on the test part, in which the choice had
# no say; and best.safetensors, a link to its model.  Runs that are there are not made again, so that
# a search that was stopped goes on, and one with a larger grid makes what is new; with another log or
# other options all are made again.  A run that fails is named in failed.txt, the others go on, and it is
# tried again the next time.

SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

BIN ?= $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/../bin
OUT ?= out/search
SESSIONIZE ?= lfm-sessionize
FILTER ?= --min-sessions 3 --split user:0.8 --validation 0.1
BATCH ?= --batch 40
EPOCHS ?= 10
MODEL ?= --model ii-rnn
GRID ?= --lr 0.001|0.003|0.01 --dropout 0|0.2|0.5 --embedding 50|100
DRAWS ?=
DRAW_SEED ?= 1
SEEDS ?= 1
BEST_BY ?= recall@20
DEVICE ?= auto
JOBS ?= $(shell nproc)
THREADS ?= $(shell n=$$(($$(nproc) / $(JOBS))); echo $$((n ? n : 1)))
WORKDIR ?= sesspipe

all: $(OUT)/best.txt $(OUT)/search.tsv
	@cat $(OUT)/search.tsv; echo; cat $<; [ ! -e $(OUT)/failed.txt ] || { echo; cat $(OUT)/failed.txt; }

ifeq ($(findstring --validation,$(FILTER)),)
$(error the choice needs a validation part: FILTER='$(FILTER) --validation 0.1', or another of tfilter's)
endif
ifndef DATA
$(error name the raw log: make -f $(firstword $(MAKEFILE_LIST)) DATA=FILE)
endif
include $(dir $(lastword $(MAKEFILE_LIST)))files.mk
$(call given,DATA)

$(OUT)/sessions.mp: $(DATA) $(call other,sessions.mp,$(DATA) $(SESSIONIZE))
	@mkdir -p $(@D)
	$(BIN)/$(SESSIONIZE) -o $@ $<
	$(call note,$(@F),$(DATA) $(SESSIONIZE))

$(OUT)/split.mp: $(OUT)/sessions.mp $(call other,split.mp,$(FILTER))
	$(BIN)/tfilter $(FILTER) -o $@ $<
	$(call note,$(@F),$(FILTER))

# Runs that are older than the batches are made again, as all have to be where MODEL has changed.
$(OUT)/batches.mp: $(OUT)/split.mp $(call other,batches.mp,$(EPOCHS) $(BATCH) $(MODEL))
	$(BIN)/batcher --epochs $(EPOCHS) $(BATCH) -o $@ $<
	$(call note,$(@F),$(EPOCHS) $(BATCH) $(MODEL))

# A line for each run: the name of its files, without what parallel would quote for hosts, and its options.
define combine
{ gsub(/[|]/, " | "); count = split($$0, word, " "); runs = 1; line[1] = ""
  for (i = 1; i <= count; i++) {
      if (word[i] == "|") continue
      if (word[i] ~ /^--/ && !(word[i] in met)) { option = word[i]; met[option]; values = 0; first = runs; \
          for (r = 1; r <= runs; r++) before[r] = line[r]; continue }
      for (r = 1; r <= first; r++) line[values * first + r] = before[r] " " option " " word[i]
      runs = ++values * first
  }
  for (r = 1; r <= runs; r++) print line[r] }
endef
export combine GRID
$(OUT)/runs: FORCE | $(OUT)/batches.mp
	@printf '%s\n' "$$GRID" | awk "$$combine" $(if $(DRAWS),| shuf -n $(DRAWS) --random-source=<(yes $(DRAW_SEED))) | \
	    while read -r options; do for seed in $(SEEDS); do \
	        name=$$(printf '%s' "$$options" | sed 's/^--//; s/ --/_/g; s/ /-/g; s/[^a-zA-Z0-9._-]/_/g'); \
	        printf '%s\t%s\n' "$(OUT)/$$name.$$seed" "$$options --seed $$seed"; done; done >$@.now
	@! cut -f 1 $@.now | sort | uniq -d | grep . || { echo 'two runs have that name: GRID has a value twice' >&2; exit 64; }
	@if cmp -s $@.now $@; then rm $@.now; else mv $@.now $@; fi

RUN = $(if $(SSHLOGIN),,$(BIN)/)trainer --quiet $(MODEL) --device $(DEVICE) --threads $(THREADS) {=2 uq() =} \
    --save {1}.safetensors -o {1}.mp $(OUT)/batches.mp || true
HOSTS = $(if $(SSHLOGIN),--sshlogin $(SSHLOGIN) --retries 3 --workdir $(WORKDIR) --basefile $(OUT)/batches.mp --return {1}.mp --return {1}.safetensors)
# Those that have failed are tried again; what is of other batches goes first.  A run whose host cannot
# be reached goes to another.  It has failed where either of its files is not here at the end, be the
# reason its own, its host's or the network's.
$(OUT)/tried: $(OUT)/runs $(OUT)/batches.mp $(if $(wildcard $(OUT)/failed.txt),.other)
	@rm -f $@ $(OUT)/failed.txt
	@while IFS=$$'\t' read -r run options; do [ "$$run.mp" -nt $(OUT)/batches.mp ] || \
	    { rm -f "$$run.mp" "$$run.safetensors"; printf '%s\t%s\n' "$$run" "$$options"; }; done <$< >$(OUT)/wanted
	parallel --will-cite --colsep '\t' --jobs $(JOBS) $(HOSTS) $(call quoted,$(RUN)) <$(OUT)/wanted || true
	@while IFS=$$'\t' read -r run options; do [ -e "$$run.mp" ] && [ -e "$$run.safetensors" ] || \
	    { rm -f "$$run.mp"; echo "failed: $$options" >>$(OUT)/failed.txt; }; done <$(OUT)/wanted
	@rm $(OUT)/wanted
	touch $@

made = $$(while read -r run _; do [ ! -e "$$run.mp" ] || echo "$$run.mp"; done <$(OUT)/runs)

$(OUT)/best: $(OUT)/tried $(call other,best,$(BEST_BY))
	@[ -n "$(made)" ] || { cat $(OUT)/failed.txt; echo 'no run has a result: their messages are above'; exit 1; } >&2
	run=$$($(BIN)/scorer --best-by $(BEST_BY) --pick $(made)); \
	    ln -sf "$$(basename "$$run" .mp).safetensors" $(OUT)/best.safetensors; echo "$$run" $(whole)
	$(call note,$(@F),$(BEST_BY))

$(OUT)/best.txt: $(OUT)/best
	$(BIN)/scorer --best-by $(BEST_BY) --best --by none -o $@ "$$(cat $<)"

# Of each run's lines the first is that of its best epoch over all targets.
$(OUT)/search.tsv: $(OUT)/best
	{ printf 'validation %s\tepoch\toptions\n' $(BEST_BY); \
	    $(BIN)/scorer --best-by $(BEST_BY) --best --by none --format tsv $(made) | awk -F '\t' -v OFS='\t' -v runs=$(OUT)/runs ' \
	    BEGIN { while ((getline line <runs) > 0) { split(line, field, "\t"); \
	        if ((getline first <(field[1] ".mp")) >= 0) options[count++] = field[2] } } \
	    NR == 1 { for (i = 1; i <= NF; i++) at[$$i] = i; next } \
	    { print $$at["selection_score"], $$at["epoch"], options[$$at["run"]] }' | LC_ALL=C sort -s -k 1,1gr; } $(whole)

FORCE:
.PHONY: all FORCE
