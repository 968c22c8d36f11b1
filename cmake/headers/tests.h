// SPDX-License-Identifier: Apache-2.0
// The same for tests, with GoogleTest.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cmake/headers/standard.h"
