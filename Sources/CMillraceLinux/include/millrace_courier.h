/* millrace_courier.h: what a node and the runner tell each other over TCP where they share no file system.
 *
 * The server sends a nonce of 32 bytes; the client sends the length of the bundle's name in one byte, the
 * name, and a nonce of 32 bytes. All that follows is frames. Each is the length of the rest (u32, little
 * endian), its type (u8), its body, and a code of 32 bytes:
 *
 *     HMAC-SHA256(key, direction (u8) | counter (u64, little endian) | type | body)
 *
 * The counter is that of the frames in this direction, from 0; the key is
 *
 *     HMAC-SHA256(the bundle's secret, "millrace-bundle" | server's nonce | client's nonce | name)
 *
 * A frame whose code is wrong ends the connection. The secret itself never crosses.
 *
 * One request after the other is answered. Each can be made again: a client whose connection has broken does
 * not know whether its last one was heard.
 */
#ifndef MILLRACE_COURIER_H
#define MILLRACE_COURIER_H

/* The longest frame, without its length: 1 MiB and 64 bytes. */
#define MILLRACE_COURIER_FRAME 1048640
#define MILLRACE_COURIER_NONCE 32

enum {
    MILLRACE_COURIER_TO_SERVER = 1, /* directions */
    MILLRACE_COURIER_TO_CLIENT = 2
};

/* A name is one of a bundle's directory, or `plugins/SHA256.so`. In the body of a request its length (u8) is
 * before it. */
enum {
    MILLRACE_COURIER_GET = 1,      /* name, offset (u64): answered by DATA, at the end by END, or by NONE */
    MILLRACE_COURIER_PUT = 2,      /* name, offset (u64), bytes: go there in a log; answered by ACK */
    MILLRACE_COURIER_REPLACE = 3,  /* name, offset (u64), flags (u8), bytes: of a draft, which with the flag
                                    * LAST takes the file's place, on the disk; answered by ACK or TAKEN */
    MILLRACE_COURIER_SYNC = 4,     /* name: the log is on the disk before the ACK */

    MILLRACE_COURIER_ACK = 65,
    MILLRACE_COURIER_DATA = 66,    /* bytes */
    MILLRACE_COURIER_END = 67,
    MILLRACE_COURIER_NONE = 68,    /* there is no such file */
    MILLRACE_COURIER_TAKEN = 69,   /* there is one with other bytes, which stays: `started`, `ended` or
                                    * `done` */
    MILLRACE_COURIER_REFUSED = 70, /* a text that says why */
    MILLRACE_COURIER_NEWS = 71     /* name: this file, `closed` or a stop, is there now; at any time */
};

#define MILLRACE_COURIER_LAST 1

#endif
