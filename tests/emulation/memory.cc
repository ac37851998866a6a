/* Device memory: host memory that may be accessed only during work of the device; each allocation
 * is between guard pages. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

static const size_t GUARD = 1 << 20, PIECE = 64 << 10, ALIGN = 16, SHARED = 256 << 10;
static const ptrdiff_t NEAR = 256; /* bytes in front of an allocation that are checked */
static const int NOTHING = 0xff;   /* contents of new memory: floats that are NaN */

struct allocation {
    char *at, *pages;
    size_t bytes, room;     /* room: of the pages */
    std::vector<char> open; /* for each piece */
};

/* The part of an allocation that is opened at once. */
struct piece {
    allocation *of;
    char *pages;
    size_t room;
    char *at; /* its part of the requested memory */
    size_t bytes;
    char *before, *result; /* saved contents, while a launch is to be repeated */
};

static char *region, *region_end, *next_free;
static std::map<char *, allocation> allocations; /* by their first page */
static std::vector<piece> opened;
static bool remembering;
static int opening; /* lock held while a piece is opened: several threads may access it at once */

static std::map<char *, size_t> pinned;

static size_t rounded(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* ---- addresses of allocations ---- */

static void region_reserve(void)
{
    for (size_t size = (size_t)1 << 36; !region && size >= (size_t)1 << 30; size /= 4) {
        void *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p != MAP_FAILED) {
            region = next_free = (char *)p;
            region_end = region + size;
        }
    }
    if (!region)
        emulation_die("no address space for device memory");
}

/* Addresses are used again only when all have been used once. */
static char *place_for(size_t room)
{
    size_t needed = room + 2 * GUARD;
    if (!region)
        region_reserve();
    if ((size_t)(region_end - next_free) >= needed) {
        char *at = next_free + GUARD;
        next_free = at + room;
        return at;
    }
    char *from = region;
    for (auto &each : allocations) {
        if (each.first >= from && (size_t)(each.first - from) >= needed)
            break;
        from = each.first + each.second.room;
    }
    return (size_t)(region_end - from) >= needed ? from + GUARD : NULL;
}

cudaError_t emulated_malloc(void **p, size_t bytes)
{
    host_call held;
    *p = NULL;
    if (!bytes)
        return cudaSuccess;
    size_t room = rounded(bytes, 4096);
    char *pages = bytes < (size_t)1 << 40 ? place_for(room) : NULL;
    if (!pages || mprotect(pages, room, PROT_READ | PROT_WRITE))
        return cudaErrorMemoryAllocation;
    ASAN_UNPOISON_MEMORY_REGION(pages, room);
    memset(pages, NOTHING, room);
    allocation a = {pages + room - rounded(bytes, ALIGN), pages, bytes, room,
                    std::vector<char>(rounded(room, PIECE) / PIECE)};
    ASAN_POISON_MEMORY_REGION(pages, (size_t)(a.at - pages));
    ASAN_POISON_MEMORY_REGION(a.at + bytes, room - (size_t)(a.at - pages) - bytes);
    mprotect(pages, room, PROT_NONE);
    allocations[pages] = a;
    *p = a.at;
    return cudaSuccess;
}

static allocation *holds(const void *p)
{
    auto after = allocations.upper_bound((char *)p);
    if (after == allocations.begin())
        return NULL;
    allocation *a = &(--after)->second;
    return (const char *)p < a->pages + a->room ? a : NULL;
}

cudaError_t cudaFree(void *p)
{
    if (!p)
        return cudaSuccess;
    host_call held;
    streams_finish();
    allocation *a = memory_is_device(p) ? holds(p) : NULL;
    if (!a || a->at != p)
        emulation_die("cudaFree: %p is not the beginning of device memory", p);
    memory_close_all();
    madvise(a->pages, a->room, MADV_DONTNEED);
    allocations.erase(a->pages);
    return cudaSuccess;
}

bool memory_is_device(const void *p)
{
    return region && (const char *)p >= region && (const char *)p < region_end;
}

/* ---- opening and closing ---- */

