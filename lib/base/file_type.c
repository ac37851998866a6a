#include "base/file_type.h"

#include <stdbool.h>

/* Tables of other programs, which one of these makes a delimited log of. */
#define BY_DUCKDB "duckdb -csv -c \"FROM 'FILE'\" makes CSV of it"
#define BY_PANDAS                                                                                  \
    "python3 -c \"import pandas; pandas.read_hdf('FILE').to_csv('/dev/stdout')\" makes CSV of it"
#define BY_ITS_PROGRAM "the program that wrote it can save it as CSV"
#define BY_PYARROW                                                                                 \
    "python3 -c \"import pyarrow.feather as f, pyarrow.csv as c; "                                 \
    "c.write_csv(f.read_table('FILE'), '/dev/stdout')\" makes CSV of it"

/* Marks are such that no line of text begins with them. */
#define MARK(text) text, sizeof(text) - 1
static const struct file_type known[] = {
    {MARK("\x1f\x8b"), "gzip", "pipe it through gzip -dc"},
    {MARK("\3757zXZ"), "xz", "pipe it through xz -dc"},
    {MARK("\x28\xb5\x2f\xfd"), "zstd", "pipe it through zstd -dc"},
    {MARK("BZh91AY&SY"), "bzip2", "pipe it through bzip2 -dc"},
    {MARK("\x04\x22\x4d\x18"), "lz4", "pipe it through lz4 -dc"},
    {MARK("LZIP\x01"), "lzip", "pipe it through lzip -dc"},
    {MARK("\x1f\x9d"), "compress", "pipe it through gzip -dc"},
    {MARK("PK\x03\x04"), "zip", "unzip -p FILE unpacks it"},
    {MARK("7z\xbc\xaf\x27\x1c"), "7z", "7z x -so FILE unpacks it"},
    {MARK("Rar!\x1a\x07"), "rar", "unrar p -inul FILE unpacks it"},
    {MARK("PAR1\x15"), "Parquet", BY_DUCKDB},
    {MARK("ARROW1\0\0"), "Arrow (Feather)", BY_PYARROW},
    {MARK("SQLite format 3\0"), "SQLite",
     "sqlite3 -csv -header FILE 'SELECT * FROM TABLE' makes CSV of it"},
    {MARK("\x5d\0\0"), "lzma", "pipe it through xz -dc"},
    {MARK("\x89HDF"), "HDF5", BY_PANDAS},
    {MARK("\xd0\xcf\x11\xe0"), "an Excel workbook", BY_ITS_PROGRAM},
    {MARK("\x80\x03"), "a pickle of Python", BY_ITS_PROGRAM},
    {MARK("\x80\x04\x95"), "a pickle of Python", BY_ITS_PROGRAM},
    {MARK("\x80\x05\x95"), "a pickle of Python", BY_ITS_PROGRAM},
    {MARK("\xff\xfe\0\0"), "UTF-32", "pipe it through iconv -f UTF-32 -t UTF-8"},
    {MARK("\0\0\xfe\xff"), "UTF-32", "pipe it through iconv -f UTF-32 -t UTF-8"},
    {MARK("\xff\xfe"), "UTF-16", "pipe it through iconv -f UTF-16 -t UTF-8"},
    {MARK("\xfe\xff"), "UTF-16", "pipe it through iconv -f UTF-16 -t UTF-8"},
};

/* What begins with no mark: letters of two bytes, of which one is 0, and tar's mark is behind a
 * name.
 */
static const struct file_type little = {"", 0, "UTF-16",
                                        "pipe it through iconv -f UTF-16LE -t UTF-8"};
static const struct file_type big = {"", 0, "UTF-16", "pipe it through iconv -f UTF-16BE -t UTF-8"};
static const struct file_type tar = {MARK("ustar"), "tar", "tar -xOf FILE NAME unpacks it"};
enum { TAR_MARK = 257 };

/* A zip archive whose first file is one that a workbook has. */
static const struct file_type workbook = {MARK("PK\x03\x04"), "an Excel workbook", BY_ITS_PROGRAM};
enum { ZIP_NAME = 30 };

static bool is_workbook(struct bytes begin)
{
    static const char *const names[] = {"[Content_Types].xml", "_rels/", "docProps/", "xl/"};
    bool is_zip = begin.len > ZIP_NAME && !memcmp(begin.at, workbook.begin, workbook.length);
    for (size_t i = 0; is_zip && i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (begin.len >= ZIP_NAME + n && !memcmp(begin.at + ZIP_NAME, names[i], n))
            return true;
    }
    return false;
}

static const struct file_type *type_without_mark(struct bytes begin)
{
    const char *at = begin.at;
    if (begin.len >= TAR_MARK + tar.length && !memcmp(at + TAR_MARK, tar.begin, tar.length))
        return &tar;
    if (begin.len < 4)
        return NULL;
    if (at[0] && !at[1] && at[2] && !at[3])
        return &little;
    return !at[0] && at[1] && !at[2] && at[3] ? &big : NULL;
}

const struct file_type *file_type_of(struct bytes begin)
{
    if (is_workbook(begin))
        return &workbook;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = known[i].length;
        if (begin.len >= n && !memcmp(begin.at, known[i].begin, n))
            return &known[i];
    }
    return type_without_mark(begin);
}
