/* Tables of which a step touches few rows: they come out as if every step had updated all of them,
 * for every optimizer. */
#include "update_reference.h"

enum { ROWS_OF_TABLE = 23, COLS = 33, STEPS = 700, SIZE_OF_TABLE = ROWS_OF_TABLE * COLS };

struct table {
    float *w, *m, *v;
    int32_t *last;
    struct moments x[SIZE_OF_TABLE];
};

static double worst_row(const struct table *t, int row)
{
    static float w[SIZE_OF_TABLE];
    double worst = 0;
    device->op->download(device, w, t->w, sizeof w);
    for (int i = row * COLS; i < (row + 1) * COLS; i++)
        worst = worse(worst, fabs((double)w[i] - t->x[i].w));
    return worst;
}

/* One step that touches some rows; returns the worst that they are off when caught up. */
static double touch(struct table *t, struct update *u, bool momentum, const int32_t *row, int rows,
                    float size)
{
    static float g[SIZE_OF_TABLE];
    float *m = momentum ? t->m : NULL, *own = tape_memory(tape, sizeof g);
    const struct rows *r = tape_rows(tape, row, rows);
    double worst = 0;
    device->op->rows_lazy_update(device, u, r, COLS, t->w, m, t->v, t->last);
    for (int i = 0; i < r->unique; i++)
        worst = worse(worst, worst_row(t, row[i]));
    for (int i = 0; i < rows * COLS; i++)
        g[i] = random_between(&test_random, -size, size);
    device->op->upload(device, own, g, sizeof g);
    device->op->rows_update(device, u, r, COLS, own, t->w, m, t->v, t->last);
    for (int i = 0; i < ROWS_OF_TABLE; i++) {
        int place = 0;
        while (place < rows && row[place] != i)
            place++;
        for (int j = 0; j < COLS; j++)
            reference_update(u, momentum, place < rows ? (double)g[place * COLS + j] : 0,
                             &t->x[i * COLS + j]);
    }
    return worst;
}

static void open_table(struct table *t)
{
    const struct operations *op = device->op;
    float **part[] = {&t->w, &t->m, &t->v};
    float *w = random_floats(SIZE_OF_TABLE, 0.1f);
    for (int i = 0; i < 3; i++) {
        *part[i] = tape_memory(tape, SIZE_OF_TABLE * sizeof(float));
        op->fill(device, *part[i], 0, SIZE_OF_TABLE);
    }
    op->upload(device, t->w, w, SIZE_OF_TABLE * sizeof *w);
    const int32_t zero[ROWS_OF_TABLE] = {0};
    t->last = tape_memory(tape, sizeof zero);
    op->upload(device, t->last, zero, sizeof zero);
    for (int i = 0; i < SIZE_OF_TABLE; i++)
        t->x[i] = (struct moments){.w = (double)w[i]};
    mem_free(w);
}

/* The worst that any row is off when all are brought up to date before step u->step. */
static double worst_of_all(const struct table *t, const struct update *u, bool momentum)
{
    int32_t all[ROWS_OF_TABLE];
    double worst = 0;
    for (int32_t i = 0; i < ROWS_OF_TABLE; i++)
        all[i] = i;
    device->op->rows_lazy_update(device, u, tape_rows(tape, all, ROWS_OF_TABLE), COLS, t->w,
                                 momentum ? t->m : NULL, t->v, t->last);
    for (int i = 0; i < ROWS_OF_TABLE; i++)
        worst = worse(worst, worst_row(t, i));
    return worst;
}

/* Row 0 at every step, row 1 once at the first, the others now and then, the last never. */
static void check_rows_of(struct update u, bool momentum, float size, const char *name)
{
    static struct table t;
    double worst = 0;
    tape_begin(tape, false, 0, 0);
    open_table(&t);
    for (u.step = 1; u.step <= STEPS; u.step++) {
        int32_t row[ROWS_OF_TABLE], rows = 0;
        row[rows++] = 0;
        if (u.step == 1)
            row[rows++] = 1;
        for (int32_t i = 2; i < ROWS_OF_TABLE - 1; i++)
            if (random_below(&test_random, (uint32_t)(2 * i * i)) == 0)
                row[rows++] = i;
        worst = worse(worst, touch(&t, &u, momentum, row, rows, size));
    }
    worst = worse(worst, worst_of_all(&t, &u, momentum));
    tap_ok(worst < 1e-6, "rows, %s, gradients up to %g: worst %.1e", name, (double)size, worst);
}

/* Few steps: row 0 at each, row 1 after gaps of every kind, row 2 once. */
static double worst_at_edge(const struct update_setting *s)
{
    static const int32_t row[] = {0, 1, 2};
    static struct table t;
    struct update u = s->u;
    double worst = 0;
    tape_begin(tape, false, 0, 0);
    open_table(&t);
    for (u.step = 1; u.step <= 24; u.step++) {
        bool gap_ends = u.step == 2 || u.step == 4 || u.step == 9 || u.step == 23;
        worst =
            worse(worst, touch(&t, &u, s->momentum, row, u.step == 2 ? 3 : 1 + gap_ends, s->size));
    }
    return worse(worst, worst_of_all(&t, &u, s->momentum));
}

static void check_rows(void)
{
    const struct {
        struct update u;
        bool momentum;
        const char *name;
    } way[] = {
        {{OPTIMIZER_SGD, 0.01f, 0, 0, 1, 0}, false, "sgd"},
        {{OPTIMIZER_SGD, 0.01f, 0, 0.01f, 1, 0}, false, "sgd with decay"},
        {{OPTIMIZER_SGD, 0.001f, 0.9f, 0, 1, 0}, true, "sgd with momentum"},
        {{OPTIMIZER_SGD, 0.001f, 0.9f, 0.01f, 0.5f, 0}, true, "sgd with momentum, decay, clipping"},
        {{OPTIMIZER_ADAM, 0.001f, 0, 0, 1, 0}, true, "adam"},
        {{OPTIMIZER_ADAM, 0.001f, 0, 0.1f, 0.5f, 0}, true, "adam with decay, clipping"},
        {{OPTIMIZER_ADAGRAD, 0.01f, 0, 0, 1, 0}, false, "adagrad"},
        {{OPTIMIZER_ADAGRAD, 0.01f, 0.5f, 0, 1, 0}, true, "adagrad with momentum"},
        {{OPTIMIZER_ADAGRAD, 0.01f, 0.5f, 0.1f, 0.5f, 0}, true, "adagrad with momentum, decay"},
    };
    const float size[] = {1, 1e-3f, 1e-8f};
    for (size_t i = 0; i < sizeof way / sizeof *way; i++)
        for (int j = 0; j < 3; j++)
            check_rows_of(way[i].u, way[i].momentum, size[j], way[i].name);
    check_edges(worst_at_edge, "rows");
}

static const struct check checks[] = {TABLE_CHECKS(CHECK_ROW)};

int main(void)
{
    checks_open(5);
    run_checks(checks, sizeof checks / sizeof *checks);
    return checks_close();
}
