// SPDX-License-Identifier: Apache-2.0
// Blocks of cells moved to channels or to images of their own, and back: SPACE_TO_DEPTH, DEPTH_TO_SPACE, SPACE_TO_BATCH_ND and
// BATCH_TO_SPACE_ND, which older converters write around dilated convolutions.
#include <algorithm>

#include "fovea/interchange/tflite/reader.h"

namespace fovea::tflite {
namespace {

// [n, h, w, c] -> [n, h / b, w / b, b * b * c], and back.
void read_space_to_depth(Reader& reader) {
  const int64_t block = reader.options<SpaceToDepthOptions>().block_size();
  const Shape in = reader.input_type(0).shape;
  if (in.size() != 4 || block < 1 || in[1] % block != 0 || in[2] % block != 0)
    reader.fail("cuts {} into blocks of {}", to_string(in), block);
  const Ref cut =
      reader.add(ops::Reshape{.input = reader.input(0), .shape = {in[0], in[1] / block, block, in[2] / block, block, in[3]}});
  const Ref moved = reader.add(ops::Transpose{.input = cut, .permutation = {0, 1, 3, 2, 4, 5}});
  reader.set_output(
      reader.add(ops::Reshape{.input = moved, .shape = {in[0], in[1] / block, in[2] / block, block * block * in[3]}}));
}

void read_depth_to_space(Reader& reader) {
  const int64_t block = reader.options<DepthToSpaceOptions>().block_size();
  const Shape in = reader.input_type(0).shape;
  if (in.size() != 4 || block < 1 || in[3] % (block * block) != 0)
    reader.fail("cuts {} into blocks of {}", to_string(in), block);
  const int64_t channels = in[3] / (block * block);
  const Ref cut = reader.add(ops::Reshape{.input = reader.input(0), .shape = {in[0], in[1], in[2], block, block, channels}});
  const Ref moved = reader.add(ops::Transpose{.input = cut, .permutation = {0, 1, 3, 2, 4, 5}});
  reader.set_output(reader.add(ops::Reshape{.input = moved, .shape = {in[0], in[1] * block, in[2] * block, channels}}));
}

// The block size of each dimension after the batch, and two numbers of cells for each.
struct Blocks {
  std::vector<int64_t> sizes, cells;
};

Blocks blocks_of(Reader& reader) {
  Blocks blocks{reader.integers(1, "blocks"), reader.integers(2, "cells")};
  const size_t rank = reader.input_type(0).shape.size();
  bool good = !blocks.sizes.empty() && blocks.sizes.size() < rank && blocks.cells.size() == 2 * blocks.sizes.size();
  for (const int64_t size : blocks.sizes) good = good && size >= 1;
  for (const int64_t count : blocks.cells) good = good && count >= 0;
  if (!good) reader.fail("cuts {} into blocks of {}", to_string(reader.input_type(0)), to_string(blocks.sizes));
  return blocks;
}

// [n, h, w, c] -> [bh, bw, n, h / bh, w / bw, c] with bh, bw, n as the new batch.
void read_space_to_batch(Reader& reader) {
  const Blocks blocks = blocks_of(reader);
  const size_t rank = reader.input_type(0).shape.size(), cut = blocks.sizes.size();
  std::vector<int64_t> padding(2 * rank, 0);
  std::copy(blocks.cells.begin(), blocks.cells.end(), padding.begin() + 2);
  const Ref padded = reader.add(ops::Pad{.input = reader.input(0), .padding = padding});
  const Shape in = reader.type(padded).shape;
  Shape split{in[0]}, out{in[0]};
  std::vector<int64_t> order;
  for (size_t i = 0; i < cut; ++i) {
    if (in[1 + i] % blocks.sizes[i] != 0) reader.fail("cuts {} into blocks of {}", to_string(in), to_string(blocks.sizes));
    split.insert(split.end(), {in[1 + i] / blocks.sizes[i], blocks.sizes[i]});
    out[0] *= blocks.sizes[i];
    out.push_back(in[1 + i] / blocks.sizes[i]);
    order.push_back(static_cast<int64_t>(2 * i + 2));
  }
  order.push_back(0);
  for (size_t i = 0; i < cut; ++i) order.push_back(static_cast<int64_t>(2 * i + 1));
  for (size_t i = 1 + cut; i < rank; ++i) {
    order.push_back(static_cast<int64_t>(split.size()));
    split.push_back(in[i]);
    out.push_back(in[i]);
  }
  const Ref parts = reader.add(ops::Reshape{.input = padded, .shape = split});
  const Ref moved = reader.add(ops::Transpose{.input = parts, .permutation = order});
  reader.set_output(reader.add(ops::Reshape{.input = moved, .shape = out}));
}

void read_batch_to_space(Reader& reader) {
  const Blocks blocks = blocks_of(reader);
  const Shape in = reader.input_type(0).shape;
  const size_t rank = in.size(), cut = blocks.sizes.size();
  int64_t each = 1;
  for (size_t i = 0; i < cut && each <= in[0]; ++i) each *= std::min(blocks.sizes[i], in[0] + 1);
  if (in[0] % each != 0) reader.fail("joins {} from blocks of {}", to_string(in), to_string(blocks.sizes));
  Shape split = blocks.sizes, whole{in[0] / each}, offsets(rank, 0), sizes;
  split.push_back(in[0] / each);
  split.insert(split.end(), in.begin() + 1, in.end());
  std::vector<int64_t> order{static_cast<int64_t>(cut)};
  for (size_t i = 0; i < cut; ++i) {
    order.insert(order.end(), {static_cast<int64_t>(cut + 1 + i), static_cast<int64_t>(i)});
    whole.push_back(in[1 + i] * blocks.sizes[i]);
  }
  for (size_t i = 1 + cut; i < rank; ++i) {
    order.push_back(static_cast<int64_t>(cut + i));
    whole.push_back(in[i]);
  }
  sizes = whole;
  for (size_t i = 0; i < cut; ++i) {
    offsets[1 + i] = blocks.cells[2 * i];
    sizes[1 + i] -= blocks.cells[2 * i] + blocks.cells[2 * i + 1];
    if (sizes[1 + i] < 1) reader.fail("crops all of {}", to_string(whole));
  }
  const Ref parts = reader.add(ops::Reshape{.input = reader.input(0), .shape = split});
  const Ref moved = reader.add(ops::Transpose{.input = parts, .permutation = order});
  const Ref joined = reader.add(ops::Reshape{.input = moved, .shape = whole});
  reader.set_output(reader.add(ops::Slice{.input = joined, .offsets = offsets, .sizes = sizes}));
}

constexpr OperatorReading readings[] = {
    {BuiltinOperator::SPACE_TO_DEPTH, read_space_to_depth},
    {BuiltinOperator::DEPTH_TO_SPACE, read_depth_to_space},
    {BuiltinOperator::SPACE_TO_BATCH_ND, read_space_to_batch},
    {BuiltinOperator::BATCH_TO_SPACE_ND, read_batch_to_space},
};

}  // namespace

std::span<const OperatorReading> block_readings() { return readings; }

}  // namespace fovea::tflite
