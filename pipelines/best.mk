# Any log to its best model: networks over counts alone, with a deep part and without, and baselines,
# of which the one that is best on the validation part is chosen.  The test part has no say in it.
#
#   make -f pipelines/best.mk DATA=log.csv SESSIONIZE='csv-sessionize --user who --item what --time when'
#
#   SESSIONIZE  the program that reads the log, and its options
#   FILTER      what is kept, and the split, which needs a validation part; of a log without users, in which
#               each session is a user of its own: '--split last-day --validation last-day'
#   MODELS, BASELINES  among which to choose
#   SEEDS       "1 2 3": the choice is among all runs
#   NETWORKS    those that are tried alone and with a wide part
#   EARLIER     how many events of earlier sessions sasrec-earlier sees
#   ONLINE      what counts in tests beside the training part: user, for baselines the user's own
#               sessions that ended before; all, for baselines and wide parts all that ended before
#
# It writes scores.txt, the scores of all on the test part; against.txt, where each is tested over users
# against the best baseline; attention.html, the same as a page; best, the name of the file with the
# winner's predictions; and best.safetensors, a link to its model, unless a baseline has won.
# The target groups prints groups.txt: what cold users, first targets, repeats and new items have.
#
# Networks see the user's sessions up to the one that they predict, also those of the test part, and so
# do the baselines here.

OUT ?= out/best
EPOCHS ?= 10
SESSIONIZE ?= lfm-sessionize
FILTER ?= --min-sessions 3 --split user:0.8 --validation 0.1
BATCH ?= --batch 40
TRAIN ?= --embedding 100 --dropout 0.5 --lr 0.003 --lr-decay cosine --clip 1
EARLIER ?= 30
NAMED ?= 1
AGAINST ?= best-baseline
BASELINES ?= pop ppop ppop-decay markov item-knn session-knn vstan wide-ready
ONLINE ?= user
$(foreach b,$(if $(filter all,$(ONLINE)),$(BASELINES),$(filter-out pop s-pop,$(BASELINES))),$(eval OPTIONS.$(b) ?= --online $(ONLINE)))

# Of equal scores the first counts: smaller models come before larger ones.
NETWORKS ?= stamp narm sasrec sasrec-earlier
MODELS ?= wide $(NETWORKS:%=%-wide) ii-rnn-wide ii-rnn $(NETWORKS)
OPTIONS.ii-rnn = --model ii-rnn --inter hidden,delta --attention $(ATTENTION)
OPTIONS.narm = --model narm --gru reset-before --decoder tied --attention $(ATTENTION)
OPTIONS.stamp = --model stamp --item-dropout 0.2 --attention $(ATTENTION)
OPTIONS.sasrec = --model sasrec --attention $(ATTENTION)
OPTIONS.sasrec-earlier = $(OPTIONS.sasrec) --earlier $(EARLIER)
ONLINE_WIDE = $(if $(filter all,$(ONLINE)),--online)
OPTIONS.wide = --model wide $(ONLINE_WIDE)
$(foreach n,$(NETWORKS) ii-rnn,$(eval OPTIONS.$(n)-wide = $$(OPTIONS.$(n)) --wide $$(ONLINE_WIDE)))
TRAIN.stamp ?= $(TRAIN) --lr 0.01
TRAIN.stamp-wide ?= $(TRAIN.stamp)
$(foreach n,$(NETWORKS),$(eval INPUT.$(n) = mixed-batches)$(eval INPUT.$(n)-wide = mixed-batches))
# ii-rnn remembers sessions, and has to have read them all in order.
INPUT.ii-rnn-wide = wide-batches

EXTRA = $(OUT)/best

name_in = $(basename $(notdir $(shell cat $(OUT)/$(1))))
counting = it counts, and has no model file: baseline --model $(strip $(call counts,$(1)) $(OPTIONS.$(1)))
serving = $(if $(filter wide-ready,$(1)),it is ready-made: recommender and predictor use it without --model,$(call counting,$(1)))
AFTER = @printf '%s\n' $(if $(bases),'each tested over users against $(foreach b,$(bases),$(call base_of,$(b))): $(OUT)/against.txt') \
    'best on the validation part: $(shell cat $(OUT)/best)' \
    '$(if $(shell ls $(OUT)/best.safetensors 2>/dev/null),its model: $(OUT)/best.safetensors,$(call serving,$(call name_in,best)))'

ifeq ($(findstring --validation,$(FILTER)),)
$(error the choice needs a validation part: FILTER='$(FILTER) --validation 0.1', or another of tfilter's)
endif

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk

$(OUT)/best: $(BASELINE_RUNS) $(MODEL_RUNS) $(call other,best,$(shown))
	rm -f $(OUT)/best.safetensors
	run=$$($(scorer) --pick $(runs)); model=$$(basename $$run .mp).safetensors; \
	    [ ! -e $(OUT)/$$model ] || ln -s $$model $(OUT)/best.safetensors; echo $$run $(whole)
	$(call note,$(@F),$(shown))
