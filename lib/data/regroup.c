#include "data/regroup.h"

#include <stdlib.h>

#include "base/heap.h"

enum {
    FIRST_ROOM = 1024,      /* rows */
    CHECKED = 4096,         /* rows after which what is left of the memory is looked at again */
    BLOCK_LEAST = 4 << 10,  /* bytes read of a part at a time */
    BLOCK_MOST = 256 << 10, /* the same, and what is written at a time */
};

/* The head of a user's rows in a part; the name follows it. */
struct head {
    uint64_t rows;
    uint64_t name;
};

void regroup_open(struct regroup *g, size_t row_size, size_t memory)
{
    *g = (struct regroup){
        .row_size = row_size, .memory = memory, .before = mem_held(), .scratch.fd = -1};
}

/* ---- rows in memory ---- */

static size_t row_bytes(const struct regroup *g)
{
    return g->row_size + sizeof *g->next;
}

static size_t users_held(const struct regroup *g)
{
    return names_held(&g->users) + g->chains.cap * sizeof *g->chains.at +
           g->sorted.cap * sizeof *g->sorted.at;
}

/* What rows and users may take: items that the program has come to know since take the rest. */
static size_t memory_left(const struct regroup *g)
{
    size_t own = g->room * row_bytes(g) + users_held(g) + g->block.cap;
    size_t others = mem_held() > g->before + own ? mem_held() - g->before - own : 0;
    return others < g->memory / 4 * 3 ? g->memory - others : g->memory / 4;
}

/* Rows get three quarters of the memory, users what is left. */
static size_t rows_most(const struct regroup *g)
{
    size_t most = memory_left(g) / 4 * 3 / row_bytes(g);
    return most > UINT32_MAX ? UINT32_MAX : most > 16 ? most : 16;
}

static void set_room(struct regroup *g, size_t rows)
{
    g->room = rows;
    g->rows = mem_resize(g->rows, rows * g->row_size);
    g->next = mem_resize(g->next, rows * sizeof *g->next);
}

static bool rows_full(struct regroup *g)
{
    if (g->count < g->room && g->count < g->checked)
        return false;
    g->checked = g->count + CHECKED;
    size_t most = rows_most(g), twice = g->room ? 2 * g->room : FIRST_ROOM;
    if (g->count >= most)
        return true;
    if (g->count == g->room)
        set_room(g, twice < most ? twice : most);
    return false;
}

static bool users_full(const struct regroup *g)
{
    const struct names *u = &g->users;
    size_t each = sizeof *u->start.at + sizeof *g->chains.at + sizeof *g->sorted.at;
    return u->text.len + u->start.len * each + u->slots * sizeof *u->slot > memory_left(g) / 4;
}

static int compare_users(const void *a, const void *b)
{
    const struct regroup_user *x = a, *y = b;
    return bytes_compare(x->name, y->name);
}

static void sort_users(struct regroup *g)
{
    int32_t count = names_count(&g->users);
    vec_clear(&g->sorted);
    for (int32_t i = 0; i < count; i++)
        vec_push(&g->sorted, ((struct regroup_user){names_at(&g->users, i), (uint32_t)i}));
    if (count)
        qsort(g->sorted.at, g->sorted.len, sizeof *g->sorted.at, compare_users);
}

static int write_block(struct regroup *g, size_t at_least, struct err *e)
{
    if (g->block.len < at_least)
        return 0;
    int status = temp_file_append(&g->scratch, g->block.at, g->block.len, e);
    buf_clear(&g->block);
    return status;
}

