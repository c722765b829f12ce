// A plugin in Go: its runtime has threads as soon as it is loaded.
package main

// #include "millrace.h"
// #include <stdlib.h>
// int millrace_go_result(const millrace_context *context, void *bytes, size_t length);
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// Sums squares in as many goroutines as there are numbers, and makes the sum and the runtime's name the result.
//
//export millrace_go_run
func millrace_go_run(job unsafe.Pointer, context unsafe.Pointer) C.int {
	parts := make(chan int)
	for i := 1; i <= 10; i++ {
		go func(i int) { parts <- i * i }(i)
	}
	sum := 0
	for i := 1; i <= 10; i++ {
		sum += <-parts
	}
	text := fmt.Sprintf("%d by %s, job %d", sum, strings.TrimRight(runtime.Version(), "."), (*C.millrace_job)(job).id)
	bytes := C.CBytes([]byte(text))
	defer C.free(bytes)
	return C.millrace_go_result((*C.millrace_context)(context), bytes, C.size_t(len(text)))
}

func main() {}
