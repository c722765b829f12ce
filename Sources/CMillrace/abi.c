/* SwiftPM wants a source file in each C target; the interface is all in the header. */
#include "include/millrace.h"
