/* Profiles of users, and lines of user and cluster: the first byte chooses (0: profiles).  What is
 * found for a user can be written into a stream. */
#include <stdlib.h>

#include "data/profiles.h"
#include "fuzz.h"
#include "train/clustering.h"
#include "../streams.h"

static void check(bool good)
{
    if (!good)
        abort();
}

static void read_profiles(const char *path)
{
    struct profiles p = {0};
    struct err e = {0};
    int status = profiles_read(&p, path, &e);
    check(!status || (status == STATUS_DATA && *e.text));
    for (int32_t u = 0; !status && u < names_count(&p.users); u++) {
        struct bytes packed = profiles_find(&p, names_at(&p.users, u));
        struct cursor c = cursor_of(packed);
        uint32_t pairs = 0;
        if (!packed.len)
            continue;
        check(cursor_map(&c, &pairs) && pairs >= 1 && pairs <= 3);
        for (struct bytes text; pairs; pairs--)
            check(cursor_str(&c, &text) && text.len && cursor_str(&c, &text) && text.len);
        check(c.at == c.end);
    }
    profiles_release(&p);
}

static void read_clusters(const char *path)
{
    struct names users = {0};
    struct clustering c;
    struct err e = {0};
    names_add(&users, bytes_of("a"), NULL);
    names_add(&users, bytes_of("b"), NULL);
    int status = clustering_open(&c, path, NULL, false, &users, &e);
    check(!status || (status == STATUS_DATA && *e.text));
    for (int32_t u = 0; !status && u < 2; u++)
        check(c.group.at[u] >= 0 && c.group.at[u] < c.blocks);
    clustering_release(&c);
    names_release(&users);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const char *path = stream_file(data + 1, size - 1);
    if (data[0] % 2)
        read_clusters(path);
    else
        read_profiles(path);
    return 0;
}
