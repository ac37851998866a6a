/* Writes `predictions` streams from lines of text, for tests whose ranks are made up by hand:
 *
 *     run trainer model=ii-rnn seed=1     begins a stream; "|" between two programs
 *     among 50                            the run's ranks are among so many most supported items;
 *                                         before its `run`
 *     label ii-rnn hidden                 what the run's header calls the model; before its `run`
 *     items 9                             defines so many items, and a user
 *     user NAME                           defines a user; the name is the rest of the line
 *     item TRAIN NAME                     an item that stands TRAIN times in the training part
 *     epoch 1 test                        begins a pass
 *     rank POSITION RANK [TIES [LOSS]] [KEY=NUMBER ...]
 *                                         a target; KEY: user, session, target, history (0 each),
 *                                         length, seen (no target has it unless one is given it)
 *     top ITEM,ITEM ...                   lists of equal lengths, best first
 *     attention USER SESSION WEIGHT:AGE:WEEK:ITEM,ITEM ...    of earlier sessions, oldest first
 *     attention USER SESSION began=SECONDS WEIGHT:AGE: ...    which gives sessions their starts too
 *     attention USER SESSION level=intra target=ITEM,ITEM [top=ITEM,ITEM] WEIGHT,WEIGHT:AGE: ...
 *                                         with a weight for each target; also level=user
 *     attention USER SESSION level=item [position=N] [target=ITEM] WEIGHT:ITEM ...
 *                                         of events; also level=session, with age=N
 *     pass LOSS [TARGETS]                 ends it; the number of targets is counted
 *     cut                                 stops without the end of the stream
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/cli.h"
#include "stream/item_support.h"

static struct output_file sink;
static struct frame_out out;
static struct err err;
static struct epoch epoch;
static i32_vec position, rank, ties;
static i32_vec users_of, sessions, target, history, lengths;
static VEC(unsigned char) seen;
static bool says_seen;
static f32_vec loss;
static int64_t targets, among;
static char label[100]; /* empty: the header has none */
static int32_t users, items;

static void must(int status)
{
    if (status) {
        fprintf(stderr, "predictions: %s\n", err.text);
        exit(status);
    }
}

static double number(const char *text)
{
    double value = 0;
    if (text && !num_f64(text, strlen(text), &value))
        must(err_set(&err, STATUS_DATA, "\"%s\" is no number", text));
    return value;
}

static const char *word(char *line)
{
    return strtok(line, " \n");
}

static void pack_options(struct buf *packed, const char *const *option, uint32_t n)
{
    msgpack_packer pk;
    msgpack_packer_init(&pk, packed, buf_write);
    msgpack_pack_map(&pk, n);
    for (uint32_t i = 0; i < n; i++) {
        const char *value = strchr(option[i], '=') + 1;
        int64_t whole;
        pack_text(&pk, (struct bytes){option[i], (size_t)(value - 1 - option[i])});
        if (num_i64(value, strlen(value), &whole))
            msgpack_pack_int64(&pk, whole);
        else
            pack_text(&pk, bytes_of(value));
    }
}

static void begin(void)
{
    struct meta m = {.kind = STREAM_PREDICTIONS};
    for (const char *name = word(NULL); name; name = word(NULL)) {
        const char *option[16];
        uint32_t n = 0;
        struct buf packed = {0};
        while (n < 16 && (option[n] = word(NULL)) && strcmp(option[n], "|"))
            n++;
        pack_options(&packed, option, n);
        meta_add_program(&m, name, "0", (struct bytes){packed.at, packed.len});
        buf_release(&packed);
    }
    int64_t edges[168];
    for (int64_t i = 0; i < 168; i++)
        edges[i] = (i + 1) * 3600;
    meta_set_i64s(&m, "delta_edges", edges, 168);
    item_support_describe(&m, among);
    among = 0;
    if (*label)
        meta_set_text(&m, "label", label);
    *label = 0;
    users = items = 0;
    if (out.open)
        must(frame_out_end(&out, &err));
    frame_out_release(&out);
    must(frame_out_open(&out, &sink, &m, true, &err));
    meta_release(&m);
}

static void add_user(const char *name)
{
    must(write_user(&out, users++, bytes_of(name), (struct attributes){{NULL, 0}}, &err));
}

static void add_item(const char *name, const char *train)
{
    const char *option = train;
    struct buf packed = {0};
    msgpack_packer pk;
    msgpack_packer_init(&pk, &packed, buf_write);
    msgpack_pack_map(&pk, 1);
    pack_text(&pk, bytes_of("train"));
    pack_text(&pk, bytes_of(option ? option : ""));
    must(write_item(&out, items++, bytes_of(name),
                    (struct attributes){{option ? packed.at : NULL, option ? packed.len : 0}},
                    &err));
    buf_release(&packed);
}

static void define_items(int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "item %d", (int)i);
        add_item(name, NULL);
    }
    add_user("somebody");
}

