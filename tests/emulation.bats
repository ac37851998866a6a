# The emulation in which the kernels run where there is no GPU: what it must catch, it catches, and
# its message names the kernel.

bats_require_minimum_version 1.5.0
load helpers

teardown() {
    [ -z "${output:-}" ] || echo "$output"
}

planted() {
    "$ROOT/.build/${VARIANT:-release}/emulated/planted" "$@"
}

# The fault ends the program, with a message that has all the words.
catches() { # catches FAULT WORD ...
    local word
    run planted "$1"
    [ "$status" != 0 ] || { echo "$1 was not caught"; return 1; }
    shift
    for word; do
        [[ $output == *"$word"* ]] || { echo "no $word in the message"; return 1; }
    done
}

# Under ThreadSanitizer threads are real and have no order, and it tells of races in its own words.
if_ordered() { [ "${VARIANT:-release}" != tsan ]; }

catches_race() { # catches_race FAULT KERNEL WORDS
    if if_ordered; then
        EMULATED_ORDER=all catches "$1" "kernel $2" "$3"
    else
        catches "$1" 'data race' "$2"
    fi
}

@test "kernels that are right run, in every order of their threads, at once and as late as can be" {
    orders='forward backward shuffled all'
    if_ordered || orders=forward
    for order in $orders; do
        for streams in lazy eager; do
            EMULATED_ORDER=$order EMULATED_STREAMS=$streams run -0 --separate-stderr planted none
            [ "$output" = right ]
        done
    done
}

@test "a missing barrier" {
    catches_race missing-barrier missing_barrier 'a barrier is missing'
}

@test "two threads that write one place" {
    catches_race two-writers two_writers 'two threads write one place'
}

@test "shared memory that is read before it is written" {
    catches_race unset-shared unset_shared 'read before it is written'
}

@test "a barrier or a warp operation that some threads do not reach" {
    catches divergent 'kernel divergent' 'ended' 'waits at __syncthreads' 'they never meet'
    catches two-barriers 'kernel two_barriers' 'waits at __syncthreads' 'they never meet'
    catches wrong-mask 'kernel wrong_mask' '__shfl_sync' 'they never meet'
    catches not-in-mask 'kernel not_in_mask' 'which is not in the mask'
}

@test "an index beyond device memory or shared memory" {
    catches out-of-bounds 'kernel out_of_bounds' 'thread (100, 0, 0)' 'behind the end of device memory'
    catches out-of-dynamic-shared 'kernel reversed' 'touches shared memory'
    catches freed 'kernel twice' 'device memory'
}

@test "an index beyond a __shared__ array" {
    if if_ordered; then # else it is no race
        EMULATED_ORDER=all catches out-of-shared 'out_of_shared'
    fi
}

@test "memory of the host handed to a kernel, or copied as the device's" {
    catches host-pointer 'kernel reversed: argument 2 is a pointer of the host'
    catches host-pointer-in-struct 'kernel twice: byte 8 of argument 1' 'a pointer of the host'
    catches host-copied-as-device 'cudaMemcpy' 'not device memory but the host'
    catches copy-too-long 'cudaMemcpy' 'beyond device memory'
}

@test "device memory that the host reads or writes" {
    catches host-reads-device 'the host' 'byte 12 of device memory of 400 bytes'
    catches host-writes-device 'the host' 'byte 0 of device memory of 400 bytes'
}

@test "a product whose factors are wrongly transposed, or reach too far" {
    catches wrong-transpose 'the product of wrongly transposed matrices'
    catches product-too-large 'cuBLAS gemm' 'reaches beyond device memory'
}

@test "what is handed to the device is counted, in the order of the calls" {
    EMULATED_TRACE=trace run -0 --separate-stderr planted none
    for line in 'kernel ' 'product [0-9]* [0-9]* [0-9]*$' 'copy to-device [0-9]' 'copy to-host [0-9]'; do
        grep -q "^$line" trace
    done
}

@test "pinned memory used before its copy was waited for; a stream that does not wait for another" {
    catches early-read 'the copy in pinned memory'
    catches early-write 'the copy from pinned memory'
    catches no-wait 'what another stream copied'
}
