// SPDX-License-Identifier: Apache-2.0
#include "tests/judges/file_operators.h"

#include "tests/judges/operator_case.h"

namespace fovea::judges {
namespace {

// Operators that only move numbers, on floats and integers alike.
void add_movements(OperatorJobs& jobs, DType dtype) {
  const Shape image{1, 6, 8, 5};
  {
    Case one(jobs, "space_to_batch", image, dtype);
    one.model.add(BuiltinOperator::SPACE_TO_BATCH_ND, 1,
                  {one.x, one.model.integers({2, 3}), one.model.integers({1, 1, 0, 1}, {2, 2})}, {one.result({6, 4, 3, 5})},
                  file::SpaceToBatchNDOptionsT{});
    one.finish();
  }
  {
    Case one(jobs, "blocks_and_back", image, dtype);
    const int blocks = one.model.integers({2, 2}), none = one.model.integers({0, 0, 0, 0}, {2, 2});
    const int between = one.model.tensor({4, 3, 4, 5}, dtype, one.type());
    one.model.add(BuiltinOperator::SPACE_TO_BATCH_ND, 1, {one.x, blocks, none}, {between}, file::SpaceToBatchNDOptionsT{});
    one.model.add(BuiltinOperator::BATCH_TO_SPACE_ND, 1, {between, blocks, one.model.integers({1, 0, 2, 1}, {2, 2})},
                  {one.result({1, 5, 5, 5})}, file::BatchToSpaceNDOptionsT{});
    one.finish();
  }
  for (const file::MirrorPadMode mode : {file::MirrorPadMode::REFLECT, file::MirrorPadMode::SYMMETRIC}) {
    Case one(jobs, "mirror_pad" + std::to_string(static_cast<int>(mode)), image, dtype);
    file::MirrorPadOptionsT options;
    options.mode = mode;
    one.model.add(BuiltinOperator::MIRROR_PAD, 1, {one.x, one.model.integers({0, 0, 2, 1, 3, 0, 0, 0}, {4, 2})},
                  {one.result({1, 9, 11, 5})}, std::move(options));
    one.finish();
  }
  {
    Case one(jobs, "unpack", image, dtype);
    file::UnpackOptionsT options;
    options.num = 3;
    options.axis = 1;
    const int first = one.model.tensor({1, 2, 40}, dtype, one.type());
    const int rows = one.model.tensor({1, 3, 2, 40}, dtype, one.type());
    file::ReshapeOptionsT reshape;
    reshape.new_shape = {1, 3, 2, 40};
    one.model.add(BuiltinOperator::RESHAPE, 1, {one.x, one.model.integers({1, 3, 2, 40})}, {rows}, std::move(reshape));
    const int last = one.model.tensor({1, 2, 40}, dtype, one.type());
    one.model.add(BuiltinOperator::UNPACK, 1, {rows}, {first, one.result({1, 2, 40}), last}, std::move(options));
    one.finish();
  }
  {
    Case one(jobs, "gather", image, dtype);
    file::GatherOptionsT options;
    options.axis = 2;
    one.model.add(BuiltinOperator::GATHER, 2, {one.x, one.model.integers({7, 1, 2, 3, 0})}, {one.result({1, 6, 5, 5})},
                  std::move(options));
    one.finish();
  }
  {
    Case one(jobs, "tile", image, dtype);
    one.model.add(BuiltinOperator::TILE, 2, {one.x, one.model.integers({1, 2, 1, 3})}, {one.result({1, 12, 8, 15})},
                  file::TileOptionsT{});
    one.finish();
  }
  {
    Case one(jobs, "largest", image, dtype);
    file::ReducerOptionsT options;
    options.keep_dims = true;
    one.model.add(BuiltinOperator::REDUCE_MAX, 2, {one.x, one.model.integers({1, 2})}, {one.result({1, 1, 1, 5})},
                  std::move(options));
    one.finish();
  }
  {
    Case one(jobs, "padv2", image, dtype);
    Tensor value({1}, dtype);
    if (dtype == DType::f32) value.data<float>()[0] = -1.25F;
    if (dtype != DType::f32) value.raw()[0] = static_cast<std::byte>(77);
    const int filling = one.model.tensor({1}, dtype, one.type(), value);
    one.model.add(BuiltinOperator::PADV2, 2, {one.x, one.model.integers({0, 0, 1, 2, 0, 3, 1, 0}, {4, 2}), filling},
                  {one.result({1, 9, 11, 6})}, file::PadV2OptionsT{});
    one.finish();
  }
}

void add_sums(OperatorJobs& jobs, DType dtype) {
  for (const float scale : {0.31F, 1.9F}) {
    Case one(jobs, "sum" + std::to_string(static_cast<int>(scale * 10)), {1, 7, 6, 40}, dtype);
    file::ReducerOptionsT options;
    one.model.add(BuiltinOperator::SUM, 2, {one.x, one.model.integers({1, 2})},
                  {one.result({1, 40}, coding(scale, one.zero() + 9))}, std::move(options));
    one.finish();
  }
}

void add_transposed_convolutions(OperatorJobs& jobs) {
  struct Form {
    const char* name;
    int64_t taps, stride, out_high, out_wide;
    file::Padding padding;
    bool channels, bias;
  };
  for (const Form& form :
       {Form{"2x2", 2, 2, 10, 12, file::Padding::SAME, false, true}, Form{"3x3", 3, 2, 10, 11, file::Padding::SAME, true, true},
        Form{"3x3_valid", 3, 2, 11, 13, file::Padding::VALID, true, false},
        Form{"4x4", 4, 2, 10, 12, file::Padding::SAME, true, true},
        Form{"3x3_stride1", 3, 1, 5, 6, file::Padding::SAME, false, true}}) {
    Case one(jobs, std::string("transposed_") + form.name, {1, 5, 6, 8}, DType::i8);
    Quantization scales = coding(0.013F, 0), units = coding(0.013F * Case::scale, 0);
    for (int at = 0; form.channels && at < 12; ++at) {
      scales.axis = units.axis = 0;
      scales.scales.resize(12, 0);
      units.scales.resize(12, 0);
      scales.zeros.resize(12, 0);
      units.zeros.resize(12, 0);
      scales.scales[static_cast<size_t>(at)] = 0.005F + 0.002F * static_cast<float>(at % 5);
      units.scales[static_cast<size_t>(at)] = scales.scales[static_cast<size_t>(at)] * Case::scale;
    }
    const Shape filter{12, form.taps, form.taps, 8}, size{1, form.out_high, form.out_wide, 12};
    std::vector<int> inputs{one.model.integers(size),
                            one.model.tensor(filter, DType::i8, scales, random_tensor(filter, DType::i8, 6)), one.x};
    if (form.bias) inputs.push_back(one.model.tensor({12}, DType::i32, units, random_tensor({12}, DType::i32, 5)));
    file::TransposeConvOptionsT options;
    options.padding = form.padding;
    options.stride_h = options.stride_w = static_cast<int32_t>(form.stride);
    one.model.add(BuiltinOperator::TRANSPOSE_CONV, form.bias ? 3 : 2, std::move(inputs), {one.result(size, coding(0.0711F, 7))},
                  std::move(options));
    one.finish();
  }
}

// Functions of floats, which may be rounded differently in places.
void add_float_functions(OperatorJobs& jobs) {
  constexpr double within = 2e-6;
  const Shape image{1, 6, 8, 12};
  {
    Case one(jobs, "local_response", image, DType::f32);
    file::LocalResponseNormalizationOptionsT options;
    options.radius = 2;
    options.bias = 1;
    options.alpha = 0.02F;
    options.beta = 0.75F;
    one.model.add(BuiltinOperator::LOCAL_RESPONSE_NORMALIZATION, 1, {one.x}, {one.result(image)}, std::move(options));
    one.finish(within);
  }
  {
    Case one(jobs, "l2_normalization", image, DType::f32);
    one.model.add(BuiltinOperator::L2_NORMALIZATION, 1, {one.x}, {one.result(image)}, file::L2NormOptionsT{});
    one.finish(within);
  }
  {
    Case one(jobs, "l2_pool", image, DType::f32);
    file::Pool2DOptionsT options;
    options.padding = file::Padding::VALID;
    options.stride_w = options.stride_h = options.filter_width = options.filter_height = 2;
    one.model.add(BuiltinOperator::L2_POOL_2D, 1, {one.x}, {one.result({1, 3, 4, 12})}, std::move(options));
    one.finish(within);
  }
  {
    Case one(jobs, "elu", image, DType::f32);
    one.model.add(BuiltinOperator::ELU, 1, {one.x}, {one.result(image)}, file::AddNOptionsT{});
    one.finish(within);
  }
  {
    Case one(jobs, "squared_difference", image, DType::f32);
    const int other = one.model.tensor({12}, DType::f32, {}, random_tensor({12}, DType::f32, 4));
    one.model.add(BuiltinOperator::SQUARED_DIFFERENCE, 1, {one.x, other}, {one.result(image)},
                  file::SquaredDifferenceOptionsT{});
    one.finish(within);
  }
  {
    Case one(jobs, "batch_matmul", {1, 3, 5, 7}, DType::f32);
    const int other = one.model.tensor({1, 3, 9, 7}, DType::f32, {}, random_tensor({1, 3, 9, 7}, DType::f32, 4));
    file::BatchMatMulOptionsT options;
    options.adj_y = true;
    one.model.add(BuiltinOperator::BATCH_MATMUL, 1, {one.x, other}, {one.result({1, 3, 5, 9})}, std::move(options));
    one.finish(within);
  }
}

}  // namespace

void add_file_operators(OperatorJobs& jobs) {
  for (const DType dtype : {DType::f32, DType::i8, DType::u8}) add_movements(jobs, dtype);
  for (const DType dtype : {DType::i8, DType::u8}) add_sums(jobs, dtype);
  add_transposed_convolutions(jobs);
  add_float_functions(jobs);
}

}  // namespace fovea::judges
