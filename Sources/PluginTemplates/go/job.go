package main

// #cgo CFLAGS: -I${SRCDIR}/millrace
// #include "plugin.h"
// #include <stdlib.h>
import "C"

import "unsafe"

// The way of a job to speak to Millrace, from any goroutine until the job ends.
type job struct{ context *C.millrace_context }

func (job job) isCancelled() bool { return C.job_cancelled(job.context) != 0 }

func (job job) log(message string) {
	text := C.CString(message)
	defer C.free(unsafe.Pointer(text))
	C.job_log(job.context, text)
}

func (job job) progress(fraction float64, message string) {
	text := C.CString(message)
	defer C.free(unsafe.Pointer(text))
	C.job_progress(job.context, C.double(fraction), text)
}

func (job job) finish(bytes []byte, mediaType string) C.int {
	content, kind := C.CBytes(bytes), C.CString(mediaType)
	defer C.free(content)
	defer C.free(unsafe.Pointer(kind))
	return C.job_result(job.context, content, C.size_t(len(bytes)), kind)
}

func (job job) fail(code, message string, retryable bool) C.int {
	word, text, again := C.CString(code), C.CString(message), C.int(0)
	defer C.free(unsafe.Pointer(word))
	defer C.free(unsafe.Pointer(text))
	if retryable {
		again = 1
	}
	return C.job_fail(job.context, word, text, again)
}
