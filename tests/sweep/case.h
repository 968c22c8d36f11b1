// SPDX-License-Identifier: Apache-2.0
// One layer of a sweep: an operator with windows or a contraction, its sizes, and how it is compiled. One line of text contains
// all of it, so that a failing case can be run alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"
#include "tests/reference/quantized.h"
#include "tests/reference/windows.h"

namespace fovea::sweep {

enum class Operator : uint8_t { conv, conv_transpose, max_pool, avg_pool, dense, matmul };
enum class Element : uint8_t { f32, bf16, i8, u8 };
enum class Way : uint8_t {
  run,            // as in training, forward
  gradients,      // forward, and all gradients
  inference,      // weights hoisted before the run
  winograd_two,   // the same, with Winograd's algorithm in tiles of 2x2 wherever it is possible
  winograd_four,  // the same in tiles of 4x4
  ahead_of_time,  // an object file, with its weights
};

// A processor with short registers and no byte products, like Arm's, in the instructions of this one. It does not exist for
// code that is compiled for inference.
inline constexpr const char* narrow = "narrow";

struct Case {
  Operator op = Operator::conv;
  Element element = Element::f32;
  Way way = Way::run;
  std::string cpu = "native";  // or "haswell", or `narrow`
  bool small_caches = false;   // so small that every kernel is divided into blocks

  int64_t batch = 1;  // or the rows of a dense layer or a product
  // One number for each spatial dimension. `size` is that of the input; `padding` is [before, after] of each dimension, empty
  // for "same".
  std::vector<int64_t> size, kernel, stride, dilation, padding;
  // of a transposed convolution (with "same": the cells by which its output is smaller than the largest)
  std::vector<int64_t> output_padding;
  int64_t in = 1, out = 1, groups = 1;  // channels of each group, or a product's depth and columns, and how many products
  bool count_padding = false;           // of an average
  bool transpose_lhs = false, transpose_rhs = false;  // of a product
  bool before = false;                                // whether a layer precedes it, so that it reads what a kernel wrote
  bool after = false;                                 // whether bias and relu follow

  bool operator==(const Case&) const = default;

  bool is_integer() const { return element == Element::i8 || element == Element::u8; }
  bool is_window() const { return op != Operator::dense && op != Operator::matmul; }
  bool is_pool() const { return op == Operator::max_pool || op == Operator::avg_pool; }
  bool is_transposed() const { return op == Operator::conv_transpose; }
};

std::string to_string(const Case& layer);
Case case_named(const std::string& text);  // refuses what to_string does not write

// The movement of the window over the larger image, which is the output of a transposed convolution. Sizes are below 1 when it
// does not fit.
std::vector<reference::Movement1d> movement(const Case& layer);
// The same as the operator's attributes and the integer reference have it.
reference::Movement attributes_of(const Case& layer);
bool fits(const Case& layer);
// The multiply-adds of its plain loops.
int64_t work(const Case& layer);

// All cases, numbered. The number of a case determines the operator, the number of dimensions and the window of one dimension;
// the rest (other dimensions, channels, groups, batch, processor) is drawn from `seed` and the number.
int64_t case_count();
// Returns false when window and image do not fit together.
bool case_at(int64_t index, uint64_t seed, Case& layer);

}  // namespace fovea::sweep
