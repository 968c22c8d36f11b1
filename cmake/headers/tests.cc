#include "cmake/headers/tests.h"
