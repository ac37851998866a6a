# What each kind of evidence brings to the wide part: trained with all of them, without one at a time, and
# with fewer of an item's sessions (trainer --without, --postings).
#
#   make -f pipelines/ablation.mk DATA=log.csv SESSIONIZE='csv-sessionize --user who --item what --time when'
#
#   KINDS  of evidence, as trainer --without names them

OUT ?= out/ablation
SESSIONIZE ?= lfm-sessionize
FILTER ?= --min-sessions 3 --split user:0.8 --validation 0.1
KINDS ?= next near similar own habit session popular fresh
NAMED ?= 1
BY ?= none
BASELINES ?=
MODELS ?= wide wide-50 $(KINDS:%=without-%)
OPTIONS.wide-50 = --model wide --postings 50
$(foreach k,$(KINDS),$(eval OPTIONS.without-$(k) = --model wide --without $(k)))
$(foreach m,wide-50 $(KINDS:%=without-%),$(eval INPUT.$(m) = wide-batches))

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
