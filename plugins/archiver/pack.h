/* pack.h: writes a tree into an archive. */
#ifndef ARCHIVER_PACK_H
#define ARCHIVER_PACK_H

#include "parameters.h"
#include "patterns.h"
#include "tree_list.h"

/* The kinds of archive, as the parameter `format` names them. */
enum { FORMAT_TAR_ZST, FORMAT_TAR_GZ, FORMAT_ZIP, FORMAT_COUNT };
extern const char *const pack_formats[FORMAT_COUNT + 1];

typedef struct packing {
    const tree_root *root;
    const tree_list *list;
    int format;
    const millrace_context *context;
    /* The files that are the archive itself and the one that it is to replace: not put into it. */
    struct stat own, replaced;
    /* What is in it; pipes, sockets and devices, which are not; files that changed as they were read. */
    int64_t files, directories, links, bytes, passed_over, changed;
    /* The file that could not be read; NULL if libarchive has the words. */
    const char *unreadable;
    char problem[400];
} packing;

/* Writes the list into the open file `descriptor`. Returns 0; ECANCELED; or EIO, and `problem` has the
 * words. */
int pack(packing *all, int descriptor);

#endif
