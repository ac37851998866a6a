# What every .bats file loads: the variant's programs on PATH, a folder of its own to work in.
#
#   $ROOT   the repository            need_data [FILE]  skips where the real data is not there
#   $DATA   the real data's folder    need TOOL         skips where the tool is not there

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
DATA=${SESSPIPE_DATA:-$ROOT/../shared/data}
[[ $DATA == /* ]] || DATA=$ROOT/$DATA
SESSPIPE_BIN=${SESSPIPE_BIN:-$ROOT/bin}
# The programs, and what only tests use: tools and the generator of logs.
PATH=$SESSPIPE_BIN:$ROOT/.build/${VARIANT:-release}/tests/tool:$ROOT/.build/${VARIANT:-release}/fixtures:$PATH
export ROOT DATA SESSPIPE_BIN PATH
unset LC_ALL LANG LANGUAGE TZ

[[ -z ${BATS_TEST_TMPDIR:-} ]] || cd "$BATS_TEST_TMPDIR" || exit

need_data() {
    [[ -e $DATA/${1:-} ]] || skip "no real data: $DATA/${1:-} is not there"
}

need() {
    command -v "$1" >/dev/null || skip "no $1 here"
}
