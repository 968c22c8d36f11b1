// SPDX-License-Identifier: Apache-2.0
/// \file
/// Everything that a program includes to define, train and run a network. It contains no MLIR, so a model compiles in about a
/// second.
#pragma once

#include "fovea/codegen/driver/compile.h"
#include "fovea/core/error.h"
#include "fovea/core/progress.h"
#include "fovea/core/tensor.h"
#include "fovea/data/loader.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/device/devices.h"
#include "fovea/inference/metrics.h"
#include "fovea/inference/predictor.h"
#include "fovea/inference/session.h"
#include "fovea/models/registry.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/losses.h"
#include "fovea/nn/optimizer.h"
#include "fovea/nn/trace.h"
#include "fovea/runtime/program.h"
#include "fovea/runtime/thread_pool.h"

/// The library: networks as C++ functions, compiled by MLIR and LLVM.
namespace fovea {}
