# Last.fm 1K with the settings of the thesis: sessions by gaps of 30 minutes, artists as items.
#
#   make -f pipelines/lastfm.mk DATA=userid-timestamp-artid-artname-traid-traname.tsv SEEDS='1 2 3'

OUT ?= out/lastfm
EPOCHS ?= 25
SESSIONIZE ?= lfm-sessionize
FILTER ?= --min-sessions 3 --split user:0.8
BATCH ?= --batch 100
TRAIN ?= --session-rep mean --embedding 100 --dropout 0.2

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
