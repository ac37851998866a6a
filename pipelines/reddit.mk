# The log of posts on Reddit with the settings of the thesis: sessions by gaps of an hour.
#
#   make -f pipelines/reddit.mk DATA=reddit.csv.xz SEEDS='1 2 3'

OUT ?= out/reddit
EPOCHS ?= 30
SESSIONIZE ?= reddit-sessionize
FILTER ?= --min-sessions 3 --split user:0.8
BATCH ?= --batch 100
TRAIN ?= --session-rep last --embedding 50 --dropout 0.0
BASELINES ?= pop ppop markov vstan wide-ready

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
