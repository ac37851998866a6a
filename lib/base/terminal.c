#include "base/terminal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

bool terminal_takes(const char *output)
{
    struct stat there;
    if (!output || !strcmp(output, "-"))
        return isatty(STDOUT_FILENO);
    if (stat(output, &there) || !S_ISCHR(there.st_mode)) /* a reader sees who opens a pipe */
        return false;
    int fd = open(output, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool takes = fd >= 0 && isatty(fd);
    if (fd >= 0)
        close(fd);
    return takes;
}

size_t terminal_columns(int fd)
{
    struct winsize size;
    if (!isatty(fd))
        return 0;
    return !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}
