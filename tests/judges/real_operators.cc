// SPDX-License-Identifier: Apache-2.0
// Operators on real numbers: weights of 8 and 16 bits, logic, and rare operators.
#include "tests/judges/file_operators.h"
#include "tests/judges/operator_case.h"

namespace fovea::judges {
namespace {

constexpr double within = 2e-6;
// LiteRT also rounds the activations of a hybrid network to 8 bits.
constexpr double within_hybrid = 0.03;

Quantization weight_scales(int64_t count, int64_t axis) {
  Quantization scales{.axis = axis};
  for (int64_t at = 0; at < count; ++at) scales.scales.push_back(0.003F + 0.0017F * static_cast<float>(at % 5));
  scales.zeros.assign(scales.scales.size(), 0);
  return scales;
}

void add_hybrids(OperatorJobs& jobs) {
  {
    Case made(jobs, "hybrid_conv", {1, 7, 6, 16}, DType::f32);
    file::Conv2DOptionsT options;
    options.stride_w = options.stride_h = 1;
    const int filter =
        made.model.tensor({24, 3, 3, 16}, DType::i8, weight_scales(24, 0), random_tensor({24, 3, 3, 16}, DType::i8, 6));
    const int bias = made.model.tensor({24}, DType::f32, {}, random_tensor({24}, DType::f32, 5));
    made.model.add(BuiltinOperator::CONV_2D, 5, {made.x, filter, bias}, {made.result({1, 7, 6, 24})}, std::move(options));
    made.finish(within_hybrid);
  }
  {
    Case made(jobs, "hybrid_depthwise", {1, 7, 6, 24}, DType::f32);
    file::DepthwiseConv2DOptionsT options;
    options.stride_w = options.stride_h = options.depth_multiplier = 1;
    const int filter =
        made.model.tensor({1, 3, 3, 24}, DType::i8, weight_scales(24, 3), random_tensor({1, 3, 3, 24}, DType::i8, 6));
    const int bias = made.model.tensor({24}, DType::f32, {}, random_tensor({24}, DType::f32, 5));
    made.model.add(BuiltinOperator::DEPTHWISE_CONV_2D, 6, {made.x, filter, bias}, {made.result({1, 7, 6, 24})},
                   std::move(options));
    made.finish(within_hybrid);
  }
  {
    Case made(jobs, "hybrid_dense", {1, 77}, DType::f32);
    const int weights = made.model.tensor({24, 77}, DType::i8, coding(0.013F, 0), random_tensor({24, 77}, DType::i8, 6));
    made.model.add(BuiltinOperator::FULLY_CONNECTED, 9, {made.x, weights, -1}, {made.result({1, 24})},
                   file::FullyConnectedOptionsT{});
    made.finish(within_hybrid);
  }
  {
    Case made(jobs, "half_weights", {1, 77}, DType::f32);
    Tensor halves({24, 77}, DType::f16);
    for (int64_t at = 0; at < halves.size(); ++at)  // 1 to 2, of either sign
      reinterpret_cast<uint16_t*>(halves.raw())[at] = static_cast<uint16_t>(0x3c00 + at * 37 % 1024 + (at % 2 << 15));
    const int packed = made.model.tensor({24, 77}, DType::f16, {}, halves), weights = made.model.tensor({24, 77}, DType::f32);
    made.model.add(BuiltinOperator::DEQUANTIZE, 3, {packed}, {weights}, file::DequantizeOptionsT{});
    made.model.add(BuiltinOperator::FULLY_CONNECTED, 1, {made.x, weights, -1}, {made.result({1, 24})},
                   file::FullyConnectedOptionsT{});
    made.finish(within);
  }
}

void add_logic(OperatorJobs& jobs) {
  const Shape image{1, 6, 8, 12};
  // Half of the numbers are equal, because both sides are whole numbers.
  const auto whole = [&](Case& made, int x) {
    const int numbers = made.model.tensor(image, DType::i32);
    file::CastOptionsT options;
    options.in_data_type = file::TensorType::FLOAT32;
    options.out_data_type = file::TensorType::INT32;
    made.model.add(BuiltinOperator::CAST, 1, {x}, {numbers}, std::move(options));
    return numbers;
  };
  const auto real = [&](Case& made, int truth) {
    file::CastOptionsT options;
    options.in_data_type = file::TensorType::BOOL;
    options.out_data_type = file::TensorType::FLOAT32;
    made.model.add(BuiltinOperator::CAST, 1, {truth}, {made.result(image)}, std::move(options));
    made.finish();
  };
  Tensor threes({1}, DType::i32);
  threes.data<int32_t>()[0] = -3;
  for (const auto& [code, name] : {std::pair{BuiltinOperator::LESS, "less"},
                                   {BuiltinOperator::LESS_EQUAL, "less_equal"},
                                   {BuiltinOperator::GREATER, "greater"},
                                   {BuiltinOperator::GREATER_EQUAL, "greater_equal"},
                                   {BuiltinOperator::EQUAL, "equal"},
                                   {BuiltinOperator::NOT_EQUAL, "not_equal"}}) {
    Case made(jobs, name, image, DType::f32);
    const int other = made.model.tensor({1}, DType::i32, {}, threes), truth = made.model.tensor(image, DType::boolean);
    made.model.add(code, 1, {whole(made, made.x), other}, {truth});
    real(made, truth);
  }
  for (const auto& [code, name] : {std::pair{BuiltinOperator::LOGICAL_AND, "and"}, {BuiltinOperator::LOGICAL_OR, "or"}}) {
    Case made(jobs, name, image, DType::f32);
    const int zero = made.model.tensor({1}, DType::f32, {}, Tensor::of<float>({1}, {0})),
              two = made.model.tensor({1}, DType::f32, {}, Tensor::of<float>({1}, {2}));
    const int above = made.model.tensor(image, DType::boolean), below = made.model.tensor(image, DType::boolean);
    const int both = made.model.tensor(image, DType::boolean), neither = made.model.tensor(image, DType::boolean);
    made.model.add(BuiltinOperator::GREATER, 1, {made.x, zero}, {above});
    made.model.add(BuiltinOperator::LESS, 1, {made.x, two}, {below});
    made.model.add(code, 1, {above, below}, {both});
    made.model.add(BuiltinOperator::LOGICAL_NOT, 1, {both}, {neither});
    real(made, neither);
  }
  for (const bool broadcast : {false, true}) {
    Case made(jobs, broadcast ? "select_v2" : "select", image, DType::f32);
    const int zero = made.model.tensor({1}, DType::f32, {}, Tensor::of<float>({1}, {0}));
    const int truth = made.model.tensor(image, DType::boolean);
    const Shape shape = broadcast ? Shape{12} : image;
    const int other = made.model.tensor(shape, DType::f32, {}, random_tensor(shape, DType::f32, 4));
    made.model.add(BuiltinOperator::GREATER, 1, {made.x, zero}, {truth});
    made.model.add(broadcast ? BuiltinOperator::SELECT_V2 : BuiltinOperator::SELECT, 1, {truth, made.x, other},
                   {made.result(image)});
    made.finish();
  }
}

void add_functions(OperatorJobs& jobs) {
  const Shape image{1, 6, 8, 12};
  for (const auto& [code, name] : {std::pair{BuiltinOperator::EXP, "exp"},
                                   {BuiltinOperator::ABS, "abs"},
                                   {BuiltinOperator::NEG, "neg"},
                                   {BuiltinOperator::SQUARE, "square"},
                                   {BuiltinOperator::RELU_0_TO_1, "relu_0_to_1"},
                                   {BuiltinOperator::RELU_N1_TO_1, "relu_n1_to_1"},
                                   {BuiltinOperator::HARD_SWISH, "hard_swish"},
                                   {BuiltinOperator::LOGISTIC, "sigmoid"},
                                   {BuiltinOperator::TANH, "tanh"},
                                   {BuiltinOperator::SIGN, "sign"},
                                   {BuiltinOperator::ZEROS_LIKE, "zeros_like"},
                                   {BuiltinOperator::LOG_SOFTMAX, "log_softmax"},
                                   {BuiltinOperator::FLOOR, "floor"},
                                   {BuiltinOperator::CEIL, "ceil"},
                                   {BuiltinOperator::ROUND, "round"},
                                   {BuiltinOperator::SIN, "sin"},
                                   {BuiltinOperator::COS, "cos"}}) {
    Case made(jobs, name, image, DType::f32);
    made.model.add(code, 1, {made.x}, {made.result(image)});
    made.finish(code == BuiltinOperator::ZEROS_LIKE ? 0 : within);
  }
  {
    Case made(jobs, "add_n", image, DType::f32);
    const int other = made.model.tensor(image, DType::f32, {}, random_tensor(image, DType::f32, 4));
    made.model.add(BuiltinOperator::ADD_N, 1, {made.x, other, made.x}, {made.result(image)}, file::AddNOptionsT{});
    made.finish(within);
  }
  {
    Case made(jobs, "broadcast_to", {1, 6, 1, 12}, DType::f32);
    made.model.add(BuiltinOperator::BROADCAST_TO, 2, {made.x, made.model.integers({1, 6, 8, 12})}, {made.result(image)});
    made.finish();
  }
  for (const auto& [code, name] : {std::pair{BuiltinOperator::FLOOR_DIV, "floor_div"},
                                   {BuiltinOperator::FLOOR_MOD, "floor_mod"},
                                   {BuiltinOperator::DIV, "div"}}) {
    Case made(jobs, name, image, DType::f32);
    const int other = made.model.tensor({12}, DType::f32, {}, random_tensor({12}, DType::f32, 4));
    made.model.add(code, 2, {made.x, other}, {made.result(image)});
    made.finish(1e-5);
  }
  {
    Case made(jobs, "prelu", image, DType::f32);
    const int slope = made.model.tensor({1, 1, 12}, DType::f32, {}, random_tensor({1, 1, 12}, DType::f32, 4));
    made.model.add(BuiltinOperator::PRELU, 1, {made.x, slope}, {made.result(image)});
    made.finish(within);
  }
  for (const bool reverse : {false, true}) {
    Case made(jobs, reverse ? "cumsum_reverse" : "cumsum", image, DType::f32);
    file::CumsumOptionsT options;
    options.reverse = reverse;
    options.exclusive = reverse;
    made.model.add(BuiltinOperator::CUMSUM, 1, {made.x, made.model.integers({2}, {1})}, {made.result(image)},
                   std::move(options));
    made.finish(within);
  }
}

void add_places(OperatorJobs& jobs) {
  const Shape image{1, 6, 8, 12};
  for (const bool largest : {true, false}) {
    Case made(jobs, largest ? "arg_max" : "arg_min", image, DType::f32);
    const int place = made.model.tensor({1, 6, 12}, DType::i32), axis = made.model.integers({2}, {1});
    file::ArgMaxOptionsT most;
    most.output_type = file::TensorType::INT32;
    file::ArgMinOptionsT least;
    least.output_type = file::TensorType::INT32;
    if (largest)
      made.model.add(BuiltinOperator::ARG_MAX, 1, {made.x, axis}, {place}, std::move(most));
    else
      made.model.add(BuiltinOperator::ARG_MIN, 1, {made.x, axis}, {place}, std::move(least));
    file::CastOptionsT options;
    options.in_data_type = file::TensorType::INT32;
    made.model.add(BuiltinOperator::CAST, 1, {place}, {made.result({1, 6, 12})}, std::move(options));
    made.finish();
  }
  {
    Case made(jobs, "strided_slice", image, DType::f32);
    file::StridedSliceOptionsT options;
    options.ellipsis_mask = 1;
    options.new_axis_mask = 4;
    options.begin_mask = 2;
    made.model.add(
        BuiltinOperator::STRIDED_SLICE, 1,
        {made.x, made.model.integers({0, 0, 0, 9}), made.model.integers({0, 7, 0, 2}), made.model.integers({1, 2, 1, -3})},
        {made.result({1, 6, 4, 1, 3})}, std::move(options));
    made.finish();
  }
  {
    Case made(jobs, "reverse", image, DType::f32);
    made.model.add(BuiltinOperator::REVERSE_V2, 1, {made.x, made.model.integers({2}, {1})}, {made.result(image)});
    made.finish();
  }
  {
    Case made(jobs, "split_v", image, DType::f32);
    file::SplitVOptionsT options;
    options.num_splits = 3;
    const int first = made.model.tensor({1, 6, 2, 12}, DType::f32), last = made.model.tensor({1, 6, 1, 12}, DType::f32);
    made.model.add(BuiltinOperator::SPLIT_V, 2, {made.x, made.model.integers({2, -1, 1}), made.model.integers({2}, {})},
                   {first, made.result({1, 6, 5, 12}), last}, std::move(options));
    made.finish();
  }
  for (const int form : {0, 1, 2}) {
    for (const bool nearest : {false, true}) {
      Case made(jobs, std::string(nearest ? "nearest" : "bilinear") + std::to_string(form), {1, 5, 7, 3}, DType::f32);
      const int size = made.model.integers({9, 4}), y = made.result({1, 9, 4, 3});
      file::ResizeBilinearOptionsT bilinear;
      file::ResizeNearestNeighborOptionsT near;
      bilinear.align_corners = near.align_corners = form == 1;
      bilinear.half_pixel_centers = near.half_pixel_centers = form == 2;
      if (nearest)
        made.model.add(BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, 3, {made.x, size}, {y}, std::move(near));
      else
        made.model.add(BuiltinOperator::RESIZE_BILINEAR, 3, {made.x, size}, {y}, std::move(bilinear));
      made.finish(within);
    }
  }
  {
    Case made(jobs, "broadcast_matmul", {1, 3, 5, 7}, DType::f32);
    const int other = made.model.tensor({7, 9}, DType::f32, {}, random_tensor({7, 9}, DType::f32, 4));
    made.model.add(BuiltinOperator::BATCH_MATMUL, 1, {made.x, other}, {made.result({1, 3, 5, 9})}, file::BatchMatMulOptionsT{});
    made.finish(within);
  }
  {
    Case made(jobs, "conv_3d", {1, 4, 5, 6, 3}, DType::f32);
    file::Conv3DOptionsT options;
    options.padding = file::Padding::SAME;
    options.stride_d = options.stride_h = options.stride_w = 2;
    const int filter = made.model.tensor({3, 3, 3, 3, 8}, DType::f32, {}, random_tensor({3, 3, 3, 3, 8}, DType::f32, 4));
    made.model.add(BuiltinOperator::CONV_3D, 1, {made.x, filter}, {made.result({1, 2, 3, 3, 8})}, std::move(options));
    made.finish(within);
  }
}

}  // namespace

void add_real_operators(OperatorJobs& jobs) {
  add_hybrids(jobs);
  add_logic(jobs);
  add_functions(jobs);
  add_places(jobs);
}

}  // namespace fovea::judges
