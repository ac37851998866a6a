# The ways of training of Tan et al. 2016 on the newest fractions of the training sessions, beside
# GRU4Rec and counts: by default on the clicks of RecSys 2015, raw or with a header, filtered and split
# as NARM's paper does (narm.mk).
#
#   make -f pipelines/tan.mk DATA=yoochoose-clicks.dat FRACTIONS='256 64 16 4 1' SEEDS='1 2 3'
#
# FRACTIONS are those of the paper: N trains on the newest 1/N of the training sessions.  Items, tests and
# validation are those of the whole log for all of them.
#
#   gru-N  GRU4Rec (Hidasi et al. 2016), with SLOTS and the options in GRU
#   m1-N   the improved network: every beginning of a session, items left out
#   m2-N   m1-1, which has all sessions, goes on with the fraction, at the rate TUNE_LR
#   m3-N   m1 with a teacher of the same fraction that reads sessions from their end; TEACHER has its share
#   m4-N   predicts the embeddings of m1-N, at the rate AIM_LR
#
# OUT/table.txt has a row for each fraction, with recall@20 and MRR@20 of each way in the test, at the
# epoch that is best in validation, as means over seeds.
#
#   DECODER   tied, which was better than the paper's dense in validation with 100,000 of the clicks, as
#             were LR, DROPOUT, TUNE_LR and TEACHER, of two or three values each
#   SESSIONS  50 in a batch, some 150 targets

OUT ?= out/tan
EPOCHS ?= 10
FRACTIONS ?= 16 4 1
EMBEDDING ?= 50
HIDDEN ?= 100
DECODER ?= tied
DROPOUT ?= 0.5
ITEM_DROPOUT ?= 0.25
LR ?= 0.005
TUNE_LR ?= 0.0003
AIM_LR ?= 0.005
TEACHER ?= --teacher-weight 0.2 --teacher-temperature 2
GRU ?= --loss top1 --optimizer adagrad --lr 0.05 --embedding $(EMBEDDING) --hidden $(HIDDEN)
SESSIONIZE ?= csv-sessionize --preset yoochoose --keep-repeats --max-events 0 --cut 0
SPLIT ?= --split last-day --validation last-day
FILTER ?= --min-item-support 5 --once $(SPLIT) --drop-unseen
SESSIONS ?= 50
BATCH ?= --scheme sessions --batch $(SESSIONS) --history 0
SLOTS ?= --batch 50
TRAIN ?=
BASELINES ?= pop markov session-knn wide-ready
WAYS ?= gru m1 m2 m3 m4
MODELS ?= $(foreach n,$(FRACTIONS),$(filter-out m2-1,$(WAYS:%=%-$(n))))
NAMED ?= 1

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
EXTRA = $(OUT)/table.txt

improved = --model improved --embedding $(EMBEDDING) --hidden $(HIDDEN) --dropout $(DROPOUT) \
    --item-dropout $(ITEM_DROPOUT)
scored = $(improved) --decoder $(DECODER)

define ways
OPTIONS.gru-$(1) = --model rnn $$(GRU)
OPTIONS.m1-$(1) = $$(scored) --lr $$(LR)
OPTIONS.m2-$(1) = $$(scored) --lr $$(TUNE_LR) --init /dev/fd/3
OPTIONS.m3-$(1) = $$(scored) --lr $$(LR) --teacher /dev/fd/3 $$(TEACHER)
OPTIONS.m4-$(1) = $$(improved) --lr $$(AIM_LR) --decoder embedding --init-some /dev/fd/3 --freeze item_embedding
OPTIONS.teacher-$(1) = $$(OPTIONS.m1-$(1))
FROM.m2-$(1) = m1-1
FROM.m3-$(1) = teacher-$(1)
FROM.m4-$(1) = m1-$(1)
INPUT.gru-$(1) = slots-$(1)
INPUT.teacher-$(1) = reversed-$(1)
$$(foreach m,m1 m2 m3 m4,$$(eval INPUT.$$(m)-$(1) = newest-$(1)))
endef
$(foreach n,$(sort 1 $(FRACTIONS)),$(eval $(call ways,$(n))))

include $(HERE)rules.mk

define batches_of
newest-$(1) = $$(batches) --train-recent 1/$(1)
reversed-$(1) = $$(newest-$(1)) --reverse
slots-$(1) = $$(session-parallel) --train-recent 1/$(1)
endef
$(foreach n,$(sort 1 $(FRACTIONS)),$(eval $(call batches_of,$(n))))
$(foreach n,$(sort 1 $(FRACTIONS)),$(foreach b,newest reversed slots,$(eval $(call batches_rule,$(b)-$(n)))))

$(OUT)/table.txt: $(OUT)/scores.tsv
	LC_ALL=C awk -v ways='$(WAYS)' -v fractions='$(FRACTIONS)' -f $(HERE)tan-table.awk $< $(whole)
