/* libFuzzer's end: it calls these two, and they call `FuzzEntry.swift`.
 * In C, because SwiftPM gives the `main` of a Swift program another name, and here it is libFuzzer's. */
#include <stddef.h>
#include <stdint.h>

void millrace_fuzz_choose(void);
int millrace_fuzz(const uint8_t *bytes, size_t count);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    millrace_fuzz_choose();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return millrace_fuzz(bytes, count); }
