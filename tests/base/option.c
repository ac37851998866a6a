/* Options: what is taken, what is refused and how, and values of a file. */
#include "base/option.h"

#include <math.h>

#include "../tap.h"

static bool flag;
static int64_t whole, memory;
static double real;
static const char *word, *kind;

static int call(void *to, const char *text, struct err *e)
{
    return option_memory(to, text, e);
}

static const struct option flag_row = {.name = "flag", .kind = OPTION_FLAG, .to = &flag};
static const struct option whole_row = {
    .name = "whole", .kind = OPTION_INT, .to = &whole, .low = 1, .high = 9};
static const struct option any_row = {.name = "any", .kind = OPTION_INT, .to = &whole};
static const struct option least_row = {
    .name = "least", .kind = OPTION_INT, .to = &whole, .low = 1, .high = 9e18};
static const struct option most_row = {
    .name = "most", .kind = OPTION_REAL, .to = &real, .low = -INFINITY, .high = 2.5};
static const struct option far_row = {
    .name = "far", .kind = OPTION_REAL, .to = &real, .low = -9e18, .high = 9e18};
static const struct option text_row = {.name = "text", .kind = OPTION_TEXT, .to = &word};
static const struct option file_row = {
    .name = "file", .kind = OPTION_TEXT, .to = &word, .file = true};
static const struct option kind_row = {
    .name = "kind", .kind = OPTION_CHOICE, .to = &kind, .choices = "one|two"};
static const struct option call_row = {
    .name = "memory", .kind = OPTION_CALL, .to = &memory, .call = call, .argument = "SIZE"};
static const struct option end_row = {.kind = OPTION_END};

static void sets(const struct option *o, const char *text, const char *message)
{
    struct err e = {0};
    int status = option_set(o, text, &e);
    tap_ok(message ? status == STATUS_USAGE && !strcmp(e.text, message) : !status, "--%s %s: %s",
           o->name, text, status ? e.text : "taken");
}

static void restores(const struct option *o, const char *value, const char *message)
{
    struct err e = {0};
    int status = option_restore(o, value, &e);
    tap_ok(message ? status == STATUS_USAGE && !strcmp(e.text, message) : !status,
           "--%s was %s: %s", o->name, value ? value : "not given", status ? e.text : "taken");
}

static void given(void)
{
    sets(&flag_row, "", NULL);
    tap_ok(flag, "a flag is set");
    sets(&whole_row, "7", NULL);
    tap_ok(whole == 7, "a whole number");
    sets(&whole_row, "10", "'10' is not a whole number from 1 to 9");
    sets(&whole_row, "seven", "'seven' is not a whole number from 1 to 9");
    sets(&any_row, "-3", NULL);
    sets(&any_row, "1.5", "'1.5' is not a whole number");
    sets(&least_row, "0", "'0' is not a whole number of 1 or more");
    sets(&most_row, "2.5", NULL);
    tap_ok(real == 2.5, "a number");
    sets(&most_row, "3", "'3' is not a number of 2.5 or less");
    sets(&far_row, "nan", "'nan' is not a number");
    sets(&text_row, "-", NULL);
    tap_ok(!strcmp(word, "-"), "a text");
    sets(&file_row, "-", "name a file: standard input is for the program's input");
    sets(&file_row, "a", NULL);
    sets(&kind_row, "two", NULL);
    tap_ok(!strcmp(kind, "two"), "a choice");
    sets(&kind_row, "tw", "'tw' is not one of one, two");
    sets(&call_row, "64K", NULL);
    tap_ok(memory == 65536, "a size");
    sets(&call_row, "63K", "'63K' is not a size of 64K or more, like 512M or 2G");
    sets(&call_row, "much", "'much' is not a size of 64K or more, like 512M or 2G");
    sets(&end_row, "", NULL);
}

static void restored(void)
{
    restores(&flag_row, "false", NULL);
    tap_ok(!flag, "a flag that was not given");
    restores(&flag_row, "true", NULL);
    tap_ok(flag, "one that was");
    restores(&flag_row, NULL, "'' is neither true nor false");
    restores(&flag_row, "yes", "'yes' is neither true nor false");
    restores(&whole_row, "8", NULL);
    restores(&whole_row, NULL, "'' is not a whole number from 1 to 9");
    restores(&most_row, NULL, "'' is not a number of 2.5 or less");
    restores(&text_row, NULL, NULL);
    tap_ok(!word, "a text that was not given");
    word = kind = "before";
    restores(&kind_row, NULL, NULL);
    tap_ok(!strcmp(kind, "before"), "a choice that was not given is the default");
    restores(&kind_row, "one", NULL);
    restores(&call_row, "2G", NULL);
    tap_ok(memory == (int64_t)2 << 30, "a size");
}

static void names(void)
{
    tap_ok(!option_value_name(&flag_row), "a flag has no value");
    tap_ok(!strcmp(option_value_name(&whole_row), "N"), "a number");
    tap_ok(!strcmp(option_value_name(&kind_row), "one|two"), "a choice");
    tap_ok(!strcmp(option_value_name(&call_row), "SIZE"), "a call");
}

int main(void)
{
    given();
    restored();
    names();
    return tap_done();
}