/* Writes all rows in memory as a part. */
static int spill(struct regroup *g, struct err *e)
{
    if (g->scratch.fd < 0 && temp_file_open(&g->scratch, NULL, e))
        return e->status;
    struct regroup_part part = {.at = g->scratch.size};
    sort_users(g);
    for (size_t i = 0; i < g->sorted.len; i++) {
        const struct regroup_user *user = &g->sorted.at[i];
        const struct regroup_chain *chain = &g->chains.at[user->id];
        struct head head = {chain->count, user->name.len};
        buf_append(&g->block, &head, sizeof head);
        buf_append(&g->block, user->name.at, user->name.len);
        for (uint32_t left = chain->count, row = chain->first; left--; row = g->next[row]) {
            buf_append(&g->block, g->rows + row * g->row_size, g->row_size);
            if (write_block(g, BLOCK_MOST, e))
                return e->status;
        }
    }
    if (write_block(g, 1, e))
        return e->status;
    part.end = g->scratch.size;
    vec_push(&g->parts, part);
    names_release(&g->users);
    vec_release(&g->chains);
    vec_release(&g->sorted);
    g->count = g->checked = 0;
    if (g->room > rows_most(g))
        set_room(g, rows_most(g));
    return 0;
}

void *regroup_add(struct regroup *g, struct bytes user, size_t *count, struct err *e)
{
    if ((rows_full(g) || (g->has_grown && users_full(g))) && g->count && spill(g, e))
        return NULL;
    bool is_new = false;
    size_t id = g->last; /* rows of a user often follow each other */
    if (!g->count || !bytes_equal(names_at(&g->users, (int32_t)id), user))
        id = g->last = (size_t)names_add(&g->users, user, &is_new);
    uint32_t from = (uint32_t)g->count, end;
    if (*count > g->room - g->count)
        *count = g->room - g->count;
    g->count += *count;
    end = (uint32_t)g->count;
    g->has_grown = is_new;
    if (is_new)
        vec_push(&g->chains, ((struct regroup_chain){.first = from, .last = from}));
    struct regroup_chain *chain = &g->chains.at[id];
    g->next[chain->last] = from;
    for (uint32_t i = from; i < end; i++)
        g->next[i] = i + 1;
    chain->last = end - 1;
    chain->count += end - from;
    return g->rows + from * g->row_size;
}

/* ---- merging ---- */

static int part_read(struct regroup *g, struct regroup_part *p, void *to, size_t n, struct err *e)
{
    char *at = to;
    while (n) {
        if (p->from == p->filled) {
            uint64_t left = p->end - p->at;
            p->from = 0;
            p->filled = left < p->size ? (size_t)left : p->size;
            if (temp_file_read(&g->scratch, p->at, p->block, p->filled, e))
                return e->status;
            p->at += p->filled;
        }
        size_t now = p->filled - p->from < n ? p->filled - p->from : n;
        memcpy(at, p->block + p->from, now);
        p->from += now;
        at += now;
        n -= now;
    }
    return 0;
}

/* Goes to the part's next user; *any = false where there is none. */
static int part_advance(struct regroup *g, struct regroup_part *p, bool *any, struct err *e)
{
    struct head head;
    *any = p->from < p->filled || p->at < p->end;
    if (!*any)
        return 0;
    if (part_read(g, p, &head, sizeof head, e))
        return e->status;
    p->left = head.rows;
    buf_clear(&p->name);
    buf_reserve(&p->name, head.name);
    p->name.len = head.name;
    return part_read(g, p, p->name.at, head.name, e);
}

/* Whether the part at place a of the heap comes before that at place b: by name; of one user the
 * earlier rows come first. */
static bool comes_before(const void *heap, size_t a, size_t b)
{
    const struct regroup *g = heap;
    uint32_t i = g->heap.at[a], j = g->heap.at[b];
    const struct buf *x = &g->parts.at[i].name, *y = &g->parts.at[j].name;
    int order = bytes_compare((struct bytes){x->at, x->len}, (struct bytes){y->at, y->len});
    return order ? order < 0 : i < j;
}

static void exchange(void *heap, size_t a, size_t b)
{
    uint32_t *part = ((struct regroup *)heap)->heap.at, other = part[a];
    part[a] = part[b];
    part[b] = other;
}

