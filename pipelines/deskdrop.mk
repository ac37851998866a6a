# The log of Deskdrop, articles read in a company: sessions by gaps of 30 minutes, filtered and split
# as in the thesis.
#
#   make -f pipelines/deskdrop.mk DATA=users_interactions.csv SEEDS='1 2 3'

OUT ?= out/deskdrop
EPOCHS ?= 25
SESSIONIZE ?= csv-sessionize --user personId --item contentId --time timestamp --max-events 39 --cut 20
FILTER ?= --min-sessions 3 --split user:0.8
BATCH ?= --batch 50
TRAIN ?= --session-rep mean --embedding 50 --dropout 0.2
BASELINES ?= pop ppop markov vstan wide-ready

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