/* Describes where p is relative to the nearest allocation. */
static void describe(const char *p, char *to, size_t room)
{
    auto after = allocations.upper_bound((char *)p);
    const allocation *a = NULL, *b = NULL;
    if (after != allocations.end())
        b = &after->second;
    if (after != allocations.begin())
        a = &(--after)->second;
    if (a && p >= a->at && p < a->at + a->bytes)
        snprintf(to, room, "byte %zu of device memory of %zu bytes", (size_t)(p - a->at), a->bytes);
    else if (a && p >= a->at && (!b || p - a->at - a->bytes < (size_t)(b->at - p)))
        snprintf(to, room, "%zu bytes behind the end of device memory of %zu bytes",
                 (size_t)(p - a->at) - a->bytes, a->bytes);
    else if (a && p < a->at)
        snprintf(to, room, "%zu bytes in front of device memory of %zu bytes", (size_t)(a->at - p),
                 a->bytes);
    else if (b)
        snprintf(to, room, "%zu bytes in front of device memory of %zu bytes", (size_t)(b->at - p),
                 b->bytes);
    else
        snprintf(to, room, "device memory that was freed");
}

static piece piece_of(allocation *a, size_t number)
{
    piece p = {};
    char *end = a->pages + a->room, *last = a->at + a->bytes;
    p.of = a;
    p.pages = a->pages + number * PIECE;
    p.room = (size_t)(end - p.pages) < PIECE ? (size_t)(end - p.pages) : PIECE;
    p.at = p.pages > a->at ? p.pages : a->at;
    last = last < p.pages + p.room ? last : p.pages + p.room;
    p.bytes = last > p.at ? (size_t)(last - p.at) : 0;
    return p;
}

static char *copy_of(const piece &p)
{
    char *to = (char *)malloc(p.bytes ? p.bytes : 1);
    if (!to)
        abort();
    memcpy(to, p.at, p.bytes);
    return to;
}

/* Opens the piece that contains p. */
static void open_piece(allocation *a, const char *p)
{
    size_t number = (size_t)(p - a->pages) / PIECE;
    while (__atomic_exchange_n(&opening, 1, __ATOMIC_ACQUIRE))
        ;
    if (!a->open[number]) {
        piece q = piece_of(a, number);
        if (mprotect(q.pages, q.room, PROT_READ | PROT_WRITE))
            abort();
        if (remembering)
            q.before = copy_of(q);
        opened.push_back(q);
        a->open[number] = 1;
    }
    __atomic_store_n(&opening, 0, __ATOMIC_RELEASE);
}

void memory_require(const char *call, const char *what, const void *p, size_t bytes)
{
    char where[200];
    if (!bytes)
        return;
    if (!memory_is_device(p))
        emulation_die("%s: %s is not device memory but the host's: %p", call, what, p);
    allocation *a = holds(p);
    if (a && (const char *)p >= a->at && (const char *)p + bytes <= a->at + a->bytes)
        return;
    const char *wrong = (const char *)p;
    if (a && wrong >= a->at && wrong < a->at + a->bytes)
        wrong += bytes - 1;
    describe(wrong, where, sizeof where);
    emulation_die("%s: %s reaches beyond device memory: %s", call, what, where);
}

void memory_open(const char *what, const void *p, size_t bytes)
{
    char name[100];
    work_describe(name, sizeof name);
    memory_require(name, what, p, bytes);
    if (!bytes)
        return;
    const char *last = (const char *)p + bytes - 1;
    for (const char *q = (const char *)p; q < last; q += PIECE)
        open_piece(holds(p), q);
    open_piece(holds(p), last);
}

bool memory_fault(const void *p, char *why, size_t room)
{
    char name[300], where[200];
    allocation *a = holds(p);
    work_describe(name, sizeof name);
    if (a && !strncmp(name, "kernel ", 7)) {
        open_piece(a, (const char *)p);
        return true;
    }
    describe((const char *)p, where, sizeof where);
    snprintf(why, room, "touches %s", where);
    return false;
}

static __attribute__((unused)) void check_unwritten(const char *from, const char *to)
{
    char where[200];
    for (const char *p = from; p < to; p++)
        if (*p != (char)NOTHING) {
            describe(p, where, sizeof where);
            emulation_die("wrote %s", where);
        }
}

/* Checks the bytes between an allocation and the borders of its pages. */
static __attribute__((unused)) void check_rest(const piece &p)
{
    check_unwritten(p.at - p.pages < NEAR ? p.pages : p.at - NEAR, p.at);
    check_unwritten(p.at + p.bytes, p.pages + p.room);
}

/* AddressSanitizer detects such a write sooner, and would report the check itself. */
void memory_check_borders(void)
{
#ifndef __SANITIZE_ADDRESS__
    for (const piece &p : opened)
        check_rest(p);
#endif
}

