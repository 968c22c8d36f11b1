// SPDX-License-Identifier: Apache-2.0
// Integer operators, compiled and run, for comparison with plain loops.
#pragma once

#include "fovea/core/random.h"
#include "fovea/graph/graph.h"
#include "tests/reference/quantized.h"

namespace fovea {

TensorType type_of(const reference::Integers& integers);
QuantizedType output_type(const reference::Coding& coding, int64_t last = 0);
Tensor tensor_of(const reference::Integers& integers);
Tensor tensor_of(const std::vector<int64_t>& bias);

reference::Integers random_integers(const Shape& shape, const reference::Coding& coding, uint64_t stream);
std::vector<int64_t> random_bias(int64_t channels, uint64_t stream);

// Compiles one operator for a processor and runs it; returns its first result.
Tensor run_operator(const std::string& name, const std::vector<Tensor>& arguments, const std::vector<TensorType>& types,
                    const Attributes& attributes, const std::string& cpu);

void expect_equal(const Tensor& got, const reference::Integers& wanted, const std::string& what);

// This processor, and one with AVX2 alone.
const std::vector<std::string>& processors();

void expect_integers(const std::string& name, const std::vector<reference::Integers>& operands, const Attributes& attributes,
                     const reference::Integers& wanted, const std::vector<std::vector<int64_t>>& biases = {});

Attributes movement_attributes(const reference::Movement& movement);

}  // namespace fovea
