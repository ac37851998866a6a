# HRNN (Quadrana et al. 2017) beside networks without users and what counts, on a log with users: by
# default that of Globo; items of at least 20 events, sessions of at least 3, users of at least 5
# sessions, of which the last is tested and the one before chooses the epoch.  Table 3 is in
# scores.txt; history lengths and positions, figures 3 and 4, in positions.txt.
#
#   make -f pipelines/hrnn.mk DATA=clicks.csv.xz SEEDS='1 2 3 4 5'

OUT ?= out/hrnn
EPOCHS ?= 10
SESSIONIZE ?= csv-sessionize --preset globo --min-events 3
FILTER ?= --min-item-support 20 --min-sessions 5 --split last-session --validation last-session --drop-unseen
LANES ?= --batch 100
BATCH ?= --batch 100
TRAIN ?= --embedding 100 --hidden 100 --loss top1 --optimizer adagrad --lr 0.1
BASELINES ?= pop ppop item-knn markov
MODELS ?= rnn rnn-concat hrnn-all hrnn-init
BY ?= history,position
AGAINST ?= rnn
OPTIONS.rnn = --model rnn --dropout 0.1
OPTIONS.rnn-concat = --model rnn --join-sessions --dropout 0.1
OPTIONS.hrnn-all = --model hrnn --propagate all --user-dropout 0.1 --dropout 0.1 --start-dropout 0.2
OPTIONS.hrnn-init = --model hrnn --propagate init --user-dropout 0 --dropout 0.1 --start-dropout 0
INPUT.rnn = session-parallel
INPUT.rnn-concat = user-parallel
INPUT.hrnn-all = user-parallel
INPUT.hrnn-init = user-parallel

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
