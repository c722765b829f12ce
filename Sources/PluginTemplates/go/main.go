// nameless: greets somebody. Put what your jobs do into greet.
package main

// #cgo CFLAGS: -I${SRCDIR}/millrace
// #include "plugin.h"
// #include <stdlib.h>
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

// What a job is given; the schema of it is in plugin.c.
type parameters struct {
	Who   string `json:"who"`
	Times int    `json:"times"`
}

var errStopped = errors.New("the job was asked to stop")

func greet(given parameters, job job) (string, error) {
	var text strings.Builder
	for i := 0; i < given.Times; i++ {
		if job.isCancelled() {
			return "", errStopped
		}
		fmt.Fprintf(&text, "Hello, %s!\n", given.Who)
		job.progress(float64(i+1)/float64(given.Times), "greeting")
	}
	job.log("greeted " + given.Who)
	return text.String(), nil
}

// Called by plugin.c.
//
//export go_run
func go_run(given unsafe.Pointer, context unsafe.Pointer) C.int {
	job := job{(*C.millrace_context)(context)}
	values := parameters{Who: "world", Times: 1}
	text := (*C.millrace_job)(given).parameters
	if text != nil {
		if err := json.Unmarshal([]byte(C.GoString(text)), &values); err != nil {
			return job.fail("invalid_parameters", err.Error(), false)
		}
	}
	result, err := greet(values, job)
	if errors.Is(err, errStopped) {
		return job.fail("cancelled", err.Error(), true)
	}
	if err != nil {
		return job.fail("error", err.Error(), true)
	}
	return job.finish([]byte(result), "text/plain; charset=utf-8")
}

func main() {}
