// SPDX-License-Identifier: Apache-2.0
// One layer of a sweep: an operator with windows or a contraction, its sizes, and how it is compiled. A line of text says it
// all, so that what fails can be run again alone.
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
  gradients,      // forward, and the gradients by everything
  inference,      // weights hoisted before the run
  winograd_two,   // the same, by Winograd's algorithm wherever it can be
  winograd_four,  //
  ahead_of_time,  // an object of its own, with its weights
};

// A processor with short registers and no products of bytes, as Arm's are, in the instructions of this one. Of what is compiled
// for inference there is none.
inline constexpr const char* narrow = "narrow";

struct Case {
  Operator op = Operator::conv;
  Element element = Element::f32;
  Way way = Way::run;
  std::string cpu = "native";  // or "haswell", or `narrow`
  bool small_caches = false;   // so small that every kernel is cut into blocks

  int64_t batch = 1;  // rows of a dense layer or a product
  // One number a spatial dimension. `size` is the input's; `padding` [before, after] of each, empty for "same".
  std::vector<int64_t> size, kernel, stride, dilation, padding;
  std::vector<int64_t> output_padding;  // of a transposed convolution ("same": the cells its output is short of the most)
  int64_t in = 1, out = 1, groups = 1;  // channels of each group; a product's depth and columns, and how many products
  bool count_padding = false;           // of an average
  bool transpose_lhs = false, transpose_rhs = false;  // of a product
  bool before = false;                                // a layer comes before it, so that it reads what a kernel wrote
  bool after = false;                                 // bias and relu follow

  bool operator==(const Case&) const = default;

  bool is_integer() const { return element == Element::i8 || element == Element::u8; }
  bool is_window() const { return op != Operator::dense && op != Operator::matmul; }
  bool is_pool() const { return op == Operator::max_pool || op == Operator::avg_pool; }
  bool is_transposed() const { return op == Operator::conv_transpose; }
};

std::string to_string(const Case& layer);
Case case_named(const std::string& text);  // refuses what to_string does not write

// The window's movement over the larger image, the output of a transposed convolution. Sizes below 1 where it does not fit.
std::vector<reference::Movement1d> movement(const Case& layer);
// How the operator's attributes and the integer reference say it.
reference::Movement attributes_of(const Case& layer);
bool fits(const Case& layer);
// Multiply-adds of its plain loops.
int64_t work(const Case& layer);

// All cases in a row: number `index` of them has the operator, the number of dimensions and the window of one dimension that
// the index says; the rest (other dimensions, channels, groups, batch, processor) is drawn by `seed` and the index.
int64_t case_count();
// Window and image may not fit: then there is no case.
bool case_at(int64_t index, uint64_t seed, Case& layer);

}  // namespace fovea::sweep
