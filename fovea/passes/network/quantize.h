// SPDX-License-Identifier: Apache-2.0
/// \file
/// Converts layers of a network that is written with quantize and dequantize operators to operators on integers.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "fovea/graph/graph.h"

namespace fovea {

/// The attribute of a quantize operator that ends a layer on integers, for the pass fovea-quantize.
inline constexpr const char* layer_end_attribute = "fovea.layer_end";
/// The attribute of an argument that a file stores in 4 bits.
inline constexpr const char* four_bits_attribute = "fovea.four_bits";

/// Replaces layers on real numbers by operators on integers (the pass fovea-quantize). `ends` are the results of the quantize
/// operators at which they end; such a layer's operands are results of dequantize operators. `four_bits` names the parameters
/// whose integers have 4 bits. Values are numbered anew. Fails when a layer has no counterpart on integers.
void quantize_layers(Graph& graph, const std::vector<Ref>& ends, const std::set<std::string>& four_bits = {});

}  // namespace fovea
