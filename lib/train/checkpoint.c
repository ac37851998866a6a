#include "train/checkpoint.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/output_path.h"
#include "base/part_file.h"
#include "base/path.h"
#include "base/signals.h"
#include "stream/provenance.h"

static const char format[] = "sesspipe-checkpoint 1";

/* ---- contents ---- */

static void output_state(struct checkpoint *c, struct state *s)
{
    int64_t length = (int64_t)c->stand.length, records = c->stand.records;
    state_begin(s, "output");
    state_i64(s, "length", &length, 0, INT64_MAX);
    state_i64(s, "waiting_records", &records, 0, UINT32_MAX);
    state_bytes(s, "waiting", &c->stand.block);
    state_end(s);
    c->stand.length = (uint64_t)length;
    c->stand.records = (uint32_t)records;
}

/* Writes or restores all members; of a run that reached its end, without the run's state. */
static void list(void *of, struct state *s)
{
    struct checkpoint *c = of;
    struct buf header = {0};
    int64_t records = state_restoring(s) ? 0 : c->records;
    if (!state_restoring(s))
        buf_append(&header, c->run.header.at, c->run.header.len);
    state_bytes(s, "header", &header);
    buf_release(&header);
    state_begin(s, "input");
    state_i64(s, "records", &records, 1, INT64_MAX);
    state_i64(s, "digest", &c->digest, INT64_MIN, INT64_MAX);
    state_end(s);
    c->target = records;
    output_state(c, s);
    state_flag(s, "ended", &c->ended);
    if (!c->ended)
        c->run.state(c->run.of, s);
}

/* ---- writing ---- */

static int write_file(struct checkpoint *c, struct err *e)
{
    static const char *const key[] = {"format", "model", "output", "temporary"};
    const struct output_file *output = &c->run.out->sink;
    char *kept = output->temporary ? part_file_kept(output->temporary) : NULL;
    const char *const value[] = {format, c->run.model, kept ? path_base(output->path) : "",
                                 kept ? path_base(kept) : ""};
    struct safetensors_text text[4];
    struct output_file file;
    if (output_file_open_whole(&file, c->path, e)) {
        mem_free(kept);
        return e->status;
    }
    for (int i = 0; i < 4; i++) {
        text[i] = (struct safetensors_text){mem_copy(key[i], strlen(key[i])), {0}};
        buf_text(&text[i].value, value[i]);
    }
    int status = state_write(&file, text, kept ? 4 : 2, list, c, e);
    for (int i = 0; i < 4; i++) {
        mem_free(text[i].key);
        buf_release(&text[i].value);
    }
    mem_free(kept);
    if (!status)
        return output_file_commit(&file, e);
    output_file_discard(&file);
    return status;
}

/* The first checkpoint of this run is there: the output's temporary file is kept from now on, and
 * that of a checkpoint which this one replaced is needed no more. */
static int note_written(struct checkpoint *c, struct err *e)
{
    struct output_file *output = &c->run.out->sink;
    c->written = true;
    if (c->orphan)
        unlink(c->orphan);
    mem_free(c->orphan);
    c->orphan = NULL;
    return output->temporary ? output_file_name_kept(output, e) : 0;
}

int checkpoint_write(struct checkpoint *c, struct err *e)
{
    struct output_file *output = &c->run.out->sink;
    uint64_t length = 0;
    uint64_t digest = schedule_in_digest(c->run.in);
    if (c->run.flush(c->run.of, e) || (output->temporary && output_file_keep(output, &length, e)))
        return e->status;
    struct frame_stand stand = {0};
    if (output->temporary && !c->ended)
        stand = frame_out_stand(&c->run.out->out, length);
    stand.length = length;
    c->stand = stand; /* its bytes belong to the output */
    memcpy(&c->digest, &digest, sizeof c->digest);
    int status = write_file(c, e);
    c->stand = (struct frame_stand){0};
    if (status && !c->written)
        output->kept = false; /* no checkpoint names it */
    c->since = 0;
    return status ? status : note_written(c, e);
}

int checkpoint_step(struct checkpoint *c, enum record_kind kind, struct err *e)
{
    if (!c->path || c->ended)
        return 0;
    c->since += kind == RECORD_BATCH || kind == RECORD_PARALLEL;
    bool due = c->since && (kind == RECORD_EPOCH || (c->every && c->since >= c->every));
    return due ? checkpoint_write(c, e) : 0;
}

int checkpoint_end(struct checkpoint *c, struct err *e)
{
    if (!c->path)
        return 0;
    c->ended = true;
    return checkpoint_write(c, e);
}

