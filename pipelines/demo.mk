# The whole pipeline on a synthetic log, in less than a minute: `make demo`.

OUT ?= out/demo
EPOCHS ?= 10
JOBS ?= $(shell nproc)
FIXTURES ?= $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/../.build/release/fixtures
SESSIONIZE ?= lfm-sessionize
FILTER ?= --min-sessions 3 --split user:0.8 --validation 0.1
BATCH ?= --batch 20
# Fewer passes than on a real log, over smaller batches: the demo is short.
WIDE_EPOCHS ?= 3
WIDE_BATCH ?= --batch 10
# Of a few learning rates and dropout rates these have the best recall@20 on the validation part.
TRAIN ?= --embedding 100 --lr 0.005 --dropout 0.4
LOG ?= a synthetic log
DATA := $(OUT)/lastfm.tsv

AFTER = @printf '%s\n' '' 'what to try next:' \
    '  $(BIN)/attnviz $(OUT)/ii-rnn-hidden-delta.1.mp   \# the figures in the terminal' \
    '  $(BIN)/spcat --summary $(OUT)/split.mp           \# contents of a stream, and how it was made' \
    '  make demo SEEDS="1 2 3"                          \# mean and deviation over seeds' \
    '  make -f pipelines/lastfm.mk DATA=log.tsv.xz      \# the same with your own log' \
    '  man ./man/sesspipe.7                             \# overview, and what to do when recall is low'

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk

$(DATA):
	@mkdir -p $(@D)
	$(FIXTURES)/synthesize $(whole)
