// SPDX-License-Identifier: Apache-2.0
// Which layers of a network become integers, and which of its tensors share a scale.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fovea/graph/quantization.h"
#include "fovea/graph/rewrite/fused_layers.h"
#include "fovea/quant/observer.h"

namespace fovea {

struct PlanOptions {
  std::vector<std::string> float_layers;  // patterns (fovea/core/glob.h) of names of layers that stay in f32
};

// Of a folded graph. Rules: TensorFlow Lite 8-bit quantization specification. Operators that only move numbers or choose among
// them (pooling, reshape, slice, pad, transpose, concat) give what they take: all of their tensors are one group with one
// scale. Sigmoid, tanh, softmax and hard sigmoid have the scale of their results by rule.
class QuantizationPlan {
 public:
  // Refuses patterns of float layers that fit none. Layers that integers have no operator for stay in f32.
  explicit QuantizationPlan(const InferenceModel& model, const PlanOptions& options = {});

  struct Layer : FusedLayer {
    bool integer = false;
    std::string name;         // for tables: the layer's, with the operator where several of its operators stand in the list
    bool keeps_type() const;  // its result has the type of what it reads
    bool contraction() const { return has_weight(); }
  };
  const std::vector<Layer>& layers() const { return layers_; }

  // The first tensor of the group: ranges are kept by it.
  int32_t group_of(Ref value) const;
  // The type by rule, of a group; none: by range.
  std::optional<QuantizedType> fixed_type(Ref value) const;
  // Tensors that have to be observed, in order: one or more of each group without a type by rule. Inputs come first.
  const std::vector<Ref>& observed() const { return observed_; }

 private:
  void absorb_hard_sigmoids();
  void choose_integers(const std::vector<std::string>& float_layers);
  void name_layers();
  void join(Ref a, Ref b);
  void group(const InferenceModel& model);

  std::vector<Layer> layers_;
  std::map<int32_t, int32_t> parent_;
  std::map<int32_t, QuantizedType> fixed_;
  std::vector<Ref> observed_;
};

// The type of every quantized tensor of a plan, by group: the rule's, or that of the range.
using RangeMap = std::map<int32_t, Range>;  // by group
QuantizedType type_of(const QuantizationPlan& plan, const RangeMap& ranges, Ref value);
// The ranges of observed tensors joined by group.
RangeMap ranges_by_group(const QuantizationPlan& plan, const std::map<int32_t, Range>& observed);

}  // namespace fovea
