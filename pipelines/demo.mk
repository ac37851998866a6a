# The whole pipeline on a log made up on the spot, in less than a minute: `make demo`.

OUT ?= out/demo
EPOCHS ?= 10
JOBS ?= $(shell nproc)
FIXTURES ?= $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/../.build/release/fixtures
SESSIONIZE ?= lfm-sessionize
FILTER ?= --min-sessions 3 --split user:0.8 --validation 0.1
BATCH ?= --batch 20
# The rate and the dropout are the best of a few by recall@20 on the validation part.
TRAIN ?= --embedding 100 --lr 0.005 --dropout 0.4
DATA := $(OUT)/lastfm.tsv

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk

$(DATA):
	@mkdir -p $(@D)
	$(FIXTURES)/synthesize > $@
