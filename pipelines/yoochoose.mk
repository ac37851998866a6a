# The clicks of RecSys 2015, raw or with a header, filtered as NARM filters: items of at least 5
# clicks, sessions of at least 2, the last day tested, on items that training has seen.  Each session
# is a user of its own, so that models have no history here.
#
# FRACTION=1/64 or 1/4 trains the networks on the newest part of the training sessions, as papers do on
# the whole log.  Items and targets stay those of the whole log, so that scores of several fractions can
# be compared (narm.mk leaves out older items as well, as its paper does); baselines count all training
# sessions.
#
#   make -f pipelines/yoochoose.mk DATA=yoochoose-clicks.dat SEEDS='1 2 3'

OUT ?= out/yoochoose
EPOCHS ?= 10
SESSIONIZE ?= csv-sessionize --preset yoochoose --keep-repeats --max-events 0 --cut 0
FRACTION ?= 1
FILTER ?= --min-item-support 5 --once --split last-day --drop-unseen
BATCH ?= --batch 100 --scheme shuffled --train-recent $(FRACTION)
TRAIN ?= --embedding 50 --dropout 0.25
BASELINES ?= pop markov vstan wide-ready
MODELS ?= ii-rnn wide

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
