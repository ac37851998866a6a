#include "base/file_type.h"

static const struct file_type known[] = {
    {"\x1f\x8b", "gzip", "pipe it through gzip -dc"},
    {"\3757zXZ", "xz", "pipe it through xz -dc"},
    {"\x28\xb5\x2f\xfd", "zstd", "pipe it through zstd -dc"},
    {"BZh", "bzip2", "pipe it through bzip2 -dc"},
    {"PK\x03\x04", "zip", "pipe it through unzip -p"},
    {"\xff\xfe", "UTF-16", "pipe it through iconv -f UTF-16 -t UTF-8"},
    {"\xfe\xff", "UTF-16", "pipe it through iconv -f UTF-16 -t UTF-8"},
};

const struct file_type *file_type_of(struct bytes begin)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i].begin);
        if (begin.len >= n && !memcmp(begin.at, known[i].begin, n))
            return &known[i];
    }
    return NULL;
}