/* The rest of the line as it is. */
static const char *rest(void)
{
    const char *text = strtok(NULL, "\n");
    return text ? text : "";
}

static double part_of(char **text, char end)
{
    char *from = *text, *to = strchr(from, end);
    if (to)
        *to = '\0';
    *text = to ? to + 1 : from + strlen(from);
    return number(from);
}

enum { OLDEST = 168 /* the last age bucket */ };

/* What an attention line is read into. */
static struct told {
    const char *level;
    int64_t position;
    f32_vec weight; /* session by session */
    i32_vec delta, week, length, item, target, top, age;
    i64_vec began, start; /* empty where it is not told when the session began */
} told;

static void take_list(char *text, i32_vec *to)
{
    while (*text)
        vec_push(to, (int32_t)part_of(&text, ','));
}

/* KEY=VALUE; false: it is none. */
static bool take_setting(char *word)
{
    char *value = strchr(word, '=');
    if (!value)
        return false;
    *value++ = '\0';
    if (!strcmp(word, "level"))
        told.level = value;
    else if (!strcmp(word, "position"))
        told.position = (int64_t)number(value);
    else if (!strcmp(word, "began"))
        vec_push(&told.began, (int64_t)number(value));
    else
        take_list(value, !strcmp(word, "target") ? &told.target
                         : !strcmp(word, "top")  ? &told.top
                                                 : &told.age);
    return true;
}

static void take_session(char *text)
{
    size_t before = told.item.len;
    char *weights = text;
    text += strcspn(text, ":");
    if (*text)
        *text++ = '\0';
    while (*weights)
        vec_push(&told.weight, (float)part_of(&weights, ','));
    int32_t age = (int32_t)part_of(&text, ':');
    vec_push(&told.delta, age < OLDEST ? age : OLDEST);
    if (told.began.len)
        vec_push(&told.start, told.began.at[0] - (int64_t)age * 3600);
    vec_push(&told.week, (int32_t)part_of(&text, ':'));
    take_list(text, &told.item);
    vec_push(&told.length, (int32_t)(told.item.len - before));
}

static void take_event(char *text)
{
    vec_push(&told.weight, (float)part_of(&text, ':'));
    vec_push(&told.item, (int32_t)part_of(&text, ':'));
}

/* From a session's weights behind each other to those of a target. */
static void turn(size_t rows)
{
    f32_vec turned = {0};
    size_t n = told.weight.len / rows;
    for (size_t i = 0; i < told.weight.len; i++)
        vec_push(&turned, told.weight.at[i % n * rows + i / n]);
    vec_release(&told.weight);
    told.weight = turned;
}

static struct column column_of(const i32_vec *v)
{
    return (struct column){v->len ? v->at : NULL, v->len};
}

static void write_told(int64_t user, int64_t session)
{
    bool events = !strcmp(told.level, "session") || !strcmp(told.level, "item");
    if (!strcmp(told.level, "intra"))
        turn(told.target.len ? told.target.len : told.top.len);
    vec_reserve(&told.item, 1); /* without any, they are still given */
    struct attention a = {.model = bytes_of("made-up"),
                          .level = bytes_of(told.level),
                          .user = user,
                          .session = session,
                          .position = told.position,
                          .weight = {told.weight.at, told.weight.len},
                          .item = {told.item.at, told.item.len},
                          .length = column_of(&told.length),
                          .delta = column_of(events ? &told.age : &told.delta),
                          .week = column_of(&told.week),
                          .start = {told.start.at, told.start.len},
                          .began = {told.began.at, told.began.len},
                          .target = column_of(&told.target),
                          .top = column_of(&told.top)};
    if (!a.target.at && !events && told.item.len)
        a.target = (struct column){told.item.at, 1};
    must(write_attention(&out, &a, &err));
}

static void add_attention(void)
{
    int64_t user = (int64_t)number(word(NULL)), session = (int64_t)number(word(NULL));
    told = (struct told){.level = "inter", .position = -1};
    for (char *text = strtok(NULL, " \n"); text; text = strtok(NULL, " \n")) {
        if (take_setting(text))
            continue;
        if (!strcmp(told.level, "session") || !strcmp(told.level, "item"))
            take_event(text);
        else
            take_session(text);
    }
    write_told(user, session);
    i32_vec *all[] = {&told.delta,  &told.week, &told.length, &told.item,
                      &told.target, &told.top,  &told.age};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        vec_release(all[i]);
    vec_release(&told.weight);
}

/* KEY=NUMBER into the column of the target that was added last. */
static void set_column(const char *text)
{
    static const char *const key[] = {"user", "session", "target", "history", "length"};
    i32_vec *const column[] = {&users_of, &sessions, &target, &history, &lengths};
    size_t n = strcspn(text, "=");
    if (!strncmp(text, "seen=", 5)) {
        says_seen = true;
        seen.at[rank.len - 1] = (unsigned char)number(text + 5);
    }
    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        if (!strncmp(text, key[i], n) && !key[i][n])
            column[i]->at[rank.len - 1] = (int32_t)number(text + n + 1);
}

