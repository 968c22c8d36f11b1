#include "cmake/headers/standard.h"
