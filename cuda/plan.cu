/* The plans of a step, made on the device of a few numbers for each sequence: copies of runs of
 * integers, rows in their order, the packed order of sequences, where weights begin. */
#include "cuda.h"

/* ---- runs and sequences: a warp processes a run at a time ---- */

static __global__ void copy_runs(int count, const int32_t *start, const int32_t *at,
                                 const int32_t *from, int32_t *to)
{
    for WARP_ROWS (i, count)
        for WARP_COLUMNS (j, start[i + 1] - start[i])
            to[start[i] + j] = from[at[i] < 0 ? ~at[i] : at[i] + j];
}

void cuda_runs(struct device *d, int count, const int32_t *start, const int32_t *at,
               const int32_t *from, int32_t *to)
{
    LAUNCH(d, copy_runs, row_blocks(count), ROW_WARPS * WARP, 0, count, start, at, from, to);
}

/* How many sequences are longer than `step`: the packed order has the longest first, and `after`
 * falls by the length of each. */
static __device__ inline int longer_than(int step, int count, const int32_t *after)
{
    int low = 0, high = count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (after[middle] - after[middle + 1] > step)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Before row k of a sequence the packed order has k rows of each that is longer than k, and all
 * rows of the others. */
static __global__ void pack_rows(int count, const int32_t *start, const int32_t *sequence,
                                 const int32_t *after, int32_t *owner, int32_t *packed)
{
    for WARP_ROWS (i, count) {
        int32_t s = sequence[i], first = start[s];
        for WARP_COLUMNS (k, start[s + 1] - first) {
            int longer = longer_than(k, count, after);
            owner[first + k] = s;
            packed[k * longer + after[longer] + i] = first + k;
        }
    }
}

void cuda_pack(struct device *d, int count, const int32_t *start, const int32_t *sequence,
               const int32_t *after, int32_t *owner, int32_t *packed)
{
    LAUNCH(d, pack_rows, row_blocks(count), ROW_WARPS * WARP, 0, count, start, sequence, after,
           owner, packed);
}

static __global__ void find_weight_places(int count, int total, const int32_t *start,
                                          const int32_t *first, const int32_t *each, int32_t *at)
{
    for WARP_ROWS (s, count)
        for WARP_COLUMNS (k, start[s + 1] - start[s])
            at[start[s] + k] = first[s] + (each ? k * each[s] : k * (k + 1) / 2);
    if (blockIdx.x == 0 && threadIdx.x == 0)
        at[total] = first[count];
}

void cuda_weight_places(struct device *d, const struct ragged *r, const int32_t *first,
                        const int32_t *each, int32_t *at)
{
    LAUNCH(d, find_weight_places, row_blocks(r->count ? r->count : 1), ROW_WARPS * WARP, 0,
           r->count, r->total, r->start, first, each, at);
}

/* ---- rows in their order: one block ----
 *
 * A stable radix sort, four bits at a time from the lowest.  Each thread has a part of the
 * positions of its own and counts its digits apart from those of other threads; sums over these
 * counts, by digit and then by thread, say where each thread's positions of a digit go. */
enum { SORTERS = 256, DIGITS = 16, DIGIT_BITS = 4 };

struct sort_job {
    int count;
    int32_t rows; /* what is no row sorts behind all rows */
    const int32_t *at;
    int32_t *place, *row, *start, *order, *spare;
};

static __device__ inline int32_t key_of(const struct sort_job &s, int32_t position)
{
    int32_t row = s.at[position];
    return row < 0 ? s.rows : row;
}

/* The sum of x over the threads before this one. */
static __device__ inline int sum_before(int x, int *room)
{
    int lane = (int)threadIdx.x % WARP, warp = (int)threadIdx.x / WARP, sum = x;
    for (int step = 1; step < WARP; step *= 2) {
        int other = __shfl_up_sync(0xffffffffu, sum, step);
        sum += lane >= step ? other : 0;
    }
    __syncthreads();
    if (lane == WARP - 1)
        room[warp] = sum;
    __syncthreads();
    for (int i = 0; i < warp; i++)
        sum += room[i];
    return sum - x;
}

/* Replaces the counts by the sums of those before them. */
static __device__ inline void add_counts(int *digits, int *room)
{
    int *own = digits + (int)threadIdx.x * DIGITS, sum = 0;
    for (int i = 0; i < DIGITS; i++)
        sum += own[i];
    sum = sum_before(sum, room);
    for (int i = 0; i < DIGITS; i++) {
        int count = own[i];
        own[i] = sum;
        sum += count;
    }
}

/* Sorts by one digit; from NULL: the positions in their order. */
static __device__ inline void sort_digit(const struct sort_job &s, int shift, int first, int end,
                                         const int32_t *from, int32_t *to, int *digits, int *room)
{
    for (int i = 0; i < DIGITS; i++)
        digits[i * SORTERS + (int)threadIdx.x] = 0;
    for (int i = first; i < end; i++) {
        int digit = key_of(s, from ? from[i] : i) >> shift & (DIGITS - 1);
        digits[digit * SORTERS + (int)threadIdx.x]++;
    }
    __syncthreads();
    add_counts(digits, room);
    __syncthreads();
    for (int i = first; i < end; i++) {
        int32_t position = from ? from[i] : i;
        int digit = key_of(s, position) >> shift & (DIGITS - 1);
        to[digits[digit * SORTERS + (int)threadIdx.x]++] = position;
    }
    __syncthreads();
}

static __device__ inline bool is_first(const struct sort_job &s, int i)
{
    int32_t key = key_of(s, s.order[i]);
    return key < s.rows && (i == 0 || key_of(s, s.order[i - 1]) != key);
}

/* From the order the different rows, where each begins, and which each position has. */
static __device__ inline void find_rows(const struct sort_job &s, int first, int end, int *room)
{
    int unique = 0;
    for (int i = first; i < end; i++)
        unique += is_first(s, i);
    unique = sum_before(unique, room);
    for (int i = first; i < end; i++) {
        int32_t position = s.order[i], key = key_of(s, position);
        if (is_first(s, i)) {
            s.row[unique] = key;
            s.start[unique++] = i;
        }
        if (s.place)
            s.place[position] = key < s.rows ? unique - 1 : -1;
        bool last = i + 1 == s.count || key_of(s, s.order[i + 1]) == s.rows;
        if (last && key < s.rows)
            s.start[unique] = i + 1;
    }
    if (threadIdx.x == 0 && (s.count == 0 || key_of(s, s.order[0]) == s.rows))
        s.start[0] = 0;
}

static __global__ void plan_rows(struct sort_job s)
{
    SHARED(int, digits);
    int *room = digits + DIGITS * SORTERS;
    int each = (s.count + SORTERS - 1) / SORTERS;
    int first = min((int)threadIdx.x * each, s.count), end = min(first + each, s.count);
    int passes = 1;
    while (passes * DIGIT_BITS < 32 && s.rows >> passes * DIGIT_BITS)
        passes++;
    const int32_t *from = NULL;
    for (int i = 0; i < passes; i++) {
        int32_t *to = (passes - i) % 2 ? s.order : s.spare;
        sort_digit(s, i * DIGIT_BITS, first, end, from, to, digits, room);
        from = to;
    }
    find_rows(s, first, end, room);
}

void cuda_plan(struct device *d, int count, int32_t rows, const int32_t *at, int32_t *place,
               int32_t *row, int32_t *start, int32_t *order)
{
    struct sort_job s = {count, rows, at, place, row, start, order, NULL};
    s.spare = (int32_t *)cuda_scratch(cuda_of(d), (size_t)count * sizeof *s.spare);
    LAUNCH(d, plan_rows, 1, SORTERS, (DIGITS * SORTERS + WARP) * sizeof(int), s);
}
