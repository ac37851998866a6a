# HRNN (Quadrana et al. 2017) beside networks without users and baselines that count, on a log with
# users: by default that of Globo.  Preprocessing and split as in the paper: items of at least SUPPORT
# events, then sessions of at least EVENTS, then users of at least 5 sessions.  The last session of a
# user is the test part, without items that are never in training; the one before is the validation
# part.
#
#   make -f pipelines/hrnn.mk DATA=clicks.csv.xz SEEDS='1 2 3 4 5'
#
#   SUPPORT    20 as for the paper's XING, 10 as for VIDEO, 5 for smaller logs
#   EVENTS     3
#   UNITS      100 of each GRU, the paper's small networks
#   SEPARATOR=1 also RNN Concat with a separator between sessions, of which the paper says that it was no
#              better
#   LARGE=1    also the paper's large networks, of LARGE_UNITS=500
#   LOSS       '--loss top1', that of the paper, which is slow; '--loss bpr-max' and
#              '--loss cross-entropy --negatives 2000 --logq' are much faster
#   LR         0.01; small logs need more: 0.03 on some thousand sessions
#   OPTIMIZER  '--optimizer adagrad --lr LR'.  No momentum: 0.3 was no better on the validation part
#              of news
#   UNROLL     1, the steps in one update; more if earlier sessions predict much
#   USER_DROPOUT=0.5 or 0.7: dropout rate of HRNN's user state and first state of a session, instead
#              of the paper's, which suit a log whose users repeat items.  On a log of news HRNN Init
#              had recall@20 0.36 with the paper's, 0.38 with 0.5 and 0.40 with 0.7 on the validation
#              part.
#
# The paper's tables and figures, and their files here:
#   1        properties.txt
#   3        scores.txt, and against.txt: tests over users, against RNN and against RNN Concat
#   4        histories.txt: test sessions by the number of sessions before them
#   fig 3, 4 figures.txt: by the sessions before the test session, validation included
#   fig 5, 6 figures.txt: by phase, of sessions of 5 events and more
#   5        scores.txt with RANK_AMONG=50000
# The figures show medians over seeds, in 3 and 4 of means over test sessions; scores.txt and
# positions.txt have means over the targets of all seeds.

OUT ?= out/hrnn
EPOCHS ?= 10
SUPPORT ?= 20
EVENTS ?= 3
UNITS ?= 100
LARGE_UNITS ?= 500
SESSIONIZE ?= csv-sessionize --preset globo --max-events 0 --cut 0
SPLIT ?= --split last-session --validation last-session
FILTER ?= --min-item-support $(SUPPORT) --once --min-events $(EVENTS) --min-sessions 5 $(SPLIT) --drop-unseen
SLOTS ?= --batch 100
LR ?= 0.01
LOSS ?= --loss top1
OPTIMIZER ?= --optimizer adagrad --lr $(LR)
UNROLL ?= 1
TRAIN ?= $(LOSS) $(OPTIMIZER) --unroll $(UNROLL)
BASELINES ?= pop ppop item-knn markov wide-ready
SMALL := rnn rnn-concat $(if $(SEPARATOR),rnn-concat-separator) hrnn-all hrnn-init
MODELS ?= $(SMALL) $(if $(LARGE),$(SMALL:%=%-large))
NAMED ?= 1
SCORE ?= --at 5,20 --precision
BEST_BY ?= recall@5
BY ?= history,phase
AGAINST ?= rnn rnn-concat

small := --embedding $(UNITS) --hidden $(UNITS)
large := --embedding $(LARGE_UNITS) --hidden $(LARGE_UNITS)
more := $(if $(USER_DROPOUT),--user-dropout $(USER_DROPOUT) --start-dropout $(USER_DROPOUT))

# Dropout rates of the user's state, the session's state and a session's first state, from table 2 of
# the paper; the available text of the paper has no rates for RNN.
OPTIONS.item-knn = --neighbours 300
OPTIONS.rnn = --model rnn $(small) --dropout 0.1
OPTIONS.rnn-concat = $(OPTIONS.rnn) --join-sessions
OPTIONS.rnn-concat-separator = $(OPTIONS.rnn-concat) --separator
OPTIONS.hrnn-all = --model hrnn --propagate all $(small) --user-dropout 0.1 --dropout 0.1 --start-dropout 0.2 $(more)
OPTIONS.hrnn-init = --model hrnn --propagate init $(small) --user-dropout 0 --dropout 0.1 --start-dropout 0 $(more)
OPTIONS.rnn-large = --model rnn $(large) --dropout 0.2
OPTIONS.rnn-concat-large = $(OPTIONS.rnn-large) --join-sessions
OPTIONS.rnn-concat-separator-large = $(OPTIONS.rnn-concat-large) --separator
OPTIONS.hrnn-all-large = --model hrnn --propagate all $(large) --user-dropout 0 --dropout 0.2 --start-dropout 0.2 $(more)
OPTIONS.hrnn-init-large = --model hrnn --propagate init $(large) --user-dropout 0.1 --dropout 0.2 --start-dropout 0.2 $(more)
# Those with --wide too, whose input table.mk takes from the model's without.
$(foreach m,$(sort $(MODELS) $(MODELS:%-wide=%)),$(eval INPUT.$(m) = $(if $(filter rnn rnn-large,$(m)),session,user)-parallel))

EXTRA = $(OUT)/properties.txt $(OUT)/histories.txt $(OUT)/figures.txt

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
include $(HERE)rules.mk

$(OUT)/properties.txt: $(OUT)/split.mp
	$(BIN)/spcat $< | LC_ALL=C awk -f $(HERE)hrnn-properties.awk $(whole)

$(OUT)/histories.txt $(OUT)/histories.tsv &: $(OUT)/split.mp
	$(BIN)/spcat $< | LC_ALL=C awk -v users=$(OUT)/histories.tsv.now -f $(HERE)hrnn-histories.awk >$(OUT)/histories.txt.now
	@cd $(OUT) && mv histories.tsv.now histories.tsv && mv histories.txt.now histories.txt

$(OUT)/users.tsv $(OUT)/phases.tsv: $(OUT)/%s.tsv: $(MODEL_RUNS)
	$(scorer) --best --by $* --format tsv $(call names,$(MODELS)) -o $@ $^

$(OUT)/figures.txt: $(OUT)/histories.tsv $(OUT)/users.tsv $(OUT)/phases.tsv
	LC_ALL=C awk -f $(HERE)hrnn-figures.awk $^ $(whole)
