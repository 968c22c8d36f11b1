// SPDX-License-Identifier: Apache-2.0
// Operators as other converters write them, which fovea's writer never produces but its reader accepts.
#pragma once

#include "tests/judges/operator_jobs.h"

namespace fovea::judges {

void add_file_operators(OperatorJobs& jobs);
void add_word_operators(OperatorJobs& jobs);  // 16-bit activations
void add_real_operators(OperatorJobs& jobs);  // real numbers: 8- and 16-bit weights, logic, and rare operators

}  // namespace fovea::judges