void memory_close_all(void)
{
    for (piece &p : opened) {
        mprotect(p.pages, p.room, PROT_NONE);
        free(p.before);
        free(p.result);
        p.of->open[(size_t)(p.pages - p.of->pages) / PIECE] = 0;
    }
    opened.clear();
    remembering = false;
}

/* ---- repeating a launch ---- */

void memory_remember(void)
{
    memory_close_all();
    remembering = true;
}

void memory_keep_result(void)
{
    for (piece &p : opened)
        p.result = copy_of(p);
}

void memory_rewind(void)
{
    for (const piece &p : opened)
        memcpy(p.at, p.before, p.bytes);
}

bool memory_same_result(char *difference, size_t room)
{
    for (const piece &p : opened) {
        const char *expected = p.result ? p.result : p.before;
        if (!memcmp(p.at, expected, p.bytes))
            continue;
        size_t i = 0;
        while (p.at[i] == expected[i])
            i++;
        snprintf(difference, room, "first byte %zu of %zu", (size_t)(p.at - p.of->at) + i,
                 p.of->bytes);
        return false;
    }
    return true;
}

/* ---- shared memory of a block ---- */

static char *shared_area;
static size_t shared_bytes = SHARED + 1;

void *shared_place(size_t bytes)
{
    if (!shared_area)
        shared_area = (char *)mmap(NULL, SHARED + 2 * GUARD, PROT_NONE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char *end = shared_area + GUARD + SHARED, *at = end - rounded(bytes, ALIGN);
    if (bytes != shared_bytes) {
        size_t open = rounded(bytes, 4096);
        mprotect(shared_area + GUARD, SHARED, PROT_NONE);
        mprotect(end - open, open, PROT_READ | PROT_WRITE);
        ASAN_POISON_MEMORY_REGION(shared_area + GUARD, SHARED);
        ASAN_UNPOISON_MEMORY_REGION(at, bytes);
        shared_bytes = bytes;
    }
    return at;
}

bool shared_fault(const void *p, char *why, size_t room)
{
    if (!shared_area || (const char *)p < shared_area ||
        (const char *)p >= shared_area + SHARED + 2 * GUARD)
        return false;
    snprintf(why, room, "touches shared memory %zd bytes from the beginning of its %zu",
             (const char *)p - (shared_area + GUARD + SHARED - rounded(shared_bytes, ALIGN)),
             shared_bytes);
    return true;
}

/* ---- pinned memory of the host ---- */

cudaError_t emulated_malloc_pinned(void **p, size_t bytes)
{
    host_call held;
    *p = malloc(bytes ? bytes : 1);
    if (!*p)
        return cudaErrorMemoryAllocation;
    memset(*p, NOTHING, bytes);
    pinned[(char *)*p] = bytes;
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *p)
{
    host_call held;
    streams_finish();
    if (!pinned.erase((char *)p))
        emulation_die("cudaFreeHost: %p is not the beginning of pinned memory", p);
    free(p);
    return cudaSuccess;
}

bool memory_is_pinned(const void *p)
{
    auto after = pinned.upper_bound((char *)p);
    if (after == pinned.begin())
        return false;
    --after;
    return (const char *)p < after->first + after->second;
}

/* ---- arguments of kernels ---- */

void emulated_check_pointer(const char *kernel, int argument, const void *p)
{
    if (p && !memory_is_device(p))
        emulation_die("kernel %s: argument %d is a pointer of the host: %p", kernel, argument, p);
}

/* Whether a word could be an address of the host's heap or stack, in a mapped page.  Small numbers
 * beside a hole of the struct, which may contain half an address, are excluded. */
static bool host_address(uintptr_t word)
{
    unsigned char resident;
    return word >= (uintptr_t)0x500000000000 && word < (uintptr_t)1 << 48 &&
           (uint32_t)word >= 1u << 20 && !memory_is_device((void *)word) &&
           mincore((void *)(word & ~(uintptr_t)4095), 4096, &resident) == 0;
}

void emulated_check_struct(const char *kernel, int argument, const void *p, size_t bytes)
{
    for (size_t i = 0; i + sizeof(uintptr_t) <= bytes; i += sizeof(uintptr_t)) {
        uintptr_t word;
        memcpy(&word, (const char *)p + i, sizeof word);
        if (host_address(word))
            emulation_die("kernel %s: byte %zu of argument %d, a struct, is a pointer of the "
                          "host: %p",
                          kernel, i, argument, (void *)word);
    }
}
