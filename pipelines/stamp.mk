# STAMP (Liu et al. 2018) and its parts STMP and STMO beside NARM, the same with counts, and baselines
# that count: by default on the clicks of RecSys 2015, raw or with a header, filtered and split as NARM's
# paper does (narm.mk), whom this paper follows.
#
#   make -f pipelines/stamp.mk DATA=yoochoose-clicks.dat FRACTION=1/64 SEEDS='1 2 3' \
#       LR=0.003 DROPOUT=0 ITEM_DROPOUT=0 DECAY= SESSIONS=170
#
# These are the settings of the authors' code, whose batches have 512 targets; those below were best on
# the validation part with 100,000 of the clicks.  As in narm.mk, FRACTION trains on the newest part of
# the training sessions, and items that only older ones have are no candidates.
#
#   SPLIT     --split last-week --validation last-week as for DIGINETICA, or other options of tfilter
#   SESSIONS  50 in a batch, some 150 targets
#   NARM      NARM's settings beside the size of its embeddings; YOUTUBE and WAVENET: those of YouTube
#             DNN (Covington et al. 2016) and WaveNet (van den Oord et al. 2016)

OUT ?= out/stamp
EPOCHS ?= 10
EMBEDDING ?= 100
DROPOUT ?= 0.5
LR ?= 0.01
DECAY ?= --lr-decay cosine
SESSIONS ?= 50
SESSIONIZE ?= csv-sessionize --preset yoochoose --keep-repeats --max-events 0 --cut 0
SPLIT ?= --split last-day --validation last-day
FRACTION ?= 1
FILTER ?= --min-item-support 5 --once $(SPLIT) --drop-unseen --recent $(FRACTION)
BATCH ?= --scheme sessions --batch $(SESSIONS) --history 0
ITEM_DROPOUT ?= 0.2
NARM ?= --lr 0.002 --dropout 0.5
YOUTUBE ?= --layers '' --lr 0.005 --dropout 0.5
WAVENET ?= --gated --layers 2 --kernel 3 --dilation 2 --lr 0.003 --dropout 0.5
TRAIN ?=
BASELINES ?= pop item-knn markov session-knn wide-ready
MODELS ?= narm wide youtube-dnn wavenet stmo stmp stamp stamp-add-mean stamp-wide
WIDE_BATCH ?= --batch 34
NAMED ?= 1
AGAINST ?= stamp

stamp = --embedding $(EMBEDDING) --dropout $(DROPOUT) --item-dropout $(ITEM_DROPOUT) --lr $(LR) $(DECAY)
OPTIONS.narm = --model narm --gru reset-before --decoder tied --embedding $(EMBEDDING) $(NARM)
OPTIONS.youtube-dnn = --model youtube-dnn --embedding $(EMBEDDING) $(YOUTUBE)
OPTIONS.wavenet = --model wavenet --embedding $(EMBEDDING) $(WAVENET)
OPTIONS.stmo = --model stmo $(stamp)
OPTIONS.stmp = --model stmp $(stamp)
OPTIONS.stamp = --model stamp $(stamp) --attention $(ATTENTION)
OPTIONS.stamp-add-mean = --model stamp --add-mean $(stamp)
OPTIONS.stamp-wide = --model stamp --wide $(stamp)

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
