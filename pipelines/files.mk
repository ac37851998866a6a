# What the other make files of this folder include: logs that have to be there, and files that are made
# again.

# make ends a path at a blank, and says of a log that is not there only that it has no rule to make it.
$(foreach folder,OUT STATE BIN,$(if $(word 2,$($(folder))),$(error \
    $(folder)='$($(folder))': a path without blanks is needed)))
$(if $(wildcard $(BIN)/tfilter),,$(error no programs in $(BIN): make builds them; BIN=FOLDER: they are there))
quoted = '$(subst ','\'',$(strip $(1)))'
found = $(or $(wildcard $(1)),$(shell [ ! -e $(call quoted,$(1)) ] || echo there))
# $(call given,DATA): the variable names one file, which is there.
given = $(if $(word 2,$($(1)) $(wordlist 2,2,$(wildcard $($(1))))),$(error \
    $(1)='$($(1))': one file is needed, whose path has no blanks),$(if \
    $(call found,$($(1))),,$(error $(1)=$($(1)): there is no such file)))

# Of a program that writes to standard output the file has its name when it is complete.
whole = >$@.now && mv $@.now $@

# A file that was made of another log or with other options is made again: the recipe of NAME in OUT ends
# with $(call note,NAME,WORDS), and $(call other,NAME,WORDS) is a prerequisite.  What has no note, as a
# link to a file of another folder, is taken as it is.
note = @mkdir -p $(OUT)/.made; printf '%s\n' $(call quoted,$(2)) >$(OUT)/.made/$(1)
noted = $(strip $(file <$(OUT)/.made/$(1)))
other = $(if $(wildcard $(OUT)/.made/$(1)),$(if $(subst x$(noted)x,,x$(strip $(2))x)$(subst x$(strip $(2))x,,x$(noted)x),.other))
.other:
.PHONY: .other
