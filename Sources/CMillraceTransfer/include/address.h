/* address.h: which addresses belong to the public internet. */
#ifndef MILLRACE_ADDRESS_H
#define MILLRACE_ADDRESS_H

#include <sys/socket.h>

/* Whether an address is one of the public internet: neither of this machine nor of a private network, nor
 * set aside (https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 twin). */
int address_is_public(const struct sockaddr *address);

#endif
