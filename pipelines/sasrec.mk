# SASRec (Kang & McAuley 2018) beside NARM, the same with counts, and baselines that count: by default
# on the clicks of RecSys 2015, raw or with a header, filtered and split as NARM's paper does
# (narm.mk).
#
#   make -f pipelines/sasrec.mk DATA=yoochoose-clicks.dat SEEDS='1 2 3'
#
# Deskdrop, with sessions by gaps of 30 minutes and filtered as in the thesis:
#
#   make -f pipelines/sasrec.mk DATA=users_interactions.csv SEEDS='1 2 3' \
#       SESSIONIZE='csv-sessionize --user personId --item contentId --time timestamp --max-events 39 --cut 20' \
#       FILTER='--min-sessions 3 --split user:0.8 --validation 0.1' EPOCHS=15 LR=0.005 DROPOUT=0.5 DECAY='--lr-decay cosine --warm-up 100' \
#       NARM='--lr 0.006 --dropout 0.5 --feature-dropout 0.7'
#
# The settings are those that were best on the validation part of these logs, with 100,000 of the
# clicks; the paper's are one head, LR=0.001 and DROPOUT=0.5, or 0.2 where items have many events.
#
#   SESSIONS  50 in a batch, some 100 to 150 targets
#   EARLIER   0; 30: predictions see as many events of the user's earlier sessions, for users who return
#             to items
#   NARM      NARM's settings beside the size of its embeddings

OUT ?= out/sasrec
EPOCHS ?= 8
EMBEDDING ?= 100
BLOCKS ?= 2
HEADS ?= 2
POSITIONS ?= 50
DROPOUT ?= 0.3
LR ?= 0.002
DECAY ?= --lr-decay cosine
EARLIER ?= 0
SESSIONS ?= 50
SESSIONIZE ?= csv-sessionize --preset yoochoose --keep-repeats --max-events 0 --cut 0
SPLIT ?= --split last-day --validation last-day
FILTER ?= --min-item-support 5 --once $(SPLIT) --drop-unseen
BATCH ?= --scheme sessions --batch $(SESSIONS) --history $(if $(filter-out 0,$(EARLIER)),15,0)
NARM ?= --lr 0.002 --dropout 0.5
TRAIN ?=
BASELINES ?= pop markov session-knn wide-ready
MODELS ?= narm wide sasrec sasrec-wide
WIDE_BATCH ?= --batch 34
NAMED ?= 1
AGAINST ?= sasrec

OPTIONS.narm = --model narm --gru reset-before --decoder tied --embedding $(EMBEDDING) $(NARM)
OPTIONS.sasrec = --model sasrec --embedding $(EMBEDDING) --blocks $(BLOCKS) --heads $(HEADS) \
    --max-positions $(POSITIONS) --earlier $(EARLIER) --dropout $(DROPOUT) --lr $(LR) $(DECAY) --attention $(ATTENTION)
OPTIONS.sasrec-wide = $(OPTIONS.sasrec) --wide

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
