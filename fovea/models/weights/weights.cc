// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/weights/weights.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "fovea/core/error.h"
#include "fovea/core/tensor_permute.h"
#include "fovea/models/weights/weight_names.h"

namespace fovea {
namespace {

using TensorMap = std::map<std::string, Tensor>;

constexpr int64_t imagenet_classes = 1000;  // 1001 with the background, which is class 0

Tensor as_f32(const Tensor& tensor, const std::string& file, const std::string& name) {
  if (tensor.dtype() == DType::f32) return tensor;
  if (tensor.dtype() == DType::f64) {
    Tensor rounded(tensor.shape(), DType::f32);
    std::ranges::transform(tensor.values<double>(), rounded.data<float>(),
                           [](double value) { return static_cast<float>(value); });
    return rounded;
  }
  if (tensor.dtype() != DType::f16 && tensor.dtype() != DType::bf16) {
    fail("{}: tensor \"{}\" holds {}; weights are f32, f64, f16 or bf16", file, name, fovea::name(tensor.dtype()));
  }
  return widened(tensor);
}

// For each of PyTorch's features in turn, the index of ours: PyTorch flattens a map with channels first, we with channels last.
std::vector<int64_t> feature_order(const ParameterSpec& parameter) {
  std::vector<int64_t> order;
  for (const Shape& map : parameter.maps) {
    const auto first = static_cast<int64_t>(order.size());
    const int64_t channels = map.back(), positions = element_count(map) / std::max<int64_t>(channels, 1);
    for (int64_t channel = 0; channel < channels; ++channel) {
      for (int64_t position = 0; position < positions; ++position) order.push_back(first + position * channels + channel);
    }
  }
  if (order.empty()) {
    order.resize(static_cast<size_t>(parameter.shape[parameter.shape.size() - 2]));
    std::iota(order.begin(), order.end(), 0);
  }
  return order;
}

// Calls visit(our index, PyTorch's index) for each number of a filter or a dense weight.
template <typename Visit>
void each_number(const ParameterSpec& parameter, Visit visit) {
  const Shape& shape = parameter.shape;
  const int64_t out = shape.back(), in = shape[shape.size() - 2], taps = out * in > 0 ? element_count(shape) / (out * in) : 0;
  const std::vector<int64_t> order = feature_order(parameter);
  constexpr int64_t line = 16;  // numbers in a cache line; outputs are contiguous only in our order
  for (int64_t first = 0; first < out; first += line) {
    for (int64_t i = 0; i < in; ++i) {
      const int64_t ours = order[static_cast<size_t>(i)];
      for (int64_t o = first; o < std::min(first + line, out); ++o) {
        for (int64_t tap = 0; tap < taps; ++tap) visit((tap * in + ours) * out + o, (o * in + i) * taps + tap);
      }
    }
  }
}

// What the tensors of a file are checked against, and how they are converted.
class Loading {
 public:
  Loading(const Network& network, const WeightFile& file, HeadRule head)
      : network_(network), file_(file), ours_(layout_is_ours()), specs_(trace_inference(network, 1).parameters) {
    if (!ours_) {
      take_off_prefixes();
      take_our_names();
    }
    fit_head(head);
  }

  LoadedWeights load();

 private:
  bool layout_is_ours() const;
  void take_off_prefixes();
  void take_our_names();
  void fit_head(HeadRule rule);
  int64_t& outputs_of(Shape& shape) const { return ours_ ? shape.back() : shape.front(); }
  int64_t outputs_of(const Shape& shape) const { return ours_ ? shape.back() : shape.front(); }
  Shape wanted_shape(const ParameterSpec& spec) const;
  bool in_head(const std::string& name) const { return !head_.empty() && name.starts_with(head_ + "."); }
  [[noreturn]] void complain(const std::vector<std::string>& missing, const std::vector<std::string>& unknown,
                             const std::vector<std::string>& wrong) const;

