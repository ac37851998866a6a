#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

size_t terminal_columns(int fd)
{
    struct winsize size;
    if (!isatty(fd))
        return 0;
    return !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}
