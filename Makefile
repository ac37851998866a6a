# sesspipe: `make help` lists the targets, `make deps` installs what building and checking need.
#
# Every .c under lib/<room>/ goes into the room's archive, every bin/<program>.c becomes
# bin/<program>; objects live in .build/<variant>.  Nothing here lists files by hand.

VARIANT ?= release
PREFIX ?= /usr/local
DESTDIR ?=
AR ?= ar
INSTALL ?= install

BUILD := .build/$(VARIANT)
# The release programs stand beside their sources; other variants in their own folder.
BIN := $(if $(filter release,$(VARIANT)),bin,$(BUILD)/bin)

# lib/mpi is a library of its own, which needs MPI's compiler.
ROOMS := $(filter-out mpi,$(notdir $(patsubst %/,%,$(wildcard lib/*/))))
ARCHIVES := $(ROOMS:%=$(BUILD)/lib%.a)
PROGRAMS := $(patsubst bin/%.c,%,$(wildcard bin/*.c))
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/*.c))
UNIT_SOURCES := $(wildcard $(ROOMS:%=tests/%/*.c))
UNITS := $(UNIT_SOURCES:%.c=$(BUILD)/%) $(FUZZERS)
BENCHES := $(patsubst %.c,$(BUILD)/%,$(filter-out tests/bench/gpu_%,$(wildcard tests/bench/*.c)))
GPU_BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/gpu_*.c))
FIXTURES := $(patsubst %.c,$(BUILD)/%,$(wildcard fixtures/*.c))
TOOLS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/tool/*.c))
MANUALS := $(wildcard man/*.[1-9])

# In `make deps check` nothing is looked up or built before deps is done.
AFTER_DEPS := $(filter deps,$(MAKECMDGOALS))

# V=1 shows the commands.
Q = $(if $(V),,@)
say = $(if $(V),,@echo '  $(1)')

# ---- compiling ----

# No code reads errno or traps of floating point: square roots and comparisons become vector code;
# products and sums are fused where the processor can.
# Where clang makes no vectors of a loop that may be vectors, nothing is wrong.
OPTIMIZE.release := -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast$(if $(findstring clang,$(CC)), -Wno-pass-failed)
OPTIMIZE.openblas := $(OPTIMIZE.release)
OPTIMIZE.cblas := $(OPTIMIZE.release)
OPTIMIZE.asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPTIMIZE.tsan := -O1 -fsanitize=thread
# A branch is counted once, not in each copy of a function that is inlined everywhere, most of which
# know which way it goes.  The rooms that compute are optimized as far as that leaves branches as they
# are written, and what is not counted has no counters.
COUNTED := --coverage -fprofile-update=atomic -Dalways_inline=unused
OPTIMIZE.cov := -O0 $(COUNTED)
ifeq ($(VARIANT),cov)
COMPUTING := nn model index baseline train recommend eval
$(COMPUTING:%=$(BUILD)/lib/%/%.o): private OPTIMIZE.cov := -O1 -fno-inline -fno-tree-ch $(COUNTED)
$(BUILD)/tests/%.o $(BUILD)/fixtures/%.o $(BUILD)/emulated/%.o: private OPTIMIZE.cov := -O2
endif
OPTIMIZE.fuzz := $(OPTIMIZE.asan) -fsanitize=fuzzer-no-link -DWITH_LIBFUZZER

# The libraries' pkg-config names differ between distributions and releases.  `once` puts off the
# question until the first recipe that asks, and keeps the answer.
first_package = $(shell for p in $(1); do pkg-config --exists $$p 2>/dev/null && echo $$p && break; done)
once = $(eval $(1) := $(2))$($(1))
PACKAGES = $(call once,PACKAGES,$(call first_package,msgpack-c msgpack) libxxhash zlib libzstd liblzma)
PACKAGE_CFLAGS = $(call once,PACKAGE_CFLAGS,$(strip $(shell pkg-config --cflags $(PACKAGES))))
PACKAGE_LIBS = $(call once,PACKAGE_LIBS,$(shell pkg-config --libs $(PACKAGES)))

# BLAS=onednn|openblas|cblas: where the CPU's matrix products come from (lib/nn/blas.h); the first of
# them that is here.  Two objects alone know, and what is linked.
has_header = $(shell echo '\#include <$(1)>' | $(CC) $(CPPFLAGS) -E -o /dev/null - 2>/dev/null && echo found)
BLAS ?= $(call once,BLAS,$(if $(call has_header,dnnl.h),onednn,$(if $(call first_package,openblas),openblas,cblas)))
BLAS_PACKAGE.openblas = openblas
BLAS_PACKAGE.cblas = $(call first_package,cblas blas-netlib blas)
BLAS_CPPFLAGS = $(call once,BLAS_CPPFLAGS,$(if $(filter onednn,$(BLAS)),-DBLAS_ONEDNN,$(shell pkg-config --cflags $(BLAS_PACKAGE.$(BLAS)))))
BLAS_LIBS = $(call once,BLAS_LIBS,$(if $(filter onednn,$(BLAS)),-ldnnl,$(shell pkg-config --libs $(BLAS_PACKAGE.$(BLAS)))))

# What a caller puts into CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS comes last and so wins.
ALL_CPPFLAGS = -D_POSIX_C_SOURCE=200809L -Ilib $(PACKAGE_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=c11 -Wall -Wextra -Wshadow -fopenmp -g -ffile-prefix-map='$(CURDIR)'=. $(OPTIMIZE.$(VARIANT)) $(CFLAGS)
ALL_LDFLAGS = -Wl,--as-needed $(LDFLAGS)
ALL_LDLIBS = $(BLAS_LIBS) $(PACKAGE_LIBS) -lbz2 -lm -ldl $(LDLIBS)

COMPILE = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)
LINK = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(ALL_LDLIBS)

# CUDA=auto: the CUDA backend where nvcc is found; 1: it has to be; 0: not.  It is a file of its own
# beside the programs, which open it where --device asks for a GPU.
CUDA ?= auto
NVCC = $(call once,NVCC,$(shell command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null))
CUDA_TARGETS := -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=[sm_90,compute_90]
CUDA_FLAGS = -std=c++17 -O3 -lineinfo -Ilib $(CUDA_TARGETS) -DCUDA_TARGETS='"sm_80, sm_90, PTX"' \
    -Werror all-warnings -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra $(NVCCFLAGS)
WANT_CUDA := $(if $(filter release,$(VARIANT)),$(if $(filter-out 0,$(CUDA)),$(NVCC)))
ifeq ($(CUDA)$(filter /%,$(NVCC)),1)
$(error CUDA=1, and no nvcc on PATH or in /usr/local/cuda/bin)
endif
BACKEND := $(if $(WANT_CUDA),$(BIN)/sesspipe-cuda.so)

# MPI=auto: sesspipe-mpi.so where mpicc is found; 1: it has to be; 0: not.  A file of its own beside
# the programs, which open it where mpirun has started them.
MPI ?= auto
MPICC = $(call once,MPICC,$(shell command -v mpicc))
ifeq ($(MPI)$(filter /%,$(MPICC)),1)
$(error MPI=1, and no mpicc on PATH)
endif
RANKS := $(if $(filter-out 0,$(MPI)),$(if $(MPICC),$(BIN)/sesspipe-mpi.so))

all: $(PROGRAMS:%=$(BIN)/%) $(BACKEND) $(RANKS)

# Holds the flags, and is new when they change: objects of two choices are never mixed.
$(BUILD)/flags: FORCE | $(AFTER_DEPS)
	$(shell mkdir -p $(@D))$(file >$@.now,$(COMPILE) $(ALL_LDFLAGS) $(PACKAGE_LIBS))
	@if cmp -s $@.now $@; then rm $@.now; else mv $@.now $@; fi

$(BUILD)/blas-flags: FORCE | $(AFTER_DEPS)
	$(if $(filter onednn openblas cblas,$(BLAS)),,$(error BLAS=$(BLAS): choose from onednn, openblas, cblas))
	$(shell mkdir -p $(@D))$(file >$@.now,$(BLAS_CPPFLAGS) $(BLAS_LIBS))
	@if cmp -s $@.now $@; then rm $@.now; else mv $@.now $@; fi

$(BUILD)/lib/nn/blas.o $(BUILD)/lib/nn/bf16.o: $(BUILD)/blas-flags
$(BUILD)/lib/nn/blas.o $(BUILD)/lib/nn/bf16.o: ALL_CPPFLAGS += $(BLAS_CPPFLAGS)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,compile $<)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# The room's folder itself is a prerequisite, so that a file that went leaves the archive.
define room_rule
$(BUILD)/lib$(1).a: $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/$(1)/*.c)) lib/$(1)
	@rm -f $$@
	$$(Q)$$(AR) rcsD $$@ $$(filter %.o,$$^)
endef
$(foreach room,$(ROOMS),$(eval $(call room_rule,$(room))))

$(BIN)/%: $(BUILD)/bin/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(LINK)

$(UNITS) $(BENCHES) $(GPU_BENCHES) $(FIXTURES) $(TOOLS): %: %.o $(ARCHIVES)
	$(call say,link $@)
	$(Q)$(LINK)

$(BUILD)/cuda/flags: FORCE | $(AFTER_DEPS)
	$(shell mkdir -p $(@D))$(file >$@.now,$(NVCC) $(CUDA_FLAGS))
	@if cmp -s $@.now $@; then rm $@.now; else mv $@.now $@; fi

$(BUILD)/cuda/%.o: cuda/%.cu $(BUILD)/cuda/flags
	$(call say,compile $<)
	$(Q)$(NVCC) $(CUDA_FLAGS) -MMD -MP -c -o $@ $<

# The runtime is linked in, and cuBLAS is opened with the device: no library has to be there.
$(BIN)/sesspipe-cuda.so: $(patsubst %.cu,$(BUILD)/%.o,$(wildcard cuda/*.cu)) cuda
	$(call say,link $@)
	$(Q)$(NVCC) -shared -cudart static $(CUDA_TARGETS) -o $@ $(filter %.o,$^) -ldl -Xlinker --no-undefined \
	    -Xlinker -rpath,$(NVCC_LIBRARIES)

$(BIN)/sesspipe-mpi.so: lib/mpi/mpi.c lib/nn/ranks.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(MPICC) -std=gnu11 -Ilib $(CPPFLAGS) -Wall -Wextra -O2 -g -ffile-prefix-map='$(CURDIR)'=. $(CFLAGS) \
	    -fPIC -fvisibility=hidden -shared -o $@ $< $(LDFLAGS)

# ---- the CUDA backend in its emulation: cuda/*.cu by the host's compiler (tests/emulation) ----

EMULATED := $(BUILD)/emulated/sesspipe-cuda.so
PLANTED := $(BUILD)/emulated/planted
EMULATED_KERNELS = $(patsubst %.cu,$(BUILD)/emulated/%.o,$(wildcard cuda/*.cu))
# The threads of a block: fibers, but real ones for ThreadSanitizer, which looks at kernels alone.
EMULATED_BY = $(if $(filter tsan,$(VARIANT)),threads,fibers)
EMULATION = $(patsubst %.cc,$(BUILD)/emulated/%.o,\
    $(filter-out %/fibers.cc %/threads.cc,$(wildcard tests/emulation/*.cc)) tests/emulation/$(EMULATED_BY).cc)
# An index out of bounds is AddressSanitizer's, whose report names the kernel.
EMULATED_FLAGS.asan = -fsanitize-sections=emulated_shared -fno-sanitize=bounds,object-size
EMULATED_FLAGS.tsan = -DEMULATED_THREADS

COMPILE_EMULATED = $(CXX) -Itests/emulation -Ilib -Icuda $(PACKAGE_CFLAGS) $(CPPFLAGS) \
    -std=c++17 -fPIC -Wall -Wextra -Wno-unknown-pragmas -g -ffile-prefix-map='$(CURDIR)'=. \
    -MMD -MP -c -o $@
EMULATED_OPTIMIZE = $(OPTIMIZE.$(VARIANT):-O3=-O2) $(EMULATED_FLAGS.$(VARIANT))

$(BUILD)/emulated/%.o: %.cu $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,emulate $<)
	$(Q)$(COMPILE_EMULATED) $(EMULATED_OPTIMIZE) $(CXXFLAGS) -x c++ $<

$(BUILD)/emulated/%.o: %.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,compile $<)
	$(Q)$(COMPILE_EMULATED) $(filter-out -fsanitize=thread,$(EMULATED_OPTIMIZE)) $(CXXFLAGS) $<

LINK_EMULATED = $(CXX) $(OPTIMIZE.$(VARIANT)) -pthread -o $@ $(filter %.o,$^) $(ALL_LDFLAGS) -lm -ldl $(LDLIBS)

$(EMULATED): $(EMULATED_KERNELS) $(EMULATION)
	$(call say,link $@)
	$(Q)$(LINK_EMULATED) -shared

$(PLANTED): $(BUILD)/emulated/tests/emulation/planted.o $(EMULATION)
	$(call say,link $@)
	$(Q)$(LINK_EMULATED)

# The measurements of GPUs: the products alone by nvcc, and in the emulation, where a test runs them.
NVCC_LIBRARIES = $(patsubst %/bin/nvcc,%/lib64,$(realpath $(NVCC)))
$(BUILD)/tests/bench/gpu_products: tests/bench/gpu_products.cu $(BUILD)/cuda/flags
	@mkdir -p $(@D)
	$(call say,compile $<)
	$(Q)$(NVCC) -std=c++17 -O2 $(CUDA_TARGETS) -o $@ $< -L$(NVCC_LIBRARIES) -lcublas -Xlinker -rpath,$(NVCC_LIBRARIES)

$(BUILD)/emulated/gpu_products: $(BUILD)/emulated/tests/bench/gpu_products.o $(EMULATION)
	$(call say,link $@)
	$(Q)$(LINK_EMULATED)

units: $(UNITS) $(TOOLS) $(FIXTURES) $(EMULATED) $(PLANTED) \
    $(if $(filter release,$(VARIANT)),$(GPU_BENCHES) $(BUILD)/emulated/gpu_products)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- installing what is needed, checking, measuring ----

deps:
	@BLAS=$(if $(filter file default undefined,$(origin BLAS)),,$(BLAS)) sh .ci/deps

TEST_FILES = $(if $(filter release,$(VARIANT)),$(wildcard tests/*.bats),\
    $(wildcard tests/cli.bats tests/faults-*.bats tests/emulation.bats tests/cuda.bats))
RUN_TESTS = SESSPIPE_BIN="$(CURDIR)/$(BIN)" VARIANT=$(VARIANT) tests/run
# The tests of operations and models, which run on any device; those of models are slow in a variant.
ON_DEVICE = $(patsubst %.c,$(BUILD)/%@cuda,$(filter $(if $(filter release,$(VARIANT)),%,tests/nn/%), \
    $(shell grep -lE '"(\.\./device|reference|pair)\.h"' $(UNIT_SOURCES))))

check: all units
	@TEST_CUDA="$(CURDIR)/$(EMULATED)" $(RUN_TESTS) $(ON_DEVICE) $(TEST_FILES) $(UNITS)

# What share of the branches of lib/ and bin/ the tests take, by room; it fails below the goals in
# tests/cov/report, or where a test fails.  COV_TESTS="tests/cli.bats ..." chooses among the tests,
# UNCOVERED=-u lists what they do not take.  After a run that was interrupted or failed, the next one
# runs what has not passed; it begins anew where an object has changed or counters are spoiled.
COV_TESTS ?= $(filter-out tests/bench.bats,$(wildcard tests/*.bats)) $(patsubst $(BUILD)/%,.build/cov/%,$(UNITS))
COV_KEPT := .build/cov/kept
cov:
	@$(MAKE) --no-print-directory VARIANT=cov all units
	@if ! test -d $(COV_KEPT) || test -e .build/cov/errors || \
	    find .build/cov -name '*.o' -newer .build/cov/began | grep -q .; then \
	    rm -rf .build/cov/apart .build/cov/errors $(COV_KEPT); find .build/cov -name '*.gcda' -delete; \
	    touch .build/cov/began; mkdir $(COV_KEPT); \
	fi
	@SESSPIPE_BIN="$(CURDIR)/.build/cov/bin" VARIANT=cov COV_APART="$(CURDIR)/.build/cov/apart" \
	    GCOV_ERROR_FILE="$(CURDIR)/.build/cov/errors" \
	    TEST_KEPT="$(CURDIR)/$(COV_KEPT)" TEST_TIMEOUT=$${TEST_TIMEOUT:-1800} tests/run $(COV_TESTS); passed=$$?; \
	tests/cov/report $(UNCOVERED) .build/cov && ! test -e .build/cov/errors && test $$passed = 0 && rm -r $(COV_KEPT) || \
	    { cat .build/cov/errors 2>/dev/null; echo "cov: goals not met, or not all tests passed, or counters spoiled" >&2; exit 1; }

ifeq ($(VARIANT),cov)
COV_DUMP := $(BUILD)/tests/cov/dump.o
$(PROGRAMS:%=$(BIN)/%) $(UNITS) $(TOOLS): private LDFLAGS += -Wl,--wrap=_exit,--wrap=raise $(COV_DUMP)
$(PROGRAMS:%=$(BIN)/%) $(UNITS) $(TOOLS): $(COV_DUMP)
endif

check-long: all units
	@SESSPIPE_LONG=1 TEST_TIMEOUT=$${TEST_TIMEOUT:-1800} TEST_CUDA="$(CURDIR)/$(EMULATED)" \
	    $(RUN_TESTS) $(filter tests/soak.bats,$(TEST_FILES)) $(ON_DEVICE) $(filter-out tests/soak.bats,$(TEST_FILES)) $(UNITS)
	@$(if $(filter release,$(VARIANT)),$(MAKE) --no-print-directory check-kernels)
	@$(if $(filter release,$(VARIANT)),$(MAKE) --no-print-directory VARIANT=tsan check-threads)

# Under ThreadSanitizer: the kernels with threads that are real ones, evidence and rows in a thread of
# its own.
check-threads: all units
	@TEST_CUDA="$(CURDIR)/$(EMULATED)" EMULATED_ORDER=forward OMP_NUM_THREADS=1 \
	    TSAN_OPTIONS="report_signal_unsafe=0 $(TSAN_OPTIONS)" \
	    $(RUN_TESTS) $(filter %/nn/ops@cuda %/nn/ops_plan@cuda %/nn/ops_up_to@cuda %/nn/ops_heads@cuda,$(ON_DEVICE)) \
	    $(BUILD)/tests/base/side_thread $(BUILD)/tests/nn/cpu_queue $(BUILD)/tests/index/evidence_ahead \
	    $(BUILD)/tests/data/row_batch $(BUILD)/tests/data/sessionizer tests/emulation.bats

# The numeric tests with every library of products and every set of its kernels that can be run here;
# KERNELS="onednn:AVX2 openblas:Prescott" chooses.
check-kernels: all units
	@MAKE="$(MAKE)" CC="$(CC)" tests/kernels $(KERNELS)

# The same tests on a GPU, and the small ones under compute-sanitizer where that is there.
check-gpu: all units
	@test -e $(BIN)/sesspipe-cuda.so || { echo 'check-gpu: no $(BIN)/sesspipe-cuda.so: make CUDA=1 needs nvcc' >&2; exit 1; }
	@$(BIN)/trainer --version | grep -q 'GPU 0:' || \
	    { $(BIN)/trainer --version >&2; echo 'check-gpu: no GPU that can be used here' >&2; exit 1; }
	@SESSPIPE_CUDA="$(CURDIR)/$(BIN)/sesspipe-cuda.so" SESSPIPE_LONG=1 $(RUN_TESTS) $(ON_DEVICE) tests/cuda.bats
	@SESSPIPE_CUDA="$(CURDIR)/$(BIN)/sesspipe-cuda.so" TEST_DEVICE=cuda tests/compute-sanitizer \
	    $(filter %/nn/ops %/nn/ops_plan %/nn/ops_layers %/nn/ops_output %/nn/ops_groups %/nn/ops_heads,$(ON_DEVICE:@cuda=))

# Each target of tests/fuzz for so many minutes of processor time, from what is kept beside it and
# from real logs; what it finds is left in .build/fuzz, with a record of the minutes that each has had.
# An interrupted run goes on where it was.  TARGETS="options model" chooses.
MINUTES ?= 1
TARGETS ?= $(notdir $(FUZZERS))
fuzz: all
	@$(MAKE) --no-print-directory CC=clang VARIANT=fuzz fuzzers
	@PATH="$(CURDIR)/$(BIN):$$PATH" tests/fuzz/seeds .build/fuzz/real
	@tests/fuzz/run .build/fuzz $(MINUTES) $(TARGETS)

fuzzers: $(FUZZERS)
ifeq ($(VARIANT),fuzz)
$(FUZZERS): LDFLAGS += -fsanitize=fuzzer
endif

# bench-record keeps the figures in tests/bench/recorded.tsv, for later runs to stand beside.
bench bench-record: all $(BENCHES) $(FIXTURES) $(TOOLS)
	@SESSPIPE_BIN="$(CURDIR)/$(BIN)" tests/bench/run $(if $(filter %-record,$@),--record) \
	    $(BENCHES) $(filter-out tests/bench/gpu.sh tests/bench/large.sh,$(wildcard tests/bench/*.sh))

# How time and memory grow; growth-record makes sesspipe-growth(7) of it.
growth growth-record: all $(FIXTURES) $(TOOLS)
	@SESSPIPE_BIN="$(CURDIR)/$(BIN)" tests/bench/growth $(if $(filter %-record,$@),--record)
	$(if $(filter %-record,$@),@awk -F '\t' -v page=tests/bench/growth.mdoc -f tests/bench/growth.awk \
	    tests/bench/growth.tsv >man/sesspipe-growth.7)

# The measurements on a GPU; recorded in tests/bench/recorded-gpu.tsv.
bench-gpu bench-gpu-record: all $(GPU_BENCHES) $(BUILD)/tests/bench/step $(if $(NVCC),$(BUILD)/tests/bench/gpu_products)
	@RECORDED=recorded-gpu.tsv BENCH_BIN="$(CURDIR)/$(BUILD)/tests/bench" \
	    SESSPIPE_CUDA="$${SESSPIPE_CUDA:-$(CURDIR)/bin/sesspipe-cuda.so}" \
	    tests/bench/run $(if $(filter %-record,$@),--record) tests/bench/gpu.sh

# Large logs: minutes, 10 GB of disk and 10 GB of memory.  PARTS="pipeline items" chooses, SCALE=0.1
# makes them smaller; recorded in tests/bench/recorded-large.tsv.
PARTS ?= pipeline epoch bounded items
bench-large bench-large-record: all $(FIXTURES) $(TOOLS)
	@SESSPIPE_BIN="$(CURDIR)/$(BIN)" RECORDED=recorded-large.tsv PARTS="$(PARTS)" \
	    tests/bench/run $(if $(filter %-record,$@),--record) tests/bench/large.sh

# The weights that are compiled in, from several logs: pipelines/weights.mk says how.
weights: all $(FIXTURES)
	@$(MAKE) --no-print-directory -f pipelines/weights.mk BIN=$(BIN) FIXTURES=$(BUILD)/fixtures

demo: all $(FIXTURES)
	@$(MAKE) --no-print-directory -f pipelines/demo.mk BIN=$(BIN) FIXTURES=$(BUILD)/fixtures

SOURCES = $(wildcard lib/*/*.[ch] bin/*.[ch] tests/*.h tests/*/*.[ch] fixtures/*.[ch])
LINTED = $(filter-out lib/mpi/%,$(filter lib/%.c bin/%.c,$(SOURCES)))

lint: | $(AFTER_DEPS)
	@if command -v clang-format >/dev/null; then clang-format --dry-run --Werror $(SOURCES); \
	    else echo 'lint: no clang-format here'; fi
	@if command -v cppcheck >/dev/null; then cppcheck -q --std=c11 -Ilib --inline-suppr --error-exitcode=1 \
	    --enable=warning --suppress=ctunullpointer --suppress=invalidFunctionArg lib bin; \
	    else echo 'lint: no cppcheck here'; fi
	@printf '%s\n' $(LINTED) | xargs -P "$$(nproc)" -n 8 \
	    $(COMPILE) $(BLAS_CPPFLAGS) -O0 -fsyntax-only -Wconversion -Werror
	@if command -v clang-tidy >/dev/null; then printf '%s\n' $(LINTED) | \
	    xargs -P "$$(nproc)" -I FILE clang-tidy --quiet FILE -- $(ALL_CPPFLAGS) $(BLAS_CPPFLAGS) -std=c11 \
	    -fopenmp 2>.build/clang-tidy || { cat .build/clang-tidy >&2; exit 1; }; \
	    else echo 'lint: no clang-tidy here'; fi
	$(if $(MANUALS),mandoc -T lint -W warning $(MANUALS))
	bats tests/rooms.bats

# ---- installing ----

MAN_DIR = $(DESTDIR)$(PREFIX)/share/man
BASH_DIR = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH_DIR = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
manual_path = $(MAN_DIR)/man$(subst .,,$(suffix $(1)))/$(notdir $(1))

install: all
	$(INSTALL) -d "$(DESTDIR)$(PREFIX)/bin" "$(BASH_DIR)" "$(ZSH_DIR)"
	$(if $(PROGRAMS),$(INSTALL) -m 755 $(PROGRAMS:%=$(BIN)/%) "$(DESTDIR)$(PREFIX)/bin")
	$(foreach b,$(BACKEND) $(RANKS),$(INSTALL) -D -m 755 $(b) "$(DESTDIR)$(PREFIX)/lib/sesspipe/$(notdir $(b))" &&) :
	$(foreach m,$(MANUALS),$(INSTALL) -D -m 644 $(m) "$(call manual_path,$(m))" &&) :
	set -e; for p in $(PROGRAMS); do \
	    $(BIN)/$$p --completion bash >"$(BASH_DIR)/$$p"; \
	    $(BIN)/$$p --completion zsh >"$(ZSH_DIR)/_$$p"; done

# The installed programs, from a log to a table.
installcheck: $(FIXTURES)
	@SYNTHESIZE="$(CURDIR)/$(BUILD)/fixtures/synthesize" tests/installcheck "$(DESTDIR)$(PREFIX)" $(PROGRAMS)

uninstall:
	rm -f $(PROGRAMS:%="$(DESTDIR)$(PREFIX)/bin/%") $(PROGRAMS:%="$(BASH_DIR)/%") $(PROGRAMS:%="$(ZSH_DIR)/_%")
	rm -f "$(DESTDIR)$(PREFIX)/lib/sesspipe/sesspipe-cuda.so" "$(DESTDIR)$(PREFIX)/lib/sesspipe/sesspipe-mpi.so"
	rm -f $(foreach m,$(MANUALS),"$(call manual_path,$(m))")

clean:
	rm -rf .build out/demo $(PROGRAMS:%=bin/%) bin/sesspipe-cuda.so bin/sesspipe-mpi.so

help:
	@echo 'make            builds the programs in bin/'
	@echo 'make deps       installs what is missing to build and check (Debian, Ubuntu)'
	@echo 'make demo       a log made up on the spot, through the whole pipeline, to tables'
	@echo 'make check      unit tests and tests of the programs; VARIANT=asan: with sanitizers'
	@echo 'make check-long the same with the slow cases'
	@echo 'make check-kernels  the numeric tests with every library of products and its kernels'
	@echo 'make check-gpu  the tests of operations and models on a GPU, small ones under compute-sanitizer'
	@echo 'make cov        the share of branches of lib/ and bin/ that the tests take, against goals'
	@echo 'make fuzz       looks for crashes of the parsers with libFuzzer: MINUTES=1 of processor time for each, TARGETS='
	@echo 'make bench      speed and memory, as name, value, unit, and as a table beside the last recorded'
	@echo 'make bench-record  the same, and records them'
	@echo 'make growth     time and memory as events, users and items grow; growth-record makes sesspipe-growth(7) of it'
	@echo 'make bench-large  large logs and many items: minutes, 10 GB of disk and memory; bench-large-record'
	@echo 'make bench-gpu  what a GPU takes; bench-gpu-record'
	@echo 'make weights    trains the ready-made weights anew, on the logs of POOL='
	@echo 'make lint       form of the sources, manual pages, who includes whom'
	@echo 'make install    programs, manual pages, completion below $$(DESTDIR)$$(PREFIX);'
	@echo '                installcheck runs them from there, uninstall removes them'
	@echo 'make clean      removes what was built, and the demo; other results in out/ stay'
	@echo 'variables       VARIANT=release|asan|tsan|cov BLAS=onednn|openblas|cblas CUDA=auto|0|1 MPI=auto|0|1 CC CFLAGS CPPFLAGS LDFLAGS LDLIBS V=1'

FORCE:
.PHONY: cov check-threads check-kernels check-gpu fuzz fuzzers all units deps check check-long bench bench-record growth growth-record bench-gpu bench-gpu-record bench-large bench-large-record demo weights lint install installcheck uninstall clean help FORCE
.SECONDARY:
