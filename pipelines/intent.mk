# Session embedding (Wu and Yan 2017) and the encoder-decoder of Loyola et al. 2017, beside RIB and
# baselines that count: by default on the events of RetailRocket, views, carts and purchases, with
# sessions by gaps of 30 minutes.
#
#   make -f pipelines/intent.mk DATA=events.csv SEEDS='1 2 3'
#
# A log with actions that was made up for it (fixtures/README.md):
#
#   synthesize --plant action --format events >log.csv
#   make -f pipelines/intent.mk DATA=log.csv SPLIT='--split user:0.8 --validation 0.1' \
#       SESSIONIZE='csv-sessionize --user user --item item --time time --carry action' INTENT=buy
#
#   embedding         session embedding, with a mean of all items
#   embedding-action  with a mean for each action
#   embedding-dense   the same with a vector of its own for each item
#   embedding-staged  embedding-action that begins with the layers of embedding-dense, as in the paper
#   intent            the encoder of both directions
#   intent-forward    that of one
#   intent-action     intent, which says too whether a session holds an action of INTENT: scores.txt has
#                     the area under the curve behind its table
#
#   DECODER   of intent and RIB
#   INTENT    actions, with commas between

OUT ?= out/intent
EPOCHS ?= 12
EMBEDDING ?= 100
HIDDEN ?= 100
DROPOUT ?= 0.3
LR ?= 0.003
DECODER ?= tied
INTENT ?= transaction
SESSIONIZE ?= csv-sessionize --preset retailrocket --where 'event=*' --keep-repeats --max-events 39 --cut 20
SPLIT ?= --min-item-support 5 --split last-week --validation last-week --drop-unseen
FILTER ?= --repeats type $(SPLIT)
BATCH ?= --scheme sessions --batch 50 --history 0
TRAIN ?=
BASELINES ?= pop markov session-knn wide-ready
MODELS ?= rib embedding embedding-action embedding-dense embedding-staged intent intent-forward intent-action
NAMED ?= 1
AGAINST ?= intent

size = --embedding $(EMBEDDING) --hidden $(HIDDEN) --dropout $(DROPOUT) --lr $(LR)
OPTIONS.rib = --model rib $(size) --decoder $(DECODER) --context action
OPTIONS.embedding = --model session-embedding $(size)
OPTIONS.embedding-action = $(OPTIONS.embedding) --context action
OPTIONS.embedding-dense = $(OPTIONS.embedding-action) --decoder dense
OPTIONS.embedding-staged = $(OPTIONS.embedding-action) --init-some /dev/fd/3
FROM.embedding-staged = embedding-dense
OPTIONS.intent = --model intent $(size) --decoder $(DECODER) --attention $(ATTENTION)
OPTIONS.intent-forward = $(OPTIONS.intent) --encoder forward
OPTIONS.intent-action = $(OPTIONS.intent) --intent $(INTENT)

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
