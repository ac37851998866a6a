# The Last.fm users of the Central European time zone, the thesis's data set for the hour of the
# week: their last 1420 sessions each, batches of 25.
#
#   make -f pipelines/cet.mk DATA=userid-timestamp-artid-artname-traid-traname.tsv PROFILES=userid-profile.tsv

OUT ?= out/cet
EPOCHS ?= 25
SESSIONIZE ?= lfm-sessionize --profiles $(or $(PROFILES),$(error name the users: PROFILES=userid-profile.tsv))
FILTER ?= --country-zone CET --timezone CET --last-sessions 1420 --min-sessions 3 --split user:0.8
BATCH ?= --batch 25
TRAIN ?= --session-rep mean --embedding 100 --dropout 0.2
MODELS ?= ii-rnn ii-rnn-week ii-rnn-hidden-delta-week
OPTIONS.ii-rnn-week = --model ii-rnn --inter week --attention $(ATTENTION)
OPTIONS.ii-rnn-hidden-delta-week = --model ii-rnn --inter hidden,delta,week --attention $(ATTENTION)

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