static int open_parts(struct regroup *g, struct err *e)
{
    size_t size = memory_left(g) / g->parts.len;
    if (size < BLOCK_LEAST)
        size = BLOCK_LEAST;
    if (size > BLOCK_MOST)
        size = BLOCK_MOST;
    g->blocks = mem_alloc(g->parts.len * size);
    buf_reserve(&g->block, g->row_size);
    for (size_t i = 0; i < g->parts.len; i++) {
        struct regroup_part *p = &g->parts.at[i];
        bool any;
        p->block = g->blocks + i * size;
        p->size = size;
        if (part_advance(g, p, &any, e))
            return e->status;
        vec_push(&g->heap, (uint32_t)i);
    }
    heap_make(g, g->heap.len, comes_before, exchange);
    return 0;
}

static void release_memory(struct regroup *g)
{
    names_release(&g->users);
    vec_release(&g->chains);
    vec_release(&g->sorted);
    buf_release(&g->block);
    mem_free(g->rows);
    mem_free(g->next);
    g->rows = NULL;
    g->next = NULL;
    g->room = 0;
}

int regroup_sort(struct regroup *g, struct err *e)
{
    if (g->scratch.fd < 0) {
        sort_users(g);
        return 0;
    }
    if (g->count && spill(g, e))
        return e->status;
    release_memory(g);
    return open_parts(g, e);
}

/* The first part has ended its user: moves it to its new place in the heap. */
static int leave_user(struct regroup *g, struct err *e)
{
    bool any;
    if (part_advance(g, &g->parts.at[g->heap.at[0]], &any, e))
        return e->status;
    if (!any)
        g->heap.at[0] = g->heap.at[--g->heap.len];
    heap_sink(g, g->heap.len, 0, comes_before, exchange);
    return 0;
}

bool regroup_user(struct regroup *g, struct bytes *user)
{
    if (g->scratch.fd < 0) {
        if (g->at == g->sorted.len)
            return false;
        const struct regroup_user *next = &g->sorted.at[g->at++];
        *user = next->name;
        g->row = g->chains.at[next->id].first;
        g->left = g->chains.at[next->id].count;
        return true;
    }
    if (!g->heap.len)
        return false;
    const struct buf *name = &g->parts.at[g->heap.at[0]].name;
    buf_clear(&g->user);
    buf_append(&g->user, name->at, name->len);
    *user = (struct bytes){g->user.at, g->user.len};
    return true;
}

/* Rows that lie whole in a part's block are given where they are. */
static int next_in_parts(struct regroup *g, const char **rows, size_t *count, struct err *e)
{
    while (g->heap.len) {
        struct regroup_part *p = &g->parts.at[g->heap.at[0]];
        if (!bytes_equal((struct bytes){p->name.at, p->name.len},
                         (struct bytes){g->user.at, g->user.len}))
            return 0;
        if (!p->left) {
            if (leave_user(g, e))
                return -1;
            continue;
        }
        size_t whole = (p->filled - p->from) / g->row_size;
        *count = !whole ? 1 : whole < p->left ? whole : (size_t)p->left;
        p->left -= *count;
        if (whole) {
            *rows = p->block + p->from;
            p->from += *count * g->row_size;
            return 1;
        }
        *rows = g->block.at;
        return part_read(g, p, g->block.at, g->row_size, e) ? -1 : 1;
    }
    return 0;
}

int regroup_rows(struct regroup *g, const char **rows, size_t *count, struct err *e)
{
    if (g->scratch.fd >= 0)
        return next_in_parts(g, rows, count, e);
    if (!g->left)
        return 0;
    uint32_t n = 1;
    while (n < g->left && g->next[g->row + n - 1] == g->row + n)
        n++;
    *rows = g->rows + g->row * g->row_size;
    *count = n;
    g->left -= n;
    g->row = g->next[g->row + n - 1];
    return 1;
}

void regroup_release(struct regroup *g)
{
    release_memory(g);
    for (size_t i = 0; i < g->parts.len; i++)
        buf_release(&g->parts.at[i].name);
    vec_release(&g->parts);
    vec_release(&g->heap);
    buf_release(&g->block);
    mem_free(g->blocks);
    buf_release(&g->user);
    temp_file_close(&g->scratch);
}
