// SPDX-License-Identifier: Apache-2.0
/// \file
/// The training loop: epochs over a data set, evaluation, checkpoints, metrics, and charts in the run's folder.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/data/sources/dataset.h"
#include "fovea/inference/metrics.h"
#include "fovea/models/weights/weights.h"
#include "fovea/train/agreement.h"
#include "fovea/train/recipe.h"
#include "fovea/train/time_budget.h"

namespace fovea {

/// How a run is carried out. Only `folder` is required.
struct TrainOptions {
  std::filesystem::path folder;  ///< of the run
  int threads = 0;               ///< 0: all available; does not change the result
  bool quiet = false;            ///< whether nothing is printed on standard error
  bool resume = false;           ///< continues from the folder's checkpoint, with the recipe saved there
  bool overwrite = false;        ///< replaces a run that is already in the folder
  int workers = 0;               ///< threads that prepare batches; 0: chosen; does not change the result
  int64_t memory = 0;            ///< bytes that the process may take; 0: any; does not change the network
  std::string device = {};       ///< where it computes (CompileOptions::device); the last bits depend on it
  bool allow_overlap = false;    ///< trains even if image files of the test split are also in the training split
  /// The training images in place of those of the recipe's data, as in cross-validation; null: the recipe's. Given with `test`
  /// or not at all.
  std::shared_ptr<const Dataset> train = nullptr;
  std::shared_ptr<const Dataset> test = nullptr;  ///< the same for the test images
  /// What a new run starts from in place of the file that recipe.weights names, which then is a name for messages alone.
  std::optional<WeightFile> start = std::nullopt;
  bool new_head = false;  ///< of `start`: the last layer is of other classes, however many there are
  /// The processes that train together (fovea/collective/communicator.h), each of which calls train(); null: this one alone.
  /// Recipe, checkpoint and start values are those of process 0, which alone writes files and prints progress.
  Communicator* processes = nullptr;
  /// What has to be equal in all processes beside the data, such as the version of the program.
  std::vector<Property> properties = {};
  bool mixed = false;  ///< trains even if processes differ in these properties, or in the content of the data
  /// Asked after each step, on the thread that called train(). A text that is not empty, such as "Ctrl-C", stops the run: it
  /// saves a checkpoint, and the error names the text.
  std::function<std::string()> stop = {};
  /// When it has to be over; none: when its epochs are done. Epochs that are chosen become part of the recipe, which gives the
  /// same network without a limit. A run that does not get that far ends with its last whole epoch, and can be resumed. Refused
  /// together with `memory`.
  std::optional<TimeLimit> limit = std::nullopt;
};

/// The outcome of a run.
struct TrainResult {
  Metrics evaluation;            ///< of the final network on the test split
  int64_t epochs = 0;            ///< that were completed
  double seconds = 0;            ///< in training steps and evaluation, over all sessions
  double images_per_second = 0;  ///< in training steps of this session
};

/// Trains. The result is a function of the recipe and the data: neither the number of threads or processes nor interrupting and
/// resuming changes a bit of the tensors; nor does a limit of time beyond the number of epochs. Unless `allow_overlap` is set,
/// refuses data whose image files are, byte for byte, in both splits, because the test would measure what was memorized. Fails
/// with the code cancelled when `stop` asks for it.
TrainResult train(Recipe recipe, const TrainOptions& options);

}  // namespace fovea
