# ASARS in its five variants beside BPR-MF, YouTube DNN, WaveNet, GRU4Rec and baselines that count, and
# figure 1 of its paper: by default on the clicks of Tianchi's users, prepared as the paper says.
# Sessions end with gaps of an hour; items have at least SUPPORT events, users at least as many
# sessions.
#
#   make -f pipelines/asars.mk DATA=UserBehavior.csv SEEDS='1 2 3'              the paper's sparse log
#   make -f pipelines/asars.mk DATA=UserBehavior.csv SUPPORT=20 OUT=out/dense   its dense one
#
# The paper gives no supports of the two, but 10 and 20 for its logs.  A log without users, as that of
# RecSys 2015, has no variants with users, and only supports of items:
#
#   make -f pipelines/asars.mk DATA=yoochoose-clicks.dat USERS= SUPPORT=20 \
#       SESSIONIZE='csv-sessionize --preset yoochoose --keep-repeats --max-events 0 --cut 0'
#
# It has scores.txt and against.txt (table 2: tests over users), positions.txt, figures.txt (figure 1).
#
#   DWELL     scott, the paper's bins of times between events; a number of bins or edges in seconds
#   LR, DROPOUT   of ASARS; LOSS: the paper's is '--loss hinge --negatives N --negatives-from batch
#             --spare-history' with '--optimizer adagrad'; here the cross-entropy over all items
#   YOUTUBE, WAVENET, GRU4REC   settings of these beside the size of their embeddings
#   KEY       a column of the sessions for figure 1 beside items

OUT ?= out/asars
EPOCHS ?= 10
EMBEDDING ?= 100
HIDDEN ?= 100
DROPOUT ?= 0.5
LR ?= 0.003
LOSS ?=
SUPPORT ?= 10
USERS ?= 1
DWELL ?= scott
SESSIONIZE ?= csv-sessionize --preset tianchi --gap 3600 --keep-repeats --max-events 200 --cut 200
SPLIT ?= --split last-day --validation last-day
FILTER ?= --min-item-support $(SUPPORT) --min-events 2 $(if $(USERS),--min-sessions $(SUPPORT)) $(SPLIT) \
    --drop-unseen --dwell-bins $(DWELL)
BATCH ?= --scheme sessions --batch 50 --history 0
SLOTS ?= --batch 50
YOUTUBE ?= --layers '' --lr 0.005 --dropout 0.5
WAVENET ?= --gated --layers 2 --kernel 3 --dilation 2 --lr 0.003 --dropout 0.5
GRU4REC ?= --optimizer adagrad --lr 0.07 --dropout 0.4 --loss cross-entropy --negatives 2048 \
    --negatives-alpha 0.2 --logq
TRAIN ?=
BASELINES ?= pop markov session-knn wide-ready
MODELS ?= youtube-dnn wavenet gru4rec time-att time-cat \
    $(if $(USERS),bpr-mf user-att user-cat time-user time-user-dynamics)
NAMED ?= 1
AGAINST ?= gru4rec time-cat $(if $(USERS),user-att)
KEY ?= category

asars = --model asars --embedding $(EMBEDDING) --hidden $(HIDDEN) --dropout $(DROPOUT) --lr $(LR) $(LOSS)
OPTIONS.user-att = $(asars) --variant user-att --attention $(ATTENTION)
OPTIONS.user-cat = $(asars) --variant user-cat
OPTIONS.time-att = $(asars) --variant time-att --context dwell --attention $(ATTENTION)
OPTIONS.time-cat = $(asars) --variant time-cat --context dwell
OPTIONS.time-user = $(asars) --variant time-user --context dwell --attention $(ATTENTION)
OPTIONS.time-user-dynamics = $(OPTIONS.time-user) --dynamics
INPUT.time-user-dynamics = ordered-batches

OPTIONS.bpr-mf = --model bpr-mf --embedding $(EMBEDDING)
OPTIONS.youtube-dnn = --model youtube-dnn --embedding $(EMBEDDING) $(YOUTUBE)
OPTIONS.wavenet = --model wavenet --embedding $(EMBEDDING) $(WAVENET)
OPTIONS.gru4rec = --model rnn --decoder tied --embedding $(EMBEDDING) $(GRU4REC)
INPUT.gru4rec = session-parallel

EXTRA = $(OUT)/figures.txt

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
include $(HERE)rules.mk

# Each user's sessions in order, with the one before.
ordered-batches = $(batches) --scheme longest-first --history 1
$(eval $(call batches_rule,ordered-batches))

$(OUT)/figures.txt: $(OUT)/split.mp
	$(BIN)/spcat $< | LC_ALL=C awk -v KEY=$(KEY) -f $(HERE)asars-figures.awk $(whole)
