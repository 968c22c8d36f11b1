// AVERAGE_POOL_2D, MAX_POOL_2D, reductions and the resizing of images.
#include "fovea/tflite/reader.h"

namespace fovea::tflite {
namespace {

Attributes window_of(Reader& reader, const Pool2DOptions& options) {
  const std::vector<int64_t> window{options.filter_height(), options.filter_width()};
  const std::vector<int64_t> strides{options.stride_h(), options.stride_w()};
  for (const int64_t number : {window[0], window[1], strides[0], strides[1]})
    if (number < 1) reader.fail("has a window or stride of {}; they are at least 1", number);
  return {{"window", window},
          {"strides", strides},
          {"padding", std::string(options.padding() == Padding::SAME ? "same" : "valid")}};
}

void read_average_pool(Reader& reader) {
  const auto& options = reader.options<Pool2DOptions>();
  Attributes attributes = window_of(reader, options);
  if (!reader.quantised())
    return reader.set_output(
        reader.activated(reader.add("avg_pool", {reader.input(0)}, attributes), options.fused_activation_function()));
  attributes.emplace_back("activation", reader.activation_name(options.fused_activation_function()));
  reader.set_output(reader.add("quantized_average_pool", {reader.input(0)}, attributes));
}

void read_max_pool(Reader& reader) {
  const auto& options = reader.options<Pool2DOptions>();
  const ActivationFunctionType activation = options.fused_activation_function();
  Ref result = reader.add("max_pool", {reader.input(0)}, window_of(reader, options));
  if (!reader.quantised()) {
    result = reader.activated(result, activation);
  } else if (activation != ActivationFunctionType::NONE) {
    result = reader.add("quantized_activation", {result},
                        {{"function", reader.activation_name(activation)}, {"output", reader.output_type()}});
  }
  reader.set_output(result);
}

std::vector<int64_t> reduced_dims(Reader& reader) {
  const auto rank = std::ssize(reader.input_type(0).shape);
  std::vector<int64_t> dims = reader.integers(1, "dimensions");
  for (int64_t& dim : dims) {
    if (dim < 0) dim += rank;
    if (dim < 0 || dim >= rank) reader.fail("reduces dimension {} of {}", dim, to_string(reader.input_type(0).shape));
    if (dim == 0 && reader.reading().batch != 1) reader.fail("reduces the batch; it is read with a batch of 1 only");
  }
  return dims;
}

template <const char* reduction>
void read_reduction(Reader& reader) {
  const auto* options = reader.op().options<ReducerOptions>();
  const bool keep = options && options->keep_dims();
  Attributes attributes{{"dims", reduced_dims(reader)}, {"keep_dims", keep}};
  if (!reader.quantised()) return reader.set_output(reader.add(reduction, {reader.input(0)}, attributes));
  if (reader.op().code != BuiltinOperator::MEAN) reader.fail("is read of floats, not of 8-bit integers");
  attributes.emplace_back("output", reader.output_type());
  reader.set_output(reader.add("quantized_mean", {reader.input(0)}, attributes));
}

template <typename Options>
void read_resize(Reader& reader, const char* method) {
  const std::vector<int64_t> size = reader.integers(1, "size");
  const auto* options = reader.op().options<Options>();
  reader.set_output(reader.add("resize", {reader.input(0)},
                               {{"size", size},
                                {"method", std::string(method)},
                                {"align_corners", options && options->align_corners()},
                                {"half_pixel_centers", options && options->half_pixel_centers()}}));
}
void read_bilinear(Reader& reader) { read_resize<ResizeBilinearOptions>(reader, "bilinear"); }
void read_nearest(Reader& reader) { read_resize<ResizeNearestNeighborOptions>(reader, "nearest"); }

constexpr char mean[] = "reduce_mean", sum[] = "reduce_sum", most[] = "reduce_max", least[] = "reduce_min";
constexpr OperatorReading readings[] = {
    {BuiltinOperator::AVERAGE_POOL_2D, read_average_pool}, {BuiltinOperator::MAX_POOL_2D, read_max_pool},
    {BuiltinOperator::MEAN, read_reduction<mean>},         {BuiltinOperator::SUM, read_reduction<sum>},
    {BuiltinOperator::REDUCE_MAX, read_reduction<most>},   {BuiltinOperator::REDUCE_MIN, read_reduction<least>},
    {BuiltinOperator::RESIZE_BILINEAR, read_bilinear},     {BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, read_nearest},
};

}  // namespace

std::span<const OperatorReading> pooling_readings() { return readings; }

}  // namespace fovea::tflite
