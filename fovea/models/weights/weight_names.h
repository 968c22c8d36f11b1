// SPDX-License-Identifier: Apache-2.0
// Two libraries' names for one network. Ours are torchvision's where torchvision has the network, else timm's.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace fovea {

// Ours -> timm's (pytorch-image-models) for EfficientNet B, MNASNet B1 and MobileNetV2, told by the names; empty for others.
std::map<std::string, std::string> timm_names(const std::vector<std::string>& names);

// torchvision's files of DenseNet say "norm.1" and "conv.2" where its networks say "norm1" and "conv2"; other names stay.
std::string current_name(const std::string& name);

}  // namespace fovea
