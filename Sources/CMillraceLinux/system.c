#include "millrace_linux.h"
