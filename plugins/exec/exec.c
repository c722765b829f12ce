#include "millrace.h"
