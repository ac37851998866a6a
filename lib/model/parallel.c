#include "model/parallel.h"

void slot_states_open(struct slot_states *w, bool absorbs, bool joined, bool parted, int32_t users)
{
    *w = (struct slot_states){.absorbs = absorbs, .joined = joined, .parted = parted};
    while (joined && w->unread.len < (size_t)users)
        vec_push(&w->unread, -1);
}

void slot_states_room(struct slot_states *w, int32_t slots)
{
    w->slots = slots;
    while (w->user_of.len < (size_t)slots) {
        vec_push(&w->user_of, -1);
        vec_push(&w->newest, -1);
    }
}

void slot_states_release(struct slot_states *w)
{
    vec_release(&w->user_of);
    vec_release(&w->newest);
    vec_release(&w->unread);
}

void slot_states_forget(struct slot_states *w)
{
    for (size_t i = 0; i < w->unread.len; i++)
        w->unread.at[i] = -1;
    for (size_t i = 0; i < w->user_of.len; i++)
        w->user_of.at[i] = w->newest.at[i] = -1;
}

/* ---- a step ---- */

static struct slot_move no_move(struct tape *t, int32_t slots)
{
    size_t n = (size_t)slots;
    return (struct slot_move){.slot = tape_host_ints(t, n),
                              .input = tape_host_ints(t, n),
                              .target = tape_host_ints(t, n)};
}

static void add_move(struct slot_move *m, int32_t slot, int32_t input, int32_t target)
{
    m->slot[m->count] = slot;
    m->input[m->count] = input;
    m->target[m->count++] = target;
}

/* Ends sessions and users. */
static void end_users(struct slot_states *w, struct slot_plan *p, const unsigned char *reset)
{
    for (int32_t i = 0; i < w->slots; i++) {
        bool ends = w->user_of.at[i] >= 0 && (reset[i] == RESET_USER || reset[i] == RESET_IDLE);
        if (w->absorbs && (ends || reset[i] == RESET_SESSION))
            p->absorb[p->absorbed++] = i;
        if (!ends)
            continue;
        p->end_row[p->ended] = w->absorbs ? p->absorbed - 1 : i;
        p->end_user[p->ended++] = w->user_of.at[i];
        if (w->joined)
            w->unread.at[w->user_of.at[i]] = w->newest.at[i];
        w->user_of.at[i] = -1;
    }
}

static void begin_session(struct slot_states *w, struct slot_plan *p, int32_t slot,
                          enum reset reset, int32_t user, int32_t item)
{
    if (reset == RESET_NONE)
        return;
    if (reset == RESET_USER) {
        w->user_of.at[slot] = user;
        w->newest.at[slot] = w->joined ? w->unread.at[user] : -1;
        p->load[p->loaded] = slot;
        p->load_user[p->loaded++] = user;
    }
    if (reset == RESET_USER || !w->joined)
        p->begin[p->begun++] = slot;
    if (!w->joined || w->newest.at[slot] < 0)
        return;
    add_move(&p->move[MOVE_JOIN], slot, w->newest.at[slot], item);
    if (w->parted)
        add_move(&p->move[MOVE_PART], slot, -1, item);
}

bool slot_states_predict(const struct slot_states *w, enum slot_moves move, bool training)
{
    return move == MOVE_ON || (training && move == (w->parted ? MOVE_PART : MOVE_JOIN));
}

struct slot_plan slot_states_step(struct slot_states *w, struct tape *t,
                                  const struct slot_steps *steps, int k)
{
    size_t n = (size_t)w->slots, at = (size_t)k * n;
    const int32_t *item = steps->item + at, *target = steps->target + at;
    const unsigned char *reset = steps->reset + at;
    struct slot_plan p = {.absorb = tape_host_ints(t, n),
                          .end_row = tape_host_ints(t, n),
                          .end_user = tape_host_ints(t, n),
                          .load = tape_host_ints(t, n),
                          .load_user = tape_host_ints(t, n),
                          .begin = tape_host_ints(t, n)};
    for (int i = 0; i < MOVES; i++)
        p.move[i] = no_move(t, w->slots);
    end_users(w, &p, reset);
    for (int32_t i = 0; i < w->slots; i++) {
        if (reset[i] == RESET_IDLE)
            continue;
        begin_session(w, &p, i, (enum reset)reset[i], steps->user[at + (size_t)i], item[i]);
        add_move(&p.move[MOVE_ON], i, item[i], target[i]);
        w->newest.at[i] = target[i];
    }
    return p;
}

/* ---- checkpoints ---- */

static void ids_state(struct state *s, const char *name, i32_vec *ids, int32_t known, size_t count)
{
    state_i32s(s, name, ids, -1, known - 1);
    if (state_good(s) && ids->len != count)
        state_refuse(s, name, "of another length");
}

void slot_states_state(struct slot_states *w, struct state *s, const struct model_data *data)
{
    ids_state(s, "user_of", &w->user_of, data->users, (size_t)w->slots);
    ids_state(s, "newest", &w->newest, data->items, (size_t)w->slots);
    if (w->joined)
        ids_state(s, "unread", &w->unread, data->items, (size_t)data->users);
}
