/* digest.h: the digests of a tree's files, as lines that `sha256sum -c` reads. */
#ifndef CHECKSUM_DIGEST_H
#define CHECKSUM_DIGEST_H

#include <openssl/evp.h>
#include <stdio.h>

#include "millrace.h"
#include "tree.h"

/* Writes a line for each file of the tree to `lines`; unreadable ones are logged and counted instead.
 * Stops early if the job is cancelled. Returns 0 or an errno. */
int digest_tree(tree *all, const EVP_MD *algorithm, FILE *lines, const millrace_context *context);

#endif