  const Network& network_;
  WeightFile file_;  // with our names
  bool ours_;        // whether the file has our layout
  std::vector<ParameterSpec> specs_;
  std::string head_;  // the last layer with weights; empty where there is none
  bool skip_head_ = false, drop_background_ = false;
  std::string remark_;
};

bool Loading::layout_is_ours() const {
  const auto format = file_.metadata.find("format");
  if (format == file_.metadata.end() || format->second == "pt") return false;
  if (format->second == "fovea") return true;
  fail(
      "{}: its metadata calls the format \"{}\"; weights are read in PyTorch's layout, \"pt\", or in this program's own, "
      "\"fovea\"",
      file_.path, format->second);
}

// A network inside another one (for several devices, compiled, averaged, or a part of a training program) has the name of its
// place there before all of its own names.
void Loading::take_off_prefixes() {
  const auto all_begin = [&](const std::string& prefix) {
    return !file_.tensors.empty() &&
           std::ranges::all_of(file_.tensors, [&](const auto& item) { return item.first.starts_with(prefix); });
  };
  file_.tensors.erase("n_averaged");  // torch.optim.swa_utils stores its counter beside the weights
  const std::vector<std::string> prefixes{"module.", "_orig_mod.", "model.", "net.", "network."};
  for (size_t i = 0; i < prefixes.size();) {
    const std::string& prefix = prefixes[i++];
    const bool own = std::ranges::any_of(specs_, [&](const ParameterSpec& spec) { return spec.name.starts_with(prefix); });
    if (own || !all_begin(prefix)) continue;
    TensorMap inner;
    for (auto& [name, tensor] : file_.tensors) inner.emplace(name.substr(prefix.size()), std::move(tensor));
    file_.tensors = std::move(inner);
    i = 0;  // prefixes may follow one another
  }
}

// A file has timm's names if it contains the first of them.
void Loading::take_our_names() {
  std::vector<std::string> names;
  for (const ParameterSpec& spec : specs_) names.push_back(spec.name);
  std::map<std::string, std::string> ours;
  for (const auto& [name, timm] : timm_names(names)) ours[timm] = name;
  if (!file_.tensors.contains("conv_stem.weight")) ours.clear();
  TensorMap renamed;
  for (auto& [name, tensor] : file_.tensors) {
    const auto known = ours.find(name);
    renamed.emplace(known == ours.end() ? current_name(name) : known->second, std::move(tensor));
  }
  file_.tensors = std::move(renamed);
}

void Loading::fit_head(HeadRule rule) {
  const auto last =
      std::find_if(specs_.rbegin(), specs_.rend(), [](const ParameterSpec& spec) { return spec.kind != ParameterKind::plain; });
  if (last == specs_.rend() || last->shape.back() != network_.classes || !last->name.ends_with(".weight")) return;
  head_ = last->name.substr(0, last->name.size() - std::string(".weight").size());
  const auto given = file_.tensors.find(last->name);
  if (given == file_.tensors.end() || given->second.shape().empty()) return;
  const int64_t classes = network_.classes, found = outputs_of(given->second.shape());
  Shape wanted = wanted_shape(*last);
  outputs_of(wanted) = found;
  if (wanted != given->second.shape()) return;  // more than the number of classes differs
  if (rule == HeadRule::replace) {
    skip_head_ = true;
    remark_ = fmt::format("{}: its head \"{}\" is for other classes; a new head is trained", file_.path, head_);
    return;
  }
  if (found == classes) return;
  if (found == imagenet_classes + 1 && classes == imagenet_classes) {
    drop_background_ = true;
    remark_ = fmt::format("{}: of its {} classes the first, the background, is dropped", file_.path, found);
  } else if (rule == HeadRule::start_anew) {
    skip_head_ = true;
    remark_ =
        fmt::format("{}: its head \"{}\" has {} classes; a new head is trained for {}", file_.path, head_, found, classes);
  } else if (found == imagenet_classes && classes == imagenet_classes + 1) {
    fail(
        "{}: {} classes do not fit the {} of {}: the file has no row for class 0, the background; --classes {} makes the "
        "network fit",
        file_.path, found, classes, network_.name, found);
  } else {
    fail("{}: it has {} classes, {} has {}; --classes {} makes the network fit", file_.path, found, network_.name, classes,
         found);
  }
}

Shape Loading::wanted_shape(const ParameterSpec& spec) const {
  Shape shape = ours_ ? spec.shape : torch_shape(spec);
  if (drop_background_ && in_head(spec.name)) outputs_of(shape) += 1;
  return shape;
}

// The tensor without its first output, which is the first row of PyTorch's layout and the first column of ours.
Tensor without_background(const Tensor& tensor, bool ours) {
  Shape shape = tensor.shape();
  int64_t& outputs = ours ? shape.back() : shape.front();
  const int64_t rows = ours ? tensor.size() / outputs : 1, row = tensor.size() / rows, dropped = ours ? 1 : row / outputs;
  outputs -= 1;
  Tensor rest(shape, DType::f32);
  for (int64_t i = 0; i < rows; ++i) {
    const float* from = tensor.data<float>() + i * row;
    std::copy(from + dropped, from + row, rest.data<float>() + i * (row - dropped));
  }
  return rest;
}

std::string first_of(const std::vector<std::string>& names) {
  constexpr size_t shown = 3;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), shown); ++i) text += (i > 0 ? ", " : "") + names[i];
  return names.size() > shown ? fmt::format("{} and {} more", text, names.size() - shown) : text;
}

