// SPDX-License-Identifier: Apache-2.0
/// \file
/// The names of two libraries for one network. Ours are torchvision's where torchvision has the network, and timm's otherwise.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace fovea {

/// From our names to timm's (pytorch-image-models) for EfficientNet B, MNASNet B1 and MobileNetV2, which are recognized by
/// their names; empty for other networks.
std::map<std::string, std::string> timm_names(const std::vector<std::string>& names);

/// The current form of a name: torchvision's DenseNet files have "norm.1" and "conv.2" where its networks have "norm1" and
/// "conv2". Other names stay.
std::string current_name(const std::string& name);

}  // namespace fovea
