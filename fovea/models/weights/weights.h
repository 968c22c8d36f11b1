// SPDX-License-Identifier: Apache-2.0
/// \file
/// The conversion between our networks and published weights.
///
/// Here filters are [kernel..., in, out], dense weights [in, out], and maps are flattened [spatial..., channels]. PyTorch has
/// [out, in, kernel...] and [out, in], and flattens [channels, spatial...]. Published files are in PyTorch's layout, under
/// torchvision's names or, for EfficientNets, MobileNets and MNASNets, timm's. The metadata of a file ("format") says which
/// layout it has; this is never guessed from shapes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/nn/trace.h"

namespace fovea {

/// A tensor of our layout in PyTorch's, f32.
Tensor to_torch_layout(const ParameterSpec& parameter, const Tensor& tensor);
/// A tensor of PyTorch's layout in ours, f32.
Tensor from_torch_layout(const ParameterSpec& parameter, const Tensor& tensor);
/// The shape of a parameter in PyTorch's layout.
Shape torch_shape(const ParameterSpec& parameter);

/// The tensors of a file, and its metadata.
struct WeightFile {
  std::string path;                             ///< for messages
  std::map<std::string, Tensor> tensors;        ///< by the names in the file
  std::map<std::string, std::string> metadata;  ///< such as "format"
};

/// What to do with a classifier for another number of classes.
enum class HeadRule : uint8_t {
  same,        ///< the file must have as many classes as the network, or one more that is the background
  start_anew,  ///< such a classifier is left out, to be initialized
  replace      // any head is left out
};

/// The result of load_weights.
struct LoadedWeights {
  std::map<std::string, Tensor> tensors;  ///< in our layout and names, f32; without the classifier where it is left out
  std::string remark;                     ///< what was dropped or left out, in one line; empty: nothing
};

/// The tensors of `file` for `network`, in our layout. The metadata "format" is "pt" for PyTorch's layout, also when it is
/// absent (PyTorch's own writer sets none), or "fovea" for ours, which may have more than the network needs, such as an
/// optimizer's state. F16 and BF16 are widened; num_batches_tracked is ignored. A classifier of 1001 classes fits a network of
/// 1000: its row 0, the background, is dropped. Fails, in one line that names the first of them, on tensors that are missing,
/// unknown, or of another shape or type.
LoadedWeights load_weights(const Network& network, const WeightFile& file, HeadRule head = HeadRule::same);

/// The tensors that `network` needs, out of `tensors` (ours), in PyTorch's layout and names: what torch's load_state_dict
/// accepts.
std::map<std::string, Tensor> published_weights(const Network& network, const std::map<std::string, Tensor>& tensors);

}  // namespace fovea
