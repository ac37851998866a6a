# NARM (Li et al. 2017) beside recurrent networks and what counts: clicks of RecSys 2015, raw or with
# a header, items of at least 5 clicks, the last day tested on items that training has seen.
# FRACTION=1/64 and 1/4 train on the newest part, as the paper does on the whole log.  Tables 3 and 4
# are in scores.txt, table 5, by session length, in positions.txt.
#
#   make -f pipelines/narm.mk DATA=yoochoose-clicks.dat FRACTION=1/64 SEEDS='1 2 3 4 5'

OUT ?= out/narm
EPOCHS ?= 10
SESSIONIZE ?= csv-sessionize --preset yoochoose --keep-repeats --max-events 0 --cut 0
FRACTION ?= 1
FILTER ?= --min-item-support 5 --once --split last-day --recent $(FRACTION) --drop-unseen
BATCH ?= --scheme sessions --batch 512 --min-batch 1 --history 0
LANES ?= --batch 100
TRAIN ?= --embedding 50 --hidden 100 --gru reset-before --dropout 0.25
BASELINES ?= pop s-pop item-knn session-knn markov
MODELS ?= rnn-top1 rnn narm-global narm-local narm-dense narm
BY ?= length
AGAINST ?= narm
OPTIONS.rnn-top1 = --model rnn --loss top1
OPTIONS.rnn = --model rnn --loss cross-entropy --negatives 2000
OPTIONS.narm-global = --model narm --encoder global --decoder bilinear
OPTIONS.narm-local = --model narm --encoder local --decoder bilinear
OPTIONS.narm-dense = --model narm --encoder hybrid --decoder dense
OPTIONS.narm = --model narm --encoder hybrid --decoder bilinear --attention $(ATTENTION)
INPUT.rnn-top1 = session-parallel
INPUT.rnn = session-parallel

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
