// SPDX-License-Identifier: Apache-2.0
// From a folder of photographs to 8-bit integers, in a file and in an object for a board:
//     example_photos_to_board images:PHOTOS MODEL.safetensors|RUN [OUT]
#include <fmt/format.h>

#include "fovea/fovea.h"
#include "fovea/train/trainer.h"
#include "fovea/workflows/compile_for_device.h"
#include "fovea/workflows/quantize_model.h"
#include "fovea/workflows/write_model.h"

using namespace fovea;

int main(int count, char** words) try {
  if (count < 3) refuse("images:PHOTOS (class folders below train and test) and the weights to start from");
  const std::string photos = words[1], weights = words[2], out = count > 3 ? words[3] : "board";

  // A new classifier is trained on published features, which stay as they are; a few epochs are enough for that.
  Recipe recipe = default_recipe("mobilenet-v2");
  recipe.data = photos;
  recipe.weights = weights;
  recipe.classes = std::ssize(open_dataset(photos, Split::train)->class_names());
  recipe.freeze = {"features.*"};
  recipe.optimizer = "adam";
  recipe.rate = 0.001;
  recipe.epochs = 5;
  recipe.batch = 32;
  const TrainResult trained = train(recipe, {.folder = out + ".run", .overwrite = true});

  // The network is quantized with some of the photographs for calibration.
  Progress progress(false);
  const QuantizedModel integers = quantize_model(out + ".run",
                                                 {.calibration = open_dataset(photos, Split::train),
                                                  .evaluation = open_dataset(photos, Split::test),
                                                  .images = 100,
                                                  .method = RangeMethod::percentile},
                                                 progress);
  write_model_file(out + ".tflite", integers.model);
  const DeployedNetwork object = compile_for_device(integers.model, out + ".o", {.target = "aarch64-linux-gnu"});
  fmt::print("{:.2f}% as trained, {:.2f}% as integers; {}.tflite, {}.o for {}: {} of weights\n",
             100 * trained.evaluation.top1(), 100 * integers.after->top1(), out, out, object.triple, object.weight_bytes);
  return 0;
} catch (const Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return error.exit_status();
}
