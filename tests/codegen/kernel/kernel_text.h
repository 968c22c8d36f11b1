// SPDX-License-Identifier: Apache-2.0
// Kernels written as text: the linalg operations of the kernels stage, with the loops and shapes of a test case.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fovea {

using Sizes = std::vector<int64_t>;

std::string tensor_type(const Sizes& shape, const std::string& element = "f32");

// A function under construction. Values are MLIR names such as "%x"; every method that creates one returns its name.
class KernelText {
 public:
  explicit KernelText(std::string name = "kernel") : name_(std::move(name)) {}

  std::string argument(const Sizes& shape, const std::string& element = "f32");
  std::string scalar(const std::string& value, const std::string& element = "f32");
  std::string pad(const std::string& value, const Sizes& low, const Sizes& high, const std::string& filler = "0.0");
  std::string slice(const std::string& value, const Sizes& offsets, const Sizes& sizes, const Sizes& strides);
  std::string insert(const std::string& value, const std::string& into, const Sizes& offsets, const Sizes& strides);
  std::string empty(const Sizes& shape, const std::string& element = "f32");
  std::string fill(const Sizes& shape, const std::string& value, const std::string& element = "f32");

  struct Operand {
    std::string value;
    std::string map;  // "(n, h, w, c) -> (n, h * 2, w, c)"; empty for the identity of the loops
  };
  // Loops d0, d1, ...: the first `parallel` loops write, the others reduce. `body` has the inputs as %i0, %i1, ... and the
  // outputs as %o0, ..., and ends in a linalg.yield without types, which are those of the outputs: "%r = arith.addf %i0, %o0 :
  // f32\nyield %r".
  std::vector<std::string> formula(const std::vector<Operand>& inputs, const std::vector<Operand>& outputs, int loops,
                                   int parallel, const std::string& body);
  // All loops are parallel over the result's shape.
  std::string elementwise(const std::vector<Operand>& inputs, const Sizes& shape, const std::string& body,
                          const std::string& element = "f32");

  void returns(std::vector<std::string> values) { returned_ = std::move(values); }
  // The result overwrites this argument.
  void in_place(size_t result, size_t argument) { in_place_.emplace_back(result, argument); }

  const Sizes& shape(const std::string& value) const;
  std::string text() const;

 private:
  struct Value {
    std::string name;
    Sizes shape;
    std::string element;
  };
  const Value& find(const std::string& name) const;
  std::string define(const Sizes& shape, const std::string& element, const std::string& line);
  std::string fresh() { return "%v" + std::to_string(values_.size() + static_cast<size_t>(scalars_++)); }

  std::string name_, body_;
  std::vector<Value> values_;
  std::vector<std::string> arguments_, returned_;
  std::vector<std::pair<size_t, size_t>> in_place_;
  int scalars_ = 0;
};

// A convolution over 1, 2 or 3 spatial dimensions.
struct ConvolutionCase {
  int64_t batch = 1;
  Sizes size, kernel, stride, dilation;  // stride and dilation default to 1
  Sizes low, high;                       // padding, 0 by default
  int64_t in = 1, out = 1;               // channels of a group
  int64_t groups = 1;                    // in == out == 1 is depthwise

  Sizes output() const;
  std::string describe() const;
};

// What follows the root.
enum class Epilogue : uint8_t { none, bias_relu, residual, pass_through };

// Images and filters have the type `element`; bf16 is summed in f32, and an epilogue stores the result as bf16.
std::string forward_text(const ConvolutionCase& conv, Epilogue epilogue = Epilogue::none, const std::string& element = "f32");
std::string input_gradient_text(const ConvolutionCase& conv, const std::string& element = "f32");  // stride 1
std::string filter_gradient_text(const ConvolutionCase& conv, const std::string& element = "f32");
std::string depthwise_text(const ConvolutionCase& conv, Epilogue epilogue = Epilogue::none,
                           const std::string& element = "f32");  // `groups` channels
std::string depthwise_filter_gradient_text(const ConvolutionCase& conv, const std::string& element = "f32");
std::string grouped_text(const ConvolutionCase& conv, const std::string& element = "f32");
std::string dense_text(int64_t rows, int64_t columns, int64_t depth, bool transpose_left, bool transpose_right,
                       Epilogue epilogue = Epilogue::none, const std::string& element = "f32");

// 8-bit contractions summed in i32, as the linalg operations of quantized layers have them or as fovea-dot-products arranges
// them.
struct IntegerForm {
  bool unsigned_image = false, unsigned_filter = false;
  int64_t group = 1;           // neighboring channels that form the last dimension of image and filter
  std::string element = "i8";  // of both; i16 is signed
  bool requantize = false;     // followed by bias, scale by channel, rounding, zero point and conversion to i8
  int64_t zero = 0;            // what pads the image
  bool in_f32 = false;         // depthwise: sums of (image - zero) * filter in f32, where they are exact
};
std::string integer_forward_text(const ConvolutionCase& conv, const IntegerForm& form);
std::string integer_dense_text(int64_t rows, int64_t columns, int64_t depth, const IntegerForm& form);
// Depthwise: `groups` channels.
std::string integer_depthwise_text(const ConvolutionCase& conv, const IntegerForm& form);

enum class Pool : uint8_t { max, average, argmax };
std::string pool_text(const ConvolutionCase& window, Pool kind);  // `in` channels

// One value for each row: max, sum, sum of exp(x - max), or two merged sums.
enum class RowReduction : uint8_t { max, sum, exp_sum, two_sums, product };
std::string row_reduction_text(const Sizes& shape, RowReduction kind);
// Sums of x and of x * x over all dimensions except the last.
std::string column_sums_text(const Sizes& shape);

}  // namespace fovea
