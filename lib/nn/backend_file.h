/* Shared objects that a program loads on demand: they lie beside it or in ../lib/sesspipe from
 * there, or an environment variable names them. */
#ifndef NN_BACKEND_FILE_H
#define NN_BACKEND_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Loads the file of that name, or the one that the variable names, for the rest of the process.
 * builds: what a message adds where there is none; shares: what it loads in turn finds its
 * functions.  NULL: `why` is the reason. */
void *backend_file_load(const char *name, const char *variable, const char *builds, bool shares,
                        char *why, size_t room);

/* Looks up the function of that name; *to is its pointer, of whatever type.  False: none. */
bool backend_file_function(void *file, const char *name, void *to);

#endif
