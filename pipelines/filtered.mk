# The data sets of the thesis with a part of the log: each user's first 1, 2 and 3 months, and
# the four groups of users by session length and session count, for Last.fm and Reddit: tables 5.10
# and 5.12, and with TABLES='5.10 5.11 5.12 5.13' the attention models on the best of them.
#
#   make -f pipelines/filtered.mk LASTFM=userid-timestamp-artid-artname-traid-traname.tsv REDDIT=reddit.csv

OUT ?= out/filtered
TABLES ?= 5.10 5.12

include $(dir $(lastword $(MAKEFILE_LIST)))thesis.mk
