// SPDX-License-Identifier: Apache-2.0
#include "cmake/headers/tests.h"
