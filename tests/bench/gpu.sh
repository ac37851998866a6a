#!/bin/bash
# usage: tests/bench/gpu.sh [tiny]
#
# Measures a GPU (gpu_products, gpu_operations, gpu_step of $BENCH_BIN) and the same training step in
# PyTorch if $PYTHON has it: rows of name, value and unit.  The CUDA backend is the file beside those
# programs, or the one that SESSPIPE_CUDA names.  `tiny` takes sizes for the emulation.
set -eu -o pipefail
here=$(dirname "$0")
bin=${BENCH_BIN:-.build/release/tests/bench}
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT

for program in gpu_products gpu_operations gpu_step; do
    [ -x "$bin/$program" ] || { echo "gpu.sh: no $bin/$program: it takes nvcc to build" >&2 && exit 69; }
    "$bin/$program" "$@" | tee -a "$rows"
done
awk -F '\t' '
    $1 ~ /^gpu_products_/ { alone[substr($1, 14)] = $2 }
    $1 ~ /^gpu_output_/ { printf "%s_over_products\t%.3f\tratio\n", $1, $2 / alone[substr($1, 12)] }
' "$rows"
# Behind the stream a step may take longer than one after another: then the device idles.
[ "${1:-}" = tiny ] || for precision in f32 tf32 bf16; do
    "$bin/step" cuda $precision 400 | sed 's/^/gpu_lastfm_/' | tee -a "$rows"
done
awk -F '\t' '{ of[$1] = $2 }
    END {
        for (name in of)
            if (name ~ /_pipe_/) {
                alone = name
                sub(/_pipe/, "", alone)
                printf "%s_idle\t%.3f\tratio\n", name, 1 - of[alone] / of[name]
            }
    }' "$rows"
[ "${1:-}" = tiny ] || "${PYTHON:-python3}" "$here/gpu_torch.py" || true
