// SPDX-License-Identifier: Apache-2.0
// ONNX's generated protobuf classes (Debian's libonnx), with the macros they were compiled with. For onnx_file.cc and
// onnx_file_writer.cc alone.
#pragma once

#define ONNX_ML 1
#define ONNX_NAMESPACE onnx
#include <onnx/onnx_pb.h>