/* ---- resuming: is it the same run? ---- */

static int bad(const struct checkpoint *c, const char *what, struct err *e)
{
    return err_set(e, STATUS_DATA, "%s: %s", c->resumed, what);
}

static int check_format(const struct checkpoint *c, struct err *e)
{
    struct bytes found = safetensors_text_of(&c->from, "format"), expected = bytes_of(format);
    if (bytes_equal(found, expected))
        return 0;
    if (found.len > 20 && !memcmp(found.at, expected.at, 20))
        return bad(c, "format: a checkpoint of another version of trainer", e);
    return bad(c,
               safetensors_text_of(&c->from, "model").len
                   ? "format: a model, not a checkpoint: use --init to start from it"
                   : "format: not a checkpoint",
               e);
}

/* The key of the first entry that differs; NULL: none. */
static const char *other_entry(const struct meta *was, const struct meta *is)
{
    for (size_t i = 0; i < is->entries.len; i++) {
        const struct meta_entry *entry = &is->entries.at[i];
        if (!bytes_equal(meta_find(was, entry->key),
                         (struct bytes){entry->value.at, entry->value.len}))
            return entry->key;
    }
    return was->entries.len > is->entries.len ? was->entries.at[is->entries.len].key : NULL;
}

static int name_difference(const struct checkpoint *c, const struct meta *was,
                           const struct meta *is, struct err *e)
{
    struct buf what = {0};
    int program = provenance_difference(was, is, &what, e);
    const char *key = other_entry(was, is);
    if (program == -2)
        bad(c, "header: the pipeline is damaged", e);
    else if (program >= 0)
        err_set(e, (size_t)program + 1 == is->pipeline.len ? STATUS_USAGE : STATUS_DATA,
                "%s is of another run: %.*s", c->resumed, (int)what.len, what.at);
    else
        err_set(e, STATUS_DATA, "%s is of other data: the header's \"%s\" differs", c->resumed,
                key ? key : "minor");
    buf_release(&what);
    return e->status;
}

static int compare_headers(const struct checkpoint *c, struct bytes was, struct bytes is,
                           struct err *e)
{
    struct meta then, now;
    if (bytes_equal(was, is))
        return 0;
    if (meta_parse(&then, was, e))
        return err_at(e, "%s: header", c->resumed);
    int status = meta_parse(&now, is, e);
    if (!status) {
        status = name_difference(c, &then, &now, e);
        meta_release(&now);
    }
    meta_release(&then);
    return status;
}

static int check_header(struct checkpoint *c, struct err *e)
{
    const struct safetensors_entry *entry = safetensors_find(&c->from, "header");
    struct buf was = {0};
    if (!entry || strcmp(entry->type, "U8") || entry->dims != 1 ||
        safetensors_bytes(entry) > META_LIMIT)
        return bad(c, "header: is missing, or of another type or length", e);
    size_t n = (size_t)safetensors_bytes(entry);
    buf_reserve(&was, n);
    int status = safetensors_read(&c->from, entry, 0, was.at, n, e);
    const struct buf *is = &c->run.header;
    if (!status)
        status = compare_headers(c, (struct bytes){was.at, n}, (struct bytes){is->at, is->len}, e);
    buf_release(&was);
    return status;
}

/* The temporary file of the output that a checkpoint names, in the output's folder, to be freed;
 * NULL: none, or of another output. */
static char *temporary_of(const struct checkpoint *c)
{
    struct bytes output = safetensors_text_of(&c->from, "output");
    struct bytes temporary = safetensors_text_of(&c->from, "temporary");
    struct buf name = {0};
    if (!c->output || !temporary.len || !bytes_equal(output, bytes_of(path_base(c->output))) ||
        memchr(temporary.at, '/', temporary.len) || memchr(temporary.at, 0, temporary.len))
        return NULL;
    buf_append(&name, c->output, (size_t)(path_base(c->output) - c->output));
    buf_append(&name, temporary.at, temporary.len);
    buf_byte(&name, 0);
    return name.at;
}

/* A run that was killed when it had just written its first checkpoint has not renamed the file. */
static void find_before_kept(char **name)
{
    struct stat there;
    size_t n = strlen(*name);
    if (!lstat(*name, &there) || n < 5 || strcmp(*name + n - 5, ".kept"))
        return;
    char *part = mem_copy(*name, n);
    memcpy(part + n - 5, ".part", 5);
    bool is = !lstat(part, &there);
    mem_free(is ? *name : part);
    *name = is ? part : *name;
}

