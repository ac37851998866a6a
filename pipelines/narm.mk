# NARM (Li et al. 2017) beside recurrent networks, factors and baselines that count: by default on the
# clicks of RecSys 2015, raw or with a header.  Preprocessing and split as in the paper: sessions of at
# least 2 clicks, items of at least 5; the last day is the test part, the day before the validation
# part.
#
#   make -f pipelines/narm.mk DATA=yoochoose-clicks.dat FRACTION=1/64 SEEDS='1 2 3 4 5'
#
#   FRACTION  1/64, 1/4: train on the newest part of the training sessions
#   SPLIT     --split last-week --validation last-week as for DIGINETICA, or other options of tfilter
#   HIDDEN    100, the size of states; models named -50 have half of it
#   SESSIONS  160 in a batch: about as many targets as the paper's batch of 512 beginnings of sessions
#   LR        0.001 as in the paper, which has at least 700 updates in an epoch; with ten thousand
#             sessions 0.01 was better on the validation part, with three thousand SESSIONS=50 too
#   GRU_LR    of GRU-Rec: 0.05, or 0.01 if scores fall after an epoch
#   EPOCHS    10; the paper has 30
#
# Test items that are not in the whole training part are dropped.  Items that are only missing in the
# FRACTION are kept, as in the paper: no model can predict them, and they count as missed.  Items that
# only older training sessions have are no candidates: the paper's table 1 counts 16,766 items for 1/64,
# 29,618 for 1/4, and its baselines learn from the fraction as well (POP has another score for each).  So
# tfilter --recent behind the split takes the fraction, and not batcher --train-recent, which keeps all
# items and leaves the baselines the whole training part.
#
# The paper's tables, and their files here:
#   2     scores.txt: narm-dense beside narm
#   3     scores.txt, and against.txt: tests over users, who are sessions where a log has no users
#   4     scores.txt: narm-global, narm-local, narm
#   5     lengths.txt: its lengths are the number of events before the target, the position
# The tables also have markov, session-knn and the ready-made wide model; for logs with users add ppop
# to BASELINES.

OUT ?= out/narm
EPOCHS ?= 10
EMBEDDING ?= 50
HIDDEN ?= 100
SESSIONIZE ?= csv-sessionize --preset yoochoose --keep-repeats --max-events 0 --cut 0
SPLIT ?= --split last-day --validation last-day
FRACTION ?= 1
FILTER ?= --min-item-support 5 --once $(SPLIT) --drop-unseen --recent $(FRACTION)
SESSIONS ?= 160
LR ?= 0.001
GRU_LR ?= 0.05
BATCH ?= --scheme sessions --batch $(SESSIONS) --history 0
SLOTS ?= --batch 100
TRAIN ?=
BASELINES ?= pop s-pop item-knn session-knn markov wide-ready
MODELS ?= bpr-mf fpmc gru-rec improved-gru-rec narm-global-50 narm-local-50 narm-50 narm-global narm-local narm-dense narm
NAMED ?= 1
SCORE ?= --at 5,20
BY ?= position,length
AGAINST ?= narm

narm = --model narm --gru reset-before --lr $(LR) --dropout 0.25 --embedding $(EMBEDDING) --hidden $(HIDDEN)
half = --hidden $(shell echo $$(($(HIDDEN) / 2)))
OPTIONS.bpr-mf = --model bpr-mf --optimizer adagrad --lr 0.5 --embedding $(HIDDEN)
OPTIONS.fpmc = --model fpmc --optimizer adagrad --lr 0.1 --embedding $(HIDDEN)
OPTIONS.gru-rec = --model rnn --loss top1 --optimizer adagrad --lr $(GRU_LR) --embedding $(HIDDEN) --hidden $(HIDDEN)
OPTIONS.narm-global = $(narm) --encoder global --decoder bilinear
OPTIONS.narm-local = $(narm) --encoder local --decoder bilinear
OPTIONS.narm-dense = $(narm) --encoder hybrid --decoder dense
OPTIONS.narm = $(narm) --encoder hybrid --decoder bilinear --attention $(ATTENTION)
$(foreach m,narm narm-global narm-local,$(eval OPTIONS.$(m)-50 = $$(OPTIONS.$(m)) $$(half)))
# Tan et al. 2016: all beginnings of sessions, of which items are left out, cross-entropy.
OPTIONS.improved-gru-rec = --model improved --gru reset-before --lr $(LR) --embedding $(EMBEDDING) --hidden $(HIDDEN)
INPUT.gru-rec = session-parallel

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
EXTRA = $(if $(filter improved-gru-rec,$(MODELS)),$(OUT)/lengths.txt)

include $(HERE)rules.mk

$(OUT)/lengths.txt: $(OUT)/scores.tsv
	LC_ALL=C awk -v base=improved-gru-rec -v model=narm -f $(HERE)narm-lengths.awk $< $(whole)
