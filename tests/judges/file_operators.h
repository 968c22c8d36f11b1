// Operators as other converters write them, straight into files: what our writer never makes, but our reader reads.
#pragma once

#include "tests/judges/operator_jobs.h"

namespace fovea::judges {

void add_file_operators(OperatorJobs& jobs);

}  // namespace fovea::judges