/* Finds the output's temporary file. */
static int find_output(struct checkpoint *c, struct err *e)
{
    struct bytes output = safetensors_text_of(&c->from, "output");
    struct bytes temporary = safetensors_text_of(&c->from, "temporary");
    if (!c->output || !temporary.len)
        return 0; /* a new output with the passes that follow */
    if (!bytes_equal(output, bytes_of(path_base(c->output))))
        return err_set(e, STATUS_USAGE,
                       "%s continues the output %.*s: give that to -o, or no -o for an output of "
                       "the passes that follow",
                       c->resumed, (int)output.len, output.at);
    c->temporary = temporary_of(c);
    if (!c->temporary)
        return bad(c, "temporary: not the name of a file", e);
    find_before_kept(&c->temporary);
    return 0;
}

/* A new run replaces the checkpoint that is there: nothing else names its output's temporary file.
 */
static void find_orphan(struct checkpoint *c)
{
    struct err unused;
    if (safetensors_open(&c->from, c->path, &unused))
        return;
    if (bytes_equal(safetensors_text_of(&c->from, "format"), bytes_of(format)))
        c->orphan = temporary_of(c);
    safetensors_close(&c->from);
}

static int open_resumed(struct checkpoint *c, struct err *e)
{
    if (safetensors_open(&c->from, c->resumed, e))
        return e->status;
    c->waiting = true;
    return check_format(c, e) || check_header(c, e) || find_output(c, e) ? e->status : 0;
}

/* Locks the checkpoints where their names lead. */
static int take_locks(struct checkpoint *c, struct err *e)
{
    char *own = output_path_file(c->path), *other = output_path_file(c->resumed);
    bool two = other && !output_path_same(c->path, c->resumed);
    int status = two ? lock_take(&c->other, other, e) : 0;
    if (!status)
        status = lock_take(&c->own, own ? own : c->path, e);
    mem_free(own);
    mem_free(other);
    return status;
}

int checkpoint_open(struct checkpoint *c, const struct checkpoint_run *run, const char *path,
                    const char *resumed, int64_t every, struct err *e)
{
    struct output_file probe;
    *c = (struct checkpoint){.run = *run, .resumed = resumed, .every = every};
    c->path = path ? path : resumed;
    if (!c->path)
        return 0;
    schedule_in_digest_begin(c->run.in);
    c->output = output_path_file(run->path);
    if (take_locks(c, e) || (c->resumed && open_resumed(c, e)) ||
        output_file_open_whole(&probe, c->path, e))
        return e->status;
    output_file_discard(&probe);
    if (!c->resumed)
        find_orphan(c);
    signals_catch();
    return 0;
}

/* ---- resuming: state and output ---- */

int checkpoint_restore(struct checkpoint *c, struct err *e)
{
    c->stand = (struct frame_stand){0};
    if (state_read(&c->from, list, c, e))
        return e->status;
    return c->target < c->records
               ? bad(c, "input.records: is before the first epoch of the input", e)
               : 0;
}

int checkpoint_arrive(struct checkpoint *c, struct err *e)
{
    uint64_t digest = schedule_in_digest(c->run.in);
    if (memcmp(&digest, &c->digest, sizeof digest) != 0)
        return err_set(e, STATUS_DATA,
                       "%s is of other data: the first %" PRId64 " records of the input differ",
                       c->resumed, c->target);
    c->waiting = false;
    c->written = true;
    safetensors_close(&c->from);
    return 0;
}

int checkpoint_finish(struct checkpoint *c, struct err *e)
{
    struct stat there;
    if (c->run.save && stat(c->run.save, &there))
        return err_set(e, STATUS_NOINPUT,
                       "%s is of a run that has ended, and has no weights to write to %s",
                       c->resumed, c->run.save);
    if (!c->temporary)
        return output_finish(c->run.out, e);
    if (!output_file_continue(&c->run.out->sink, c->output, c->temporary, c->stand.length, e))
        return output_file_commit(&c->run.out->sink, e);
    if (e->status == STATUS_NOINPUT && !stat(c->output, &there) &&
        (uint64_t)there.st_size == c->stand.length)
        return 0; /* the run was killed after all was done */
    return e->status;
}

void checkpoint_close(struct checkpoint *c)
{
    if (c->waiting)
        safetensors_close(&c->from);
    if (c->own.path)
        lock_release(&c->own);
    if (c->other.path)
        lock_release(&c->other);
    mem_free(c->temporary);
    mem_free(c->output);
    mem_free(c->orphan);
    buf_release(&c->run.header);
    buf_release(&c->stand.block);
    c->temporary = c->output = c->orphan = NULL;
    c->waiting = false;
}