static void add_target(void)
{
    double given[4] = {0}; /* position, rank, ties, loss */
    const char *next = word(NULL);
    for (int i = 0; i < 4 && next && !strchr(next, '='); next = word(NULL))
        given[i++] = number(next);
    vec_push(&position, (int32_t)given[0]);
    vec_push(&rank, (int32_t)given[1]);
    vec_push(&ties, (int32_t)given[2]);
    vec_push(&loss, (float)given[3]);
    vec_push(&users_of, 0);
    vec_push(&sessions, 0);
    vec_push(&seen, 0);
    vec_push(&target, 0);
    vec_push(&history, 0);
    vec_push(&lengths, (int32_t)given[0] + 2);
    for (; next; next = word(NULL))
        set_column(next);
}

static void write_targets(void)
{
    size_t n = rank.len;
    struct ranks r = {.user = {users_of.at, n},
                      .session = {sessions.at, n},
                      .position = {position.at, n},
                      .target = {target.at, n},
                      .rank = {rank.at, n},
                      .ties = {ties.at, n},
                      .history = {history.at, n},
                      .length = {lengths.at, n},
                      .loss = {loss.at, n},
                      .seen = {says_seen ? seen.at : NULL, n}};
    if (n)
        must(write_ranks(&out, &r, &err));
    targets += (int64_t)n;
    says_seen = false;
    vec_clear(&users_of);
    vec_clear(&sessions);
    vec_clear(&seen);
    vec_clear(&target);
    vec_clear(&history);
    vec_clear(&lengths);
    vec_clear(&position);
    vec_clear(&rank);
    vec_clear(&ties);
    vec_clear(&loss);
}

/* Lists of user 0, session 0, at positions from 0. */
static void add_lists(void)
{
    i32_vec listed = {0}, zero = {0}, at = {0};
    f32_vec score = {0};
    int32_t lists = 0;
    for (char *text = strtok(NULL, " \n"); text; text = strtok(NULL, " \n")) {
        take_list(text, &listed);
        vec_push(&at, lists++);
        vec_push(&zero, 0);
    }
    for (size_t i = 0; i < listed.len; i++)
        vec_push(&score, -(float)i);
    struct tops t = {.user = {zero.at, at.len},
                     .session = {zero.at, at.len},
                     .position = {at.at, at.len},
                     .k = (int64_t)(listed.len / at.len),
                     .item = {listed.at, listed.len},
                     .score = {score.at, listed.len}};
    must(write_tops(&out, &t, &err));
    vec_release(&listed);
    vec_release(&zero);
    vec_release(&at);
    vec_release(&score);
}

static void begin_pass(void)
{
    epoch.number = (int64_t)number(word(NULL));
    const char *part = word(NULL);
    for (int p = PART_TRAIN; p <= PART_TEST; p++)
        if (part && !strcmp(part, part_name[p]))
            epoch.part = (enum part)p;
    targets = 0;
    must(write_epoch(&out, epoch, &err));
}

static void end_pass(void)
{
    const char *mean = word(NULL), *given = word(NULL);
    struct pass p = {epoch, number(mean), given ? (int64_t)number(given) : targets, 0};
    must(write_pass(&out, &p, &err));
    must(frame_out_pause(&out, &err));
}

int main(void)
{
    static char line[1 << 17];
    must(output_file_open(&sink, NULL, &err));
    while (fgets(line, sizeof line, stdin)) {
        const char *what = word(line);
        if (!what || *what == '#')
            continue;
        if (strcmp(what, "rank"))
            write_targets();
        if (!strcmp(what, "among"))
            among = (int64_t)number(word(NULL));
        else if (!strcmp(what, "label"))
            snprintf(label, sizeof label, "%s", rest());
        else if (!strcmp(what, "run"))
            begin();
        else if (!strcmp(what, "items"))
            define_items((int32_t)number(word(NULL)));
        else if (!strcmp(what, "user"))
            add_user(rest());
        else if (!strcmp(what, "item")) {
            const char *train = word(NULL);
            add_item(rest(), train);
        } else if (!strcmp(what, "attention"))
            add_attention();
        else if (!strcmp(what, "epoch"))
            begin_pass();
        else if (!strcmp(what, "rank"))
            add_target();
        else if (!strcmp(what, "top"))
            add_lists();
        else if (!strcmp(what, "pass"))
            end_pass();
        else if (!strcmp(what, "cut"))
            return 0;
        else
            must(err_set(&err, STATUS_DATA, "unknown: %s", what));
    }
    write_targets();
    must(frame_out_end(&out, &err));
    must(output_file_commit(&sink, &err));
    return 0;
}
