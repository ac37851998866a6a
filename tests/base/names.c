#include "base/names.h"

#include "base/random.h"
#include "../tap.h"

/* Random short byte strings, looked up among all that were added before, one by one. */
static void against_brute_force(uint32_t alphabet, uint32_t longest, int count)
{
    struct names n = {0};
    struct random r = random_of(7, alphabet);
    VEC(struct bytes) plain = {0};
    int wrong = 0;
    for (int i = 0; i < count; i++) {
        char name[16];
        size_t len = random_below(&r, longest + 1);
        for (size_t k = 0; k < len; k++)
            name[k] = (char)random_below(&r, alphabet);
        struct bytes b = {name, len};
        int32_t id = 0, count_before = names_count(&n);
        while (id < count_before && !bytes_equal(plain.at[id], b))
            id++;
        bool is_new = id == count_before, said;
        wrong += names_find(&n, b) != (is_new ? -1 : id);
        wrong += names_add(&n, b, &said) != id || said != is_new;
        wrong += names_find(&n, b) != id || !bytes_equal(names_at(&n, id), b);
        if (is_new)
            vec_push(&plain, ((struct bytes){mem_copy(name, len), len}));
    }
    for (size_t id = 0; id < plain.len; id++)
        wrong += !bytes_equal(names_at(&n, (int32_t)id), plain.at[id]);
    tap_ok(!wrong && names_count(&n) == (int32_t)plain.len && plain.len > 2,
           "%d names of up to %u of %u bytes are found as by searching (%zu different)", count,
           longest, alphabet, plain.len);
    for (size_t i = 0; i < plain.len; i++)
        mem_free((char *)(size_t)plain.at[i].at);
    vec_release(&plain);
    names_release(&n);
}

/* Names that are added together get the ids that they get one by one. */
static void together(size_t at_a_time)
{
    struct names one = {0}, all = {0};
    struct random r = random_of(11, at_a_time);
    struct bytes names[200];
    char text[200][12];
    int32_t ids[200];
    int wrong = 0;
    for (int turn = 0; turn < 300; turn++) {
        for (size_t i = 0; i < at_a_time; i++)
            names[i] = (struct bytes){
                text[i], (size_t)snprintf(text[i], sizeof *text, "%u", random_below(&r, 9000))};
        names_add_all(&all, names, at_a_time, ids);
        for (size_t i = 0; i < at_a_time; i++)
            wrong += names_add(&one, names[i], NULL) != ids[i];
    }
    tap_ok(!wrong && names_count(&one) == names_count(&all), "%zu at a time: %d names", at_a_time,
           names_count(&all));
    names_release(&one);
    names_release(&all);
}

int main(void)
{
    together(1);
    together(63);
    together(200);
    against_brute_force(2, 5, 3000);
    against_brute_force(256, 2, 6000);
    against_brute_force(4, 9, 6000);

    struct names n = {0};
    tap_ok(names_find(&n, bytes_of("a")) == -1, "nothing is found in an empty table");
    tap_ok(names_add(&n, (struct bytes){NULL, 0}, NULL) == 0 && names_find(&n, bytes_of("")) == 0 &&
               names_at(&n, 0).at && names_at(&n, 0).len == 0,
           "the empty name is a name");
    int32_t b = names_add(&n, bytes_of("b"), NULL);
    names_clear(&n);
    tap_ok(b == 1 && names_count(&n) == 0 && names_find(&n, bytes_of("b")) == -1 &&
               names_add(&n, bytes_of("b"), NULL) == 0,
           "ids begin anew after clearing");
    names_release(&n);
    tap_ok(names_count(&n) == 0 && names_add(&n, bytes_of("c"), NULL) == 0,
           "a released table can be used again");
    names_release(&n);
    return tap_done();
}
