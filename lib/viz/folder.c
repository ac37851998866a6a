#include "viz/folder.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/output_file.h"
#include "viz/svg.h"

int folder_make(const char *folder, struct err *e)
{
    struct stat there;
    int why = mkdir(folder, 0777) ? errno : 0;
    if (!why || (!stat(folder, &there) && S_ISDIR(there.st_mode)))
        return 0;
    return err_set(e, STATUS_CANTCREATE, "cannot make the folder %s: %s", folder,
                   strerror(why == EEXIST ? ENOTDIR : why));
}

static int write_file(const char *path, struct bytes svg, struct err *e)
{
    struct buf file = {0};
    struct output_file sink;
    svg_file(&file, svg);
    int status = output_file_open(&sink, path, e);
    if (!status) {
        status = output_file_write(&sink, file.at, file.len, e);
        if (status)
            output_file_discard(&sink);
        else
            status = output_file_commit(&sink, e);
    }
    buf_release(&file);
    return status;
}

int folder_write(const char *folder, const char *prefix, const char *name, const struct buf *svg,
                 struct err *e)
{
    struct buf path = {0};
    buf_format(&path, "%s/%s%s.svg", folder, prefix, name);
    buf_byte(&path, '\0');
    int status = write_file(path.at, (struct bytes){svg->at, svg->len}, e);
    buf_release(&path);
    return status;
}
