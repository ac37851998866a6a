#include "eval/model_name.h"

#include "../tap.h"

/* "program option=value option=value;program ...". */
static struct model_name chain_of(const char *text)
{
    struct model_name c = {0};
    for (int program = 0; *text; program++) {
        size_t n = strcspn(text, " ;");
        model_name_add(&c, program, (struct bytes){"", 0}, (struct bytes){text, n});
        for (text += n; *text == ' '; text += n) {
            text++;
            n = strcspn(text, " ;");
            size_t name = strcspn(text, "=");
            model_name_add(&c, program, (struct bytes){text, name},
                           (struct bytes){text + name + 1, n - name - 1});
        }
        text += *text == ';';
    }
    return c;
}

static void label_is(const char *text, const char *label)
{
    struct model_name c = chain_of(text);
    struct buf b = {0};
    model_name_label(&c, &b);
    tap_ok(bytes_equal((struct bytes){b.at, b.len}, bytes_of(label)), "\"%s\" is %.*s", text,
           (int)b.len, b.at);
    buf_release(&b);
    model_name_release(&c);
}

/* The header's label comes first, and what it says is not told again. */
static void test_header(void)
{
    struct model_name a = chain_of("trainer model=narm encoder=global lr=0.1");
    struct model_name b = chain_of("trainer model=narm encoder=local lr=0.2");
    struct buf to = {0}, other = {0};
    buf_text(&a.label, "narm global");
    model_name_label(&a, &to);
    tap_ok(bytes_equal((struct bytes){to.at, to.len}, bytes_of("narm global")),
           "the header's label");
    buf_clear(&to);
    model_name_distinguish((struct namesake[]){{&a, &to}, {&b, &other}}, 2);
    tap_ok(bytes_equal((struct bytes){to.at, to.len}, bytes_of(" lr=0.1")), "what it says: %.*s",
           (int)to.len, to.at);
    buf_release(&to);
    buf_release(&other);
    model_name_release(&a);
    model_name_release(&b);
}

static void same(int expected, const char *a, const char *b)
{
    struct model_name first = chain_of(a), second = chain_of(b);
    struct buf x = {0}, y = {0};
    model_name_key(&first, &x);
    model_name_key(&second, &y);
    tap_ok(bytes_equal((struct bytes){x.at, x.len}, (struct bytes){y.at, y.len}) == expected,
           "\"%s\" and \"%s\" are %s model", a, b, expected ? "one" : "not one");
    buf_release(&x);
    buf_release(&y);
    model_name_release(&first);
    model_name_release(&second);
}

static void one_run(int expected, const char *a, const char *b)
{
    struct model_name first = chain_of(a), second = chain_of(b);
    struct buf x = {0}, y = {0};
    model_name_seeds(&first, &x);
    model_name_seeds(&second, &y);
    tap_ok(bytes_equal((struct bytes){x.at, x.len}, (struct bytes){y.at, y.len}) == expected,
           "\"%s\" and \"%s\" have %s seeds", a, b, expected ? "the same" : "different");
    buf_release(&x);
    buf_release(&y);
    model_name_release(&first);
    model_name_release(&second);
}

static void test_distinguish(void)
{
    struct model_name a = chain_of("batcher batch=9;trainer model=ii-rnn lr=0.1 dropout=0 seed=1");
    struct model_name b =
        chain_of("batcher batch=9;trainer model=ii-rnn lr=0.1 dropout=0.2 seed=2");
    struct model_name c = chain_of("batcher batch=8;trainer model=ii-rnn lr=0.1 dropout=0 seed=1");
    struct buf to = {0}, third = {0};
    model_name_distinguish((struct namesake[]){{&a, &to}, {&b, NULL}, {&c, &third}}, 3);
    tap_ok(bytes_equal((struct bytes){to.at, to.len}, bytes_of(" batch=9 dropout=0")), "%.*s",
           (int)to.len, to.at);
    tap_ok(bytes_equal((struct bytes){third.at, third.len}, bytes_of(" batch=8 dropout=0")), "%.*s",
           (int)third.len, third.at);
    buf_clear(&to);
    model_name_distinguish((struct namesake[]){{&a, &to}}, 1);
    tap_ok(!to.len, "alone, there is nothing to tell apart");
    struct bytes seed = model_name_find(&b, "seed");
    tap_ok(bytes_equal(seed, bytes_of("2")) && !model_name_find(&b, "none").at, "options by name");
    buf_release(&to);
    buf_release(&third);
    model_name_release(&a);
    model_name_release(&b);
    model_name_release(&c);
}

int main(void)
{
    one_run(1, "batcher seed=1;trainer lr=1 seed=2", "batcher seed=1;trainer lr=2 seed=2");
    one_run(0, "batcher seed=1;trainer seed=2", "batcher seed=2;trainer seed=2");
    one_run(0, "batcher seed=1;trainer", "batcher;trainer seed=1");
    one_run(1, "baseline model=pop", "baseline model=markov");
    label_is("batcher seed=3;trainer model=ii-rnn inter=hidden,delta seed=1", "ii-rnn");
    label_is("tfilter;baseline model=pop", "pop");
    label_is("tfilter;mymodel k=3", "mymodel");
    label_is("", "unnamed");
    same(1, "batcher seed=1;trainer lr=0.1 seed=1", "batcher seed=2;trainer lr=0.1 seed=9");
    same(0, "trainer lr=0.1", "trainer lr=0.2");
    same(0, "trainer lr=0.1", "predictor lr=0.1");
    same(0, "trainer lr=0.1", "trainer lr=0.1 clip=1");
    same(1, "trainer lr=0.1 clip=1", "trainer clip=1 lr=0.1");
    same(0, "trainer ab=c", "trainer a=bc");
    same(0, "tfilter a=1;tfilter b=1", "tfilter b=1;tfilter a=1");
    same(1, "", "");
    test_distinguish();
    test_header();
    return tap_done();
}
