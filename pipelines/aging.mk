# How models age: trained on the sessions before a day, tested on each of the days that follow.
#
#   make -f pipelines/aging.mk DATA=clicks.csv.xz
#
#   FROM   the first day of the test part        DAYS   how many days are tested
#   DAILY  networks that are trained anew for each of these days, on all that came before it
#
# wide is trained once, and counts what has ended since (trainer --online); wide-before is the same
# model, which counts in its training sessions alone.  Networks are trained once, and the DAILY ones
# again each day, as NAME-daily: without a validation part, since what they need is the last day before;
# so their best epoch is chosen on the test, in their favour.  Baselines count all that has ended.
#
# It writes aging.txt, the mean recall@20 of the runs by day, beside what the other pipelines write.  A
# fifth of the users tells as much in less time: awk -F, 'NR == 1 || int($1 / 10) % 5 == 2' clicks.csv

OUT ?= out/aging
FROM ?= 2017-10-10
DAYS ?= 6
DAILY ?= ii-rnn narm
EPOCHS ?= 5
SESSIONIZE ?= csv-sessionize --preset globo --min-events 3 --max-events 39 --cut 20
VALIDATION ?= --validation last-day
FILTER ?= --split time:$(FROM) $(VALIDATION)
BATCH ?= --batch 50
TRAIN ?= --embedding 100 --dropout 0.2
BY ?= day
NAMED ?= 1
BASELINES ?= pop pop-1h markov item-knn vstan
OPTIONS.pop = --online all
OPTIONS.pop-1h = --online all --window 3600
OPTIONS.markov = --online all
OPTIONS.item-knn = --online all
OPTIONS.vstan = --online all
COUNTS.pop-1h = pop
MODELS ?= wide ii-rnn narm
OPTIONS.wide = --model wide --online
OPTIONS.narm = --model narm
BEFORE = $(if $(filter wide,$(MODELS)),$(SEEDS:%=$(OUT)/wide-before.%.mp))
EXTRA = $(OUT)/aging.txt
AFTER = @echo; cat $(OUT)/aging.txt

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
include $(HERE)rules.mk

$(OUT)/wide-before.%.mp: $(OUT)/wide.%.safetensors $(OUT)/wide-batches.mp
	$(BIN)/predictor --model $< --threads $(THREADS) -o $@ $(OUT)/wide-batches.mp

$(OUT)/days.tsv: $(BASELINE_RUNS) $(MODEL_RUNS) $(BEFORE)
	$(scorer) --best --by day --format tsv $(call names,$(BASELINES) $(MODELS) $(BEFORE:%=wide-before)) -o $@ $^

# Each day has a folder, with the networks that were trained for it.
DAY_TABLES := $(if $(DAILY),$(foreach k,$(shell seq 1 $(DAYS)),$(OUT)/day-$(k)/days.tsv))
$(DAY_TABLES): $(OUT)/day-%/days.tsv: $(OUT)/sessions.mp
	@mkdir -p $(@D)
	ln -sf ../sessions.mp $(@D)/sessions.mp
	$(MAKE) --no-print-directory -f $(firstword $(MAKEFILE_LIST)) OUT=$(@D) BASELINES= MODELS='$(DAILY)' \
	    DAILY= VALIDATION= FROM=$$(date -u -d '$(FROM) + $* days - 1 day' +%F) $@

$(OUT)/aging.txt: $(OUT)/days.tsv $(DAY_TABLES)
	LC_ALL=C awk -v days=$(DAYS) -f $(HERE)aging.awk $^ $(whole)
