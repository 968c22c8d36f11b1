// SPDX-License-Identifier: Apache-2.0
// The border between our networks and the world's published weights.
//
// Inside, filters are [kernel..., in, out], dense weights [in, out], and maps are flattened [spatial..., channels]. PyTorch has
// [out, in, kernel...], [out, in] and flattens [channels, spatial...]; published files are in its layout, under torchvision's
// names or, for EfficientNets, MobileNets and MNASNets, timm's. Which layout a file has is told by its metadata ("format"),
// never guessed from shapes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/nn/trace.h"

namespace fovea {

// What is the same: a tensor in our order as PyTorch would hold it, and back. f32.
Tensor to_torch_layout(const ParameterSpec& parameter, const Tensor& tensor);
Tensor from_torch_layout(const ParameterSpec& parameter, const Tensor& tensor);
Shape torch_shape(const ParameterSpec& parameter);

// A file's tensors, and what it says of itself.
struct WeightFile {
  std::string path;  // for messages
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

enum class HeadRule : uint8_t {
  same,        // the file must tell as many classes apart as the network, or one more that is the background
  start_anew,  // a head for another number of classes is left out, to be initialized
  replace      // any head is left out
};

struct LoadedWeights {
  std::map<std::string, Tensor> tensors;  // in our layout and names, f32; without the head where it starts anew
  std::string remark;                     // what was dropped or left out, one line; empty: nothing
};

// The tensors of `file` for `network`, in our layout. Metadata "format" is "pt" (or absent: PyTorch's own writer says nothing)
// for PyTorch's layout, "fovea" for ours, which may hold more than the network needs, such as an optimizer's state. F16 and
// BF16 are widened; num_batches_tracked is ignored. A head of 1001 classes fits a network of 1000: its row 0, the background,
// is dropped. Fails, in one line, on tensors that are missing, unknown, or of another shape or type, naming the first of them.
LoadedWeights load_weights(const Network& network, const WeightFile& file, HeadRule head = HeadRule::same);

// What `network` needs of `tensors` (ours), in PyTorch's layout: what torch's load_state_dict takes.
std::map<std::string, Tensor> published_weights(const Network& network, const std::map<std::string, Tensor>& tensors);

}  // namespace fovea
