// SPDX-License-Identifier: Apache-2.0
// The generated protobuf classes of ONNX (Debian's libonnx), with the macros that they were compiled with. Only for
// onnx_file.cc and onnx_file_writer.cc.
#pragma once

#define ONNX_ML 1
#define ONNX_NAMESPACE onnx
#include <onnx/onnx_pb.h>
