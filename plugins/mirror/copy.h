/* copy.h: one file or link into another tree, whole or not at all. */
#ifndef MIRROR_COPY_H
#define MIRROR_COPY_H

#include "apply.h"

/* Copies a file with its mode and times; adds its bytes to the count. Returns 0 or an errno. */
int copy_file(apply *all, const tree_entry *from);

/* Copies a link as a link. Returns 0 or an errno. */
int copy_link(apply *all, const tree_entry *from);

/* Sets mode and times of a file or directory of the target if they differ. Returns 0 or an errno. */
int copy_attributes(const apply *all, const tree_entry *from);

#endif
