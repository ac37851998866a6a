# RIB (Zhou et al. 2018) and the contextual RNN (Twardowski 2016), recurrent and as a mean, with and
# without contexts of events, beside NARM and baselines that count: by default on the events of
# RetailRocket, views, carts and purchases, with sessions by gaps of 30 minutes.
#
#   make -f pipelines/rib.mk DATA=events.csv SEEDS='1 2 3'
#
# Deskdrop, whose actions are views, likes, bookmarks and others:
#
#   make -f pipelines/rib.mk DATA=users_interactions.csv SEEDS='1 2 3' \
#       SESSIONIZE='csv-sessionize --keep-repeats --max-events 39 --cut 20 --user personId --item contentId --time timestamp --carry action=eventType' \
#       SPLIT='--min-sessions 3 --split user:0.8 --validation 0.1'
#
# An event is an item with an action, so that a view and a purchase of one item are two; what repeats
# both is dropped.
#
#   DWELL     edges of the bins of dwell times, in seconds
#   DECODER   tied, which was better than the paper's dense on Deskdrop
#   CONTEXT   what rib-context reads; a log without actions: CONTEXT=dwell,hour MODELS='narm rib rib-dwell rib-context'
#   LAYERS    sizes of the contextual RNN's dense layers; none: without
#   NARM      NARM's settings beside the size of its embeddings

OUT ?= out/rib
EPOCHS ?= 12
EMBEDDING ?= 100
HIDDEN ?= 100
DROPOUT ?= 0.5
LR ?= 0.005
DECODER ?= tied
LAYERS ?=
DWELL ?= 15,40,100,600
CONTEXT ?= action,dwell,hour
SESSIONIZE ?= csv-sessionize --preset retailrocket --where 'event=*' --keep-repeats --max-events 39 --cut 20
SPLIT ?= --min-item-support 5 --split last-week --validation last-week --drop-unseen
FILTER ?= --repeats type $(SPLIT) --dwell-bins $(DWELL)
BATCH ?= --scheme sessions --batch 50 --history 0
NARM ?= --lr 0.006 --dropout 0.5 --feature-dropout 0.7
TRAIN ?=
BASELINES ?= pop markov session-knn wide-ready
MODELS ?= narm rib rib-action rib-dwell rib-context context-rnn context-rnn-context context-mean
NAMED ?= 1
AGAINST ?= rib

OPTIONS.narm = --model narm --gru reset-before --decoder tied --embedding $(EMBEDDING) $(NARM)
OPTIONS.rib = --model rib --embedding $(EMBEDDING) --hidden $(HIDDEN) --decoder $(DECODER) \
    --dropout $(DROPOUT) --lr $(LR) --attention $(ATTENTION)
OPTIONS.rib-action = $(OPTIONS.rib) --context action
OPTIONS.rib-dwell = $(OPTIONS.rib) --context dwell
OPTIONS.rib-context = $(OPTIONS.rib) --context $(CONTEXT)

context-rnn = --model context-rnn --embedding $(EMBEDDING) --hidden $(HIDDEN) --decoder $(DECODER) \
    --layers '$(LAYERS)' --dropout $(DROPOUT) --lr $(LR)
OPTIONS.context-rnn = $(context-rnn)
OPTIONS.context-rnn-context = $(context-rnn) --context $(CONTEXT)
OPTIONS.context-mean = $(context-rnn) --recurrent mean --context $(CONTEXT)

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
