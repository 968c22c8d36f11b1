// SPDX-License-Identifier: Apache-2.0
// From a folder of photographs to 8-bit integers in a file and in an object for a board:
//     example_photos_to_board PHOTOS WEIGHTS [OUT]
#include <fmt/format.h>

#include "fovea/fovea.h"
#include "fovea/train/run.h"
#include "fovea/train/trainer.h"
#include "fovea/workflows/compile_for_device.h"
#include "fovea/workflows/quantize_model.h"
#include "fovea/workflows/training_plan.h"
#include "fovea/workflows/write_model.h"

using namespace fovea;

int main(int count, char** words) try {
  if (count < 3)
    refuse("a folder of class folders, and the weights to start from: a run, a .tflite, .onnx, .pth or .safetensors file");
  const std::string photos = words[1], weights = words[2], out = count > 3 ? words[3] : "board";

  // Fine-tune the network of the weights with a new head; the photographs decide how.
  TrainingPlan plan = plan_training({.data = photos, .weights = weights});
  const std::string run = out + ".run";
  const TrainResult trained =
      train(plan.recipe, {.folder = run, .overwrite = true, .start = std::move(plan.start), .new_head = plan.new_head});

  // Quantize it, calibrated on some of the training photographs and measured on the test photographs.
  Progress progress(false);
  const QuantizedModel integers = quantize_model(run,
                                                 {.calibration = open_run_data(run, plan.recipe, Split::train),
                                                  .evaluation = open_run_data(run, plan.recipe, Split::test),
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
  return 1;
}
