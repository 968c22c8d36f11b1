// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which layers of a network become integers, and which of its tensors share a scale.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fovea/graph/quantization.h"
#include "fovea/passes/network/fused_layers.h"
#include "fovea/quant/observer.h"

namespace fovea {

/// How a network is planned.
struct PlanOptions {
  std::vector<std::string> float_layers;  ///< patterns (fovea/core/glob.h) of names of layers that stay in f32
  std::vector<std::string> wide_layers;   ///< likewise of layers whose weights have 8 bits where others have 4
};

/// The plan of a folded graph, by the rules of the TensorFlow Lite 8-bit quantization specification. Operators that only move
/// or select numbers (pooling, reshape, slice, pad, transpose, concat) keep the type of their operands: all of their tensors
/// are one group with one scale. The results of sigmoid, tanh, softmax and hard sigmoid have prescribed scales.
class QuantizationPlan {
 public:
  /// Refuses patterns of float layers that match none. Layers without an integer operator stay in f32.
  explicit QuantizationPlan(const InferenceModel& model, const PlanOptions& options = {});

  /// A layer with the decision about it.
  struct Layer : FusedLayer {
    bool integer = false;  ///< whether it becomes an integer operator
    bool wide = false;     ///< whether its weights have 8 bits where those of others have 4
    std::string name;      ///< for tables: the name of the layer, with the operator if several of its operators are in the list
    bool keeps_type() const;  ///< Whether its result has the type of its input.
    /// Whether it is a conv or dense layer.
    bool contraction() const { return has_weight(); }
  };
  /// In the order of execution; valid as long as this object.
  const std::vector<Layer>& layers() const { return layers_; }

  /// The first tensor of the value's group, by which ranges are stored.
  int32_t group_of(Ref value) const;
  /// The prescribed type of a group; nothing when its range determines the type.
  std::optional<QuantizedType> fixed_type(Ref value) const;
  /// The tensors that have to be observed, in order, with inputs first: one or more of each group without a prescribed type.
  /// Valid as long as this object.
  const std::vector<Ref>& observed() const { return observed_; }

 private:
  void absorb_hard_sigmoids();
  std::vector<Layer*> fitting(const std::string& pattern);
  void name_layers();
  void join(Ref a, Ref b);
  void group(const InferenceModel& model);

  std::vector<Layer> layers_;
  std::map<int32_t, int32_t> parent_;
  std::map<int32_t, QuantizedType> fixed_;
  std::vector<Ref> observed_;
};

/// Ranges by group.
using RangeMap = std::map<int32_t, Range>;
/// The type of a quantized tensor of the plan: the prescribed one, or that of its group's range.
QuantizedType type_of(const QuantizationPlan& plan, const RangeMap& ranges, Ref value);
/// The ranges of observed tensors, united by group.
RangeMap ranges_by_group(const QuantizationPlan& plan, const std::map<int32_t, Range>& observed);

}  // namespace fovea
