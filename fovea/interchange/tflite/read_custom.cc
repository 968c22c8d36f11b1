// SPDX-License-Identifier: Apache-2.0
// Custom operators of MediaPipe's networks, whose options are plain structures of TensorFlow Lite
// (mediapipe/util/tflite/operations).
#include <algorithm>
#include <cstring>

#include "fovea/interchange/tflite/reader.h"

namespace fovea::tflite {
namespace {

// Reads options as a sequence of 32-bit numbers.
class CustomOptions {
 public:
  CustomOptions(Reader& reader, size_t count) : reader_(reader), bytes_(reader.op().custom_options) {
    if (bytes_.size() < count * sizeof(int32_t)) reader.fail("has options of {} bytes; {} hold them", bytes_.size(), 4 * count);
  }

  int64_t number(size_t place) const {
    int32_t value = 0;
    std::memcpy(&value, bytes_.data() + place * sizeof value, sizeof value);
    return value;
  }
  int64_t positive(size_t place, const char* what) const {
    const int64_t value = number(place);
    if (value < 1 || value > 1 << 16) reader_.fail("has a {} of {}", what, value);
    return value;
  }
  bool same_padding() const {
    const int64_t padding = number(0);
    if (padding != 1 && padding != 2) reader_.fail("has padding {}; 1 (same) and 2 (valid) are read", padding);
    return padding == 1;
  }

 private:
  Reader& reader_;
  std::span<const std::byte> bytes_;
};

void check_real_image(Reader& reader, size_t input) {
  const TensorType type = reader.input_type(input);
  if (type.dtype != DType::f32 || type.shape.size() != 4) reader.fail("works on {}; images of f32 are read", to_string(type));
}

// How many cells of the whole result, stride * (in - 1) + taps, are cut off; half of them in front.
int64_t cut(int64_t in, int64_t taps, int64_t stride, bool same) {
  return same ? std::max<int64_t>(0, taps - (in - 1) % stride - 1) : 0;
}

// A transposed convolution whose padding determines the size of its result, and which has a bias.
void read_transposed_bias(Reader& reader) {
  const CustomOptions options(reader, 3);
  const bool same = options.same_padding();
  const int64_t wide = options.positive(1, "stride"), high = options.positive(2, "stride");
  check_real_image(reader, 0);
  const Shape image = reader.input_type(0).shape, filter = reader.values(1, "filter").shape();
  if (reader.input_count() != 3 || filter.size() != 4 || filter[3] != image[3])
    reader.fail("has a filter {} for {}", to_string(filter), to_string(image));
  if (reader.reals(2, "bias").size() != filter[0]) reader.fail("has a bias of {} numbers", reader.reals(2, "bias").size());
  const int64_t rows = cut(image[1], filter[1], high, same), columns = cut(image[2], filter[2], wide, same);
  const Ref sum =
      reader.add(ops::ConvTranspose{.input = reader.input(0),
                                    .filter = reader.weight(1, filter, {1, 2, 0, 3}, 3),
                                    .strides = {high, wide},
                                    .padding = Shape{rows / 2, rows - rows / 2, columns / 2, columns - columns / 2}});
  reader.set_output(reader.add(ops::Add{sum, reader.weight(2, {filter[0]}, {0}, 0)}));
}

struct Pool {
  int64_t high, wide, stride_high, stride_wide;
  bool same;
};

Pool pool_of(Reader& reader) {
  const CustomOptions options(reader, 6);
  if (options.number(5) != 0) reader.fail("has activation {}, which is not read", options.number(5));
  return {.high = options.positive(4, "window"),
          .wide = options.positive(3, "window"),
          .stride_high = options.positive(2, "stride"),
          .stride_wide = options.positive(1, "stride"),
          .same = options.same_padding()};
}

// The maximum of each window and its position, row * width + column, as a real number; a tenth is added because readers
// truncate it.
void read_pool_with_place(Reader& reader) {
  const Pool pool = pool_of(reader);
  check_real_image(reader, 0);
  const auto [most, tap] = reader.add(ops::MaxPool{.input = reader.input(0),
                                                   .window = {pool.high, pool.wide},
                                                   .strides = {pool.stride_high, pool.stride_wide},
                                                   .padding = pool.same ? "same" : "valid"});
  reader.set_output(most);
  if (reader.output_count() < 2) return;
  const Ref place = reader.add(ops::Cast{.input = tap, .dtype = DType::f32});
  reader.set_output(reader.add(ops::Add{place, reader.scalar(static_cast<double>(0.1F))}), 1);
}

// Moves each number back to the position in its window that it was taken from, with zeros elsewhere. Since windows do not
// overlap, each cell can receive one number.
void read_unpool(Reader& reader) {
  const Pool pool = pool_of(reader);
  check_real_image(reader, 0);
  check_real_image(reader, 1);
  const Shape image = reader.input_type(0).shape;
  constexpr int64_t most_cells = 4096;
  if (pool.high * pool.wide > most_cells || pool.high != pool.stride_high || pool.wide != pool.stride_wide ||
      reader.input_type(1).shape != image)
    reader.fail("has windows of {}x{} at strides {}x{}; windows side by side are read", pool.high, pool.wide, pool.stride_high,
                pool.stride_wide);
  Tensor places({1, 1, pool.high, 1, pool.wide, 1}, DType::i32);
  for (int64_t i = 0; i < places.size(); ++i) places.data<int32_t>()[i] = static_cast<int32_t>(i);
  const Shape apart{image[0], image[1], 1, image[2], 1, image[3]};
  const Ref taken =
      reader.add(ops::Reshape{.input = reader.add(ops::Cast{.input = reader.input(1), .dtype = DType::i32}), .shape = apart});
  const Ref number = reader.add(ops::Reshape{.input = reader.input(0), .shape = apart});
  const Ref place = reader.parameter(reader.input_name(1) + ".places", places);
  const Ref put =
      reader.add(ops::Select{.lhs = taken, .rhs = place, .on_true = number, .on_false = reader.scalar(0), .comparison = "eq"});
  reader.set_output(
      reader.add(ops::Reshape{.input = put, .shape = {image[0], image[1] * pool.high, image[2] * pool.wide, image[3]}}));
}

}  // namespace

void read_custom(Reader& reader) {
  const std::string_view name = reader.op().custom_name();
  if (name == "Convolution2DTransposeBias") return read_transposed_bias(reader);
  if (name == "MaxPoolingWithArgmax2D") return read_pool_with_place(reader);
  if (name == "MaxUnpooling2D") return read_unpool(reader);
  reader.fail("is not among the operators that are read");
}

}  // namespace fovea::tflite
