# The sessions of a large log by several processes, on this computer or on many.
#
#   make -f pipelines/shards.mk DATA=log.tsv JOBS=8
#   make -f pipelines/shards.mk DATA=log.csv HEADER=1 SEPARATOR=, USER_COLUMN=2 \
#       SESSIONIZE='csv-sessionize --user 2 --item 3 --time 1' SSHLOGIN=8/alpha,8/beta
#
# GNU parallel cuts the log into pieces at the boundaries of users: so the log is a plain file, in which
# the rows of a user follow each other, as the sessionizers want it.  The streams of the pieces follow
# each other in sessions.mp in the order of the log.  What reads it reads the same users, items and
# sessions, in the same order, as from one process; every pipeline with the same OUT goes on from there:
#
#   make -f pipelines/shards.mk DATA=log.tsv OUT=out/lastfm && make -f pipelines/lastfm.mk DATA=log.tsv
#
#   SESSIONIZE   the program and its options, which names columns by numbers where HEADER is not given
#   USER_COLUMN  the user's column, from 1              SEPARATOR  of columns; a tab unless it is given
#   HEADER=1     the first line names the columns; it is put before each piece
#   BLOCK        bytes of a piece, as 100M; -2: two pieces for each job
#   JOBS         pieces at once
#   SSHLOGIN     hosts that share the pieces, as GNU parallel takes them, which have the program on their
#                PATH: 8/alpha,8/beta; parallel sends the pieces and takes the streams back

SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

BIN ?= $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/../bin
OUT ?= out/shards
SESSIONIZE ?= lfm-sessionize
USER_COLUMN ?= 1
SEPARATOR ?= \t
HEADER ?=
BLOCK ?= -1
JOBS ?= $(shell nproc)
SSHLOGIN ?=

# parallel takes a regular expression.
PIECES = --pipepart --block $(BLOCK) --group-by $(USER_COLUMN) --colsep '$(subst ^,\^,$(subst .,\.,$(subst |,\|,$(SEPARATOR))))' $(if $(HEADER),--header '.*\n')
HOSTS = $(if $(SSHLOGIN),--sshlogin $(SSHLOGIN))

all: $(OUT)/sessions.mp
	@$(BIN)/spcat --summary $<

ifdef DATA
include $(dir $(lastword $(MAKEFILE_LIST)))files.mk
$(call given,DATA)
$(if $(filter %.gz %.xz %.zst %.bz2,$(DATA)),$(error DATA=$(DATA): only a plain file can be cut: unpack it first))
made_with = $(DATA) $(SESSIONIZE) $(USER_COLUMN) $(SEPARATOR) $(HEADER)
# A piece that fails stops the others, and its message is the last.  Some pieces are a whole stream too: all
# have to be there before the file has its name.
$(OUT)/sessions.mp: $(DATA) $(call other,shards,$(made_with)) $(if $(wildcard $(OUT)/.made/sessions.mp),.other)
	@mkdir -p $(@D)
	parallel --will-cite --keep-order --halt soon,fail=1 --jobs $(JOBS) $(HOSTS) $(PIECES) \
	    $(call quoted,PATH="$(abspath $(BIN)):$$PATH" $(SESSIONIZE)) :::: $< >$@.now
	@mv $@.now $@; rm -f $(OUT)/.made/$(@F) # which other pipelines write
	$(call note,shards,$(made_with))
else
$(OUT)/sessions.mp:
	@echo 'name the raw log: make -f $(firstword $(MAKEFILE_LIST)) DATA=FILE' >&2; exit 64
endif

.PHONY: all
