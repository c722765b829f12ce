#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

/* A range of IPv4: the first address and how many bits all have in common. */
static const struct {
    uint32_t first;
    int bits;
} set_aside[] = {
    {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
    {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16},
    {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3},
};

static int is_public_4(uint32_t address) {
    for (size_t i = 0; i < sizeof set_aside / sizeof set_aside[0]; i++) {
        if ((address ^ set_aside[i].first) >> (32 - set_aside[i].bits) == 0) return 0;
    }
    return 1;
}

static uint32_t last_32(const uint8_t *bytes) {
    return (uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 | (uint32_t)bytes[14] << 8 | bytes[15];
}

static int is_public_6(const uint8_t *bytes) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, translated[12] = {0, 0x64, 0xff, 0x9b};
    /* An IPv4 address in another dress is what that address is. */
    if (memcmp(bytes, mapped, 12) == 0 || memcmp(bytes, translated, 12) == 0) {
        return is_public_4(last_32(bytes));
    }
    if (bytes[0] >> 5 != 1) return 0;                                            /* Not 2000::/3. */
    if (bytes[0] == 0x20 && bytes[1] == 0x02) return 0;                          /* 2002::/16, 6to4. */
    if (bytes[0] == 0x3f && bytes[1] == 0xff && bytes[2] >> 4 == 0) return 0;    /* 3fff::/20. */
    if (bytes[0] != 0x20 || bytes[1] != 0x01) return 1;
    return !(bytes[2] < 2 || (bytes[2] == 0x0d && bytes[3] == 0xb8)); /* 2001::/23, 2001:db8::/32. */
}

int address_is_public(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, address, sizeof four);
        return is_public_4(ntohl(four.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, address, sizeof six);
        return is_public_6(six.sin6_addr.s6_addr);
    }
    return 0;
}
