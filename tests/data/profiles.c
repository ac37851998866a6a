/* Profiles of users: what is found, what is refused. */
#include "data/profiles.h"

#include "base/lines.h"
#include "stream/record.h"
#include "../files.h"
#include "../tap.h"

static void has(const struct profiles *p, const char *user, const char *key, const char *expected)
{
    struct attributes a = {profiles_find(p, bytes_of(user))};
    struct bytes text = attributes_find(a, key);
    tap_ok(expected ? bytes_equal(text, bytes_of(expected)) : !text.at, "%s's %s is %s", user, key,
           expected ? expected : "not known");
}

static void found(void)
{
    struct profiles p = {0};
    struct err e = {0};
    text_to_file("profiles", "#id\tgender\tage\tcountry\tregistered\n"
                             "anna\tf\t31\tNorway\tAug 13, 2006\n"
                             "bert\t\t\t\tSep 1, 2006\n"
                             "carl\tm\t\tViet Nam\t\n"
                             "dora\t\t7\t");
    tap_ok(!profiles_read(&p, "profiles", &e), "read %s", e.text);
    has(&p, "anna", "gender", "f");
    has(&p, "anna", "age", "31");
    has(&p, "anna", "country", "Norway");
    has(&p, "anna", "registered", NULL);
    has(&p, "carl", "country", "Viet Nam");
    has(&p, "carl", "gender", "m");
    has(&p, "carl", "age", NULL);
    has(&p, "dora", "age", "7");
    tap_ok(!profiles_find(&p, bytes_of("bert")).at && !profiles_find(&p, bytes_of("emil")).at,
           "nothing of a user of whom nothing is given, nor of one who is not there");
    profiles_release(&p);
}

static void refused(const char *text, const char *expected)
{
    struct profiles p = {0};
    struct err e = {0};
    text_to_file("profiles", text);
    tap_ok(profiles_read(&p, "profiles", &e) == STATUS_DATA && strstr(e.text, expected), "%s",
           e.text);
    profiles_release(&p);
}

int main(void)
{
    struct profiles p = {0};
    struct err e = {0};
    found();
    refused("# a comment\nanna\tf\t31\n", "profiles, line 2: 3 columns");
    refused("anna\tf\t31\tNorway\nbert\t\t\t\nanna\t\t\t\n",
            "profiles, line 3: the id \"anna\" is");
    refused("\tf\t31\tNorway\n", "profiles, line 1: ");
    refused("\nanna\tf\t31\tNorway\n", "profiles, line 1: 1 columns");
    struct buf line = {0};
    for (int i = 0; i <= LINE_LIMIT; i++)
        buf_byte(&line, 'x');
    buf_byte(&line, 0);
    refused(line.at, "profiles, line 1: longer than");
    buf_release(&line);
    tap_ok(profiles_read(&p, "not-there", &e) == STATUS_NOINPUT, "%s", e.text);
    tap_ok(!profiles_find(&p, bytes_of("anna")).at, "without profiles nobody has one");
    profiles_release(&p);
    return tap_done();
}