void Loading::complain(const std::vector<std::string>& missing, const std::vector<std::string>& unknown,
                       const std::vector<std::string>& wrong) const {
  std::string text;
  const auto add = [&](const std::vector<std::string>& names, const char* what) {
    if (!names.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : "; ", what, first_of(names));
  };
  add(missing, "it lacks");
  add(unknown, "the network has no");
  add(wrong, "the shape is wrong of");
  fail("{}: not the weights of {}: {}", file_.path, network_.name, text);
}

LoadedWeights Loading::load() {
  LoadedWeights loaded{.tensors = {}, .remark = remark_};
  std::vector<std::string> missing, unknown, wrong;
  std::map<std::string, bool> used;
  for (const ParameterSpec& spec : specs_) {
    used[spec.name] = true;
    if (skip_head_ && in_head(spec.name)) continue;
    const auto given = file_.tensors.find(spec.name);
    if (given == file_.tensors.end()) {
      missing.push_back(spec.name);
    } else if (given->second.shape() != wanted_shape(spec)) {
      wrong.push_back(fmt::format("{}, {} for {}", spec.name, to_string(given->second.shape()), to_string(wanted_shape(spec))));
    } else {
      Tensor tensor = as_f32(given->second, file_.path, spec.name);
      if (drop_background_ && in_head(spec.name)) tensor = without_background(tensor, ours_);
      loaded.tensors[spec.name] = ours_ ? tensor : from_torch_layout(spec, tensor);
    }
  }
  for (const auto& [name, tensor] : file_.tensors) {
    // PyTorch counts the batches that its norms have seen, which nothing here depends on.
    if (!ours_ && !used.contains(name) && !name.ends_with("num_batches_tracked")) unknown.push_back(name);
  }
  if (!missing.empty() || !unknown.empty() || !wrong.empty()) complain(missing, unknown, wrong);
  return loaded;
}

}  // namespace

Shape torch_shape(const ParameterSpec& parameter) {
  if (parameter.kind == ParameterKind::plain) return parameter.shape;
  const Shape& shape = parameter.shape;
  Shape theirs{shape.back(), shape[shape.size() - 2]};
  theirs.insert(theirs.end(), shape.begin(), shape.end() - 2);
  return theirs;
}

Tensor to_torch_layout(const ParameterSpec& parameter, const Tensor& tensor) {
  if (parameter.kind == ParameterKind::plain) return tensor;
  Tensor result(torch_shape(parameter), DType::f32);
  const float* from = tensor.data<float>();
  float* to = result.data<float>();
  each_number(parameter, [&](int64_t ours, int64_t theirs) { to[theirs] = from[ours]; });
  return result;
}

Tensor from_torch_layout(const ParameterSpec& parameter, const Tensor& tensor) {
  if (parameter.kind == ParameterKind::plain) return tensor;
  Tensor result(parameter.shape, DType::f32);
  const float* from = tensor.data<float>();
  float* to = result.data<float>();
  each_number(parameter, [&](int64_t ours, int64_t theirs) { to[ours] = from[theirs]; });
  return result;
}

LoadedWeights load_weights(const Network& network, const WeightFile& file, HeadRule head) {
  return Loading(network, file, head).load();
}

std::map<std::string, Tensor> published_weights(const Network& network, const std::map<std::string, Tensor>& tensors) {
  std::map<std::string, Tensor> published;
  for (const ParameterSpec& spec : trace_inference(network, 1).parameters) {
    const auto found = tensors.find(spec.name);
    if (found == tensors.end()) fail(ErrorCode::not_found, "the weights of {} lack tensor \"{}\"", network.name, spec.name);
    published[spec.name] = to_torch_layout(spec, found->second);
  }
  return published;
}

}  // namespace fovea
