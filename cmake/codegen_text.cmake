# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT: the schedule as a C++ string, and a digest of the code generator's sources, which is part of the key of every
# cached kernel.
file(READ ${SCHEDULE} text)
file(GLOB_RECURSE sources ${FOLDER}/*.cc ${FOLDER}/*.h)
list(SORT sources)
set(digests "")
foreach(source ${sources})
  file(SHA256 ${source} digest)
  string(APPEND digests ${digest})
endforeach()
string(SHA256 digest "${digests}${text}")
file(WRITE ${OUTPUT} "#pragma once\nnamespace fovea {\ninline constexpr const char* generator_digest = \"${digest}\";\ninline constexpr const char* schedule_text = R\"mlir(${text})mlir\";\n}  // namespace fovea\n")
