// SPDX-License-Identifier: Apache-2.0
// Operators with 16-bit activations and 8-bit weights.
#include "tests/judges/file_operators.h"
#include "tests/judges/operator_case.h"

namespace fovea::judges {
namespace {

Quantization weight_scales(int64_t count, int64_t axis) {
  Quantization scales{.axis = axis};
  for (int64_t at = 0; at < count; ++at) scales.scales.push_back(0.003F + 0.0017F * static_cast<float>(at % 5));
  scales.zeros.assign(scales.scales.size(), 0);
  return scales;
}

Quantization bias_scales(Quantization scales) {
  for (float& scale : scales.scales) scale *= Case::word_scale;
  if (scales.per_channel()) scales.axis = 0;
  return scales;
}

// One operator on the words of an image, with another scale for the result.
template <typename Options>
void one(OperatorJobs& jobs, const std::string& name, BuiltinOperator code, int version, const Shape& image,
         const std::vector<int>& others, Options options, const Shape& result, const Quantization& to) {
  Case made(jobs, name, image, DType::i16);
  std::vector<int> inputs{made.x};
  inputs.insert(inputs.end(), others.begin(), others.end());
  made.model.add(code, version, inputs, {made.result(result, to)}, std::move(options));
  made.finish();
}

void add_sums(OperatorJobs& jobs) {
  const Shape image{1, 7, 6, 16};
  for (const auto& [activation, word] :
       {std::pair{file::ActivationFunctionType::NONE, "none"}, {file::ActivationFunctionType::RELU6, "relu6"}}) {
    for (const auto& [code, kind] :
         {std::pair{BuiltinOperator::ADD, "add"}, {BuiltinOperator::SUB, "sub"}, {BuiltinOperator::MUL, "mul"}}) {
      Case made(jobs, std::string(kind) + "_" + word, image, DType::i16);
      const int other = made.model.tensor(image, DType::i16, coding(0.00051F, 0), random_tensor(image, DType::i16, 3));
      const int y = made.result(image, coding(code == BuiltinOperator::MUL ? 0.0031F : 0.0007F, 0));
      if (code == BuiltinOperator::ADD) {
        file::AddOptionsT options;
        options.fused_activation_function = activation;
        options.pot_scale_int16 = false;
        made.model.add(code, 5, {made.x, other}, {y}, std::move(options));
      } else if (code == BuiltinOperator::SUB) {
        file::SubOptionsT options;
        options.fused_activation_function = activation;
        options.pot_scale_int16 = false;
        made.model.add(code, 5, {made.x, other}, {y}, std::move(options));
      } else {
        file::MulOptionsT options;
        options.fused_activation_function = activation;
        made.model.add(code, 4, {made.x, other}, {y}, std::move(options));
      }
      made.finish();
    }
  }
  // When scales are powers of two, one operand is shifted to the other's scale.
  for (const auto& [name, from, other, to] : {std::tuple{"shift_right", 0x1p-12F, 0x1p-14F, 0x1p-12F},
                                              {"shift_left", 0x1p-13F, 0x1p-12F, 0x1p-12F},
                                              {"shift_none", 0x1p-12F, 0x1p-12F, 0x1p-12F}}) {
    for (const BuiltinOperator code : {BuiltinOperator::ADD, BuiltinOperator::SUB}) {
      Case made(jobs, std::string(code == BuiltinOperator::ADD ? "add_" : "sub_") + name, image, DType::i16);
      const int left = made.model.tensor(image, DType::i16, coding(from, 0));
      made.model.add(BuiltinOperator::QUANTIZE, 1, {made.x}, {left}, file::QuantizeOptionsT{});
      const int right = made.model.tensor(image, DType::i16, coding(other, 0), random_tensor(image, DType::i16, 3));
      const int y = made.result(image, coding(to, 0));
      if (code == BuiltinOperator::ADD)
        made.model.add(code, 3, {left, right}, {y}, file::AddOptionsT{});
      else
        made.model.add(code, 3, {left, right}, {y}, file::SubOptionsT{});
      made.finish();
    }
  }
  for (const BuiltinOperator code : {BuiltinOperator::MAXIMUM, BuiltinOperator::MINIMUM}) {
    Case made(jobs, code == BuiltinOperator::MAXIMUM ? "maximum" : "minimum", image, DType::i16);
    const int other = made.model.tensor(image, DType::i16, made.type(), random_tensor(image, DType::i16, 3));
    made.model.add(code, 4, {made.x, other}, {made.result(image)}, file::MaximumMinimumOptionsT{});
    made.finish();
  }
}

struct Weights {
  const char* name;
  bool channels;
  DType bias;  // boolean means no bias
};

void add_contractions(OperatorJobs& jobs) {
  // LiteRT's convolutions of words read biases as 64 bits whatever their type.
  for (const Weights& form : {Weights{"_i64", false, DType::i64},
                              {"_channels_i64", true, DType::i64},
                              {"_channels_i32", true, DType::i32},
                              {"_i32", false, DType::i32},
                              {"_channels_none", true, DType::boolean}}) {
    const auto with = [&](Case& made, const Shape& filter, int64_t outputs, int64_t axis) {
      const Quantization scales = form.channels ? weight_scales(outputs, axis) : coding(0.013F, 0);
      std::vector<int> inputs{made.x, made.model.tensor(filter, DType::i8, scales, random_tensor(filter, DType::i8, 6))};
      if (form.bias != DType::boolean)
        inputs.push_back(made.model.tensor({outputs}, form.bias, bias_scales(scales), random_tensor({outputs}, form.bias, 5)));
      return inputs;
    };
    if (form.bias == DType::i64) {
      Case made(jobs, std::string("conv") + form.name, {1, 7, 6, 16}, DType::i16);
      file::Conv2DOptionsT options;
      options.padding = file::Padding::SAME;
      options.stride_w = options.stride_h = 2;
      options.fused_activation_function = file::ActivationFunctionType::RELU;
      made.model.add(BuiltinOperator::CONV_2D, 4, with(made, {24, 3, 3, 16}, 24, 0),
                     {made.result({1, 4, 3, 24}, coding(0.0021F, 0))}, std::move(options));
      made.finish();
    }
    if (form.bias != DType::i32) {
      Case made(jobs, std::string("depthwise") + form.name, {1, 7, 6, 24}, DType::i16);
      file::DepthwiseConv2DOptionsT options;
      options.padding = file::Padding::SAME;
      options.stride_w = options.stride_h = options.depth_multiplier = 1;
      made.model.add(BuiltinOperator::DEPTHWISE_CONV_2D, 5, with(made, {1, 3, 3, 24}, 24, 3),
                     {made.result({1, 7, 6, 24}, coding(0.0013F, 0))}, std::move(options));
      made.finish();
    }
    if (form.bias == DType::boolean) continue;  // LiteRT rounds these once, which differs for one tie in a thousand
    Case made(jobs, std::string("dense") + form.name, {1, 777}, DType::i16);
    made.model.add(BuiltinOperator::FULLY_CONNECTED, 7, with(made, {24, 777}, 24, 0),
                   {made.result({1, 24}, coding(0.0051F, 0))}, file::FullyConnectedOptionsT{});
    made.finish();
  }
}

struct Transposed {
  const char* name;
  int64_t taps, stride, out_high, out_wide;
  bool channels, bias;
};

void add_transposed(OperatorJobs& jobs) {
  for (const Transposed& form : {Transposed{"transposed_k3s2", 3, 2, 10, 14, true, true},
                                 {"transposed_k2s2", 2, 2, 9, 13, false, false},
                                 {"transposed_k4s3", 4, 3, 15, 20, false, true}}) {
    Case made(jobs, form.name, {1, 5, 7, 8}, DType::i16);
    const Quantization scales = form.channels ? weight_scales(12, 0) : coding(0.013F, 0);
    const Shape filter{12, form.taps, form.taps, 8}, size{1, form.out_high, form.out_wide, 12};
    std::vector<int> inputs{made.model.integers(size),
                            made.model.tensor(filter, DType::i8, scales, random_tensor(filter, DType::i8, 6)), made.x};
    if (form.bias)
      inputs.push_back(made.model.tensor({12}, DType::i64, bias_scales(scales), random_tensor({12}, DType::i64, 5)));
    file::TransposeConvOptionsT options;
    options.padding = file::Padding::SAME;
    options.stride_h = options.stride_w = static_cast<int32_t>(form.stride);
    made.model.add(BuiltinOperator::TRANSPOSE_CONV, form.bias ? 3 : 2, std::move(inputs),
                   {made.result(size, coding(0.0017F, 0))}, std::move(options));
    made.finish();
  }
}

// Sizes up and down, the corners of a single cell, and all of TensorFlow's conventions.
void add_resized(OperatorJobs& jobs) {
  for (const Shape& size : {Shape{9, 4}, {3, 11}, {1, 1}, {14, 12}}) {
    for (const int form : {0, 1, 2}) {
      for (const bool nearest : {false, true}) {
        const std::string name = (nearest ? "nearest" : "bilinear") + std::to_string(size[0]) + "_" + std::to_string(form);
        Case made(jobs, name, {1, 7, 6, 5}, DType::i16);
        const int to = made.model.integers(size), y = made.result({1, size[0], size[1], 5});
        file::ResizeBilinearOptionsT bilinear;
        file::ResizeNearestNeighborOptionsT near;
        bilinear.align_corners = near.align_corners = form == 1;
        bilinear.half_pixel_centers = near.half_pixel_centers = form == 2;
        if (nearest)
          made.model.add(BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, 4, {made.x, to}, {y}, std::move(near));
        else
          made.model.add(BuiltinOperator::RESIZE_BILINEAR, 4, {made.x, to}, {y}, std::move(bilinear));
        made.finish();
      }
    }
  }
}

void add_functions(OperatorJobs& jobs) {
  const Shape image{1, 7, 6, 16};
  const Quantization unit = coding(0x1p-15F, 0);
  // With scale 2^-12, LiteRT approximates sigmoid and tanh differently from its reference kernels.
  for (const float scale : {0.0004F, 0.000307F, 0.0011F}) {
    const std::string number = std::to_string(static_cast<int>(scale * 1e6F));
    for (const auto& [code, kind] : {std::pair{BuiltinOperator::LOGISTIC, "sigmoid"},
                                     {BuiltinOperator::TANH, "tanh"},
                                     {BuiltinOperator::RELU, "relu"},
                                     {BuiltinOperator::RELU6, "relu6"}}) {
      Case made(jobs, kind + number, image, DType::i16);
      const int from = made.model.tensor(image, DType::i16, coding(scale, 0));
      made.model.add(BuiltinOperator::QUANTIZE, 1, {made.x}, {from}, file::QuantizeOptionsT{});
      const bool bounded = code == BuiltinOperator::LOGISTIC || code == BuiltinOperator::TANH;
      made.model.add(code, 3, {from}, {made.result(image, bounded ? unit : coding(0.00042F, 0))});
      made.finish();
    }
  }
  file::LeakyReluOptionsT leaky;
  leaky.alpha = 0.1F;
  one(jobs, "leaky_relu", BuiltinOperator::LEAKY_RELU, 2, image, {}, std::move(leaky), image, coding(0.00042F, 0));
  for (const int64_t classes : {3, 10, 1001}) {
    file::SoftmaxOptionsT options;
    options.beta = 1;
    one(jobs, "softmax" + std::to_string(classes), BuiltinOperator::SOFTMAX, 3, {1, classes}, {}, std::move(options),
        {1, classes}, unit);
  }
  for (const float scale : {0.00051F, 0.00011F, 0.0023F})
    one(jobs, "requantize" + std::to_string(static_cast<int>(scale * 1e5F)), BuiltinOperator::QUANTIZE, 3, image, {},
        file::QuantizeOptionsT{}, image, coding(scale, 0));
  {
    Case made(jobs, "by_bytes", image, DType::i16);
    const int bytes = made.model.tensor(image, DType::i8, coding(0.063F, 5));
    made.model.add(BuiltinOperator::QUANTIZE, 3, {made.x}, {bytes}, file::QuantizeOptionsT{});
    made.model.add(BuiltinOperator::QUANTIZE, 3, {bytes}, {made.result(image, coding(0.00042F, 0))}, file::QuantizeOptionsT{});
    made.finish();
  }
}

void add_windows(OperatorJobs& jobs) {
  const Shape image{1, 7, 6, 16};
  for (const BuiltinOperator code : {BuiltinOperator::AVERAGE_POOL_2D, BuiltinOperator::MAX_POOL_2D}) {
    Case made(jobs, code == BuiltinOperator::MAX_POOL_2D ? "max_pool" : "average_pool", image, DType::i16);
    file::Pool2DOptionsT options;
    options.padding = file::Padding::SAME;
    options.stride_w = options.stride_h = 2;
    options.filter_width = options.filter_height = 3;
    made.model.add(code, 3, {made.x}, {made.result({1, 4, 3, 16})}, std::move(options));
    made.finish();
  }
  for (const float scale : {Case::word_scale, 0.00011F}) {
    Case made(jobs, "mean" + std::to_string(static_cast<int>(scale * 1e5F)), image, DType::i16);
    file::ReducerOptionsT options;
    options.keep_dims = true;
    made.model.add(BuiltinOperator::MEAN, 3, {made.x, made.model.integers({1, 2})},
                   {made.result({1, 1, 1, 16}, coding(scale, 0))}, std::move(options));
    made.finish();
  }
  {
    Case made(jobs, "joined", image, DType::i16);
    file::ConcatenationOptionsT options;
    options.axis = 3;
    const int other = made.model.tensor(image, DType::i16, made.type(), random_tensor(image, DType::i16, 3));
    made.model.add(BuiltinOperator::CONCATENATION, 3, {made.x, other}, {made.result({1, 7, 6, 32})}, std::move(options));
    made.finish();
  }
  {
    Case made(jobs, "padded", image, DType::i16);
    made.model.add(BuiltinOperator::PAD, 3, {made.x, made.model.integers({0, 0, 1, 2, 0, 3, 1, 0}, {4, 2})},
                   {made.result({1, 10, 9, 17})}, file::PadOptionsT{});
    made.finish();
  }
}

}  // namespace

void add_word_operators(OperatorJobs& jobs) {
  add_sums(jobs);
  add_contractions(jobs);
  add_transposed(jobs);
  add_resized(jobs);
  add_functions(jobs);
  add_windows(jobs);
}

}  // namespace fovea::judges
