# The news log of Globo with its own sessions, filtered as HRNN filters: items of at least 20 events,
# sessions of at least 3, users of at least 5 sessions.  The last session of a user is the test part.
#
#   make -f pipelines/globo.mk DATA=clicks.csv.xz SEEDS='1 2 3'

OUT ?= out/globo
EPOCHS ?= 10
WIDE_EPOCHS ?= 28
SESSIONIZE ?= csv-sessionize --preset globo --min-events 3 --max-events 39 --cut 20
FILTER ?= --min-item-support 20 --min-sessions 5 --split last-session --validation last-session
BATCH ?= --batch 100
TRAIN ?= --session-rep last --embedding 100 --dropout 0.2
BASELINES ?= pop ppop markov vstan wide-ready

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
