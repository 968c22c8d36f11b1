// SPDX-License-Identifier: Apache-2.0
// node_cases LIST: runs small ONNX models one after another, for judges that have many. LIST names a folder in each line, with
// model.onnx and input_0.npy, input_1.npy, ... in the file's own order of inputs and dimensions; results are written as
// output_0.npy, ... in that order, too. Prints a line for each folder, separated by tabs: the folder, `ran`, or `refused` with
// the reason. With --read, models are only read.
#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <fstream>

#include "fovea/core/error.h"
#include "fovea/core/tensor_permute.h"
#include "fovea/inference/session.h"
#include "fovea/interchange/npy.h"
#include "fovea/interchange/onnx/read.h"

namespace fovea {
namespace {

// [0, 2, 3, ..., 1] or its inverse.
std::vector<int64_t> channels_moved(int64_t rank, bool last) {
  std::vector<int64_t> order;
  for (int64_t d = 0; d < rank; ++d) {
    if (d == 0)
      order.push_back(0);
    else if (last)
      order.push_back(d + 1 < rank ? d + 1 : 1);
    else
      order.push_back(d == 1 ? rank - 1 : d - 1);
  }
  return order;
}

Tensor in_order(const InferenceModel& model, const std::string& name, const Tensor& tensor, bool last) {
  if (!model.channels_first.contains(name)) return tensor;
  return permuted(tensor, channels_moved(static_cast<int64_t>(tensor.shape().size()), last));
}

void run_case(const std::filesystem::path& folder, ThreadPool& threads) {
  const InferenceModel model = read_onnx(folder / "model.onnx", {.batch = 0});
  Session session(model.graph, model.tensors, {.inference = true});
  int index = 0;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role != Role::input) continue;
    const Tensor given = in_order(model, argument.name, read_npy(folder / fmt::format("input_{}.npy", index++)), true);
    Tensor& input = session.argument(argument.name);
    if (given.shape() != input.shape() || given.dtype() != input.dtype())
      fail("the input \"{}\" is {} {}, the case gives {} {}", argument.name, to_string(input.shape()), name(input.dtype()),
           to_string(given.shape()), name(given.dtype()));
    std::memcpy(input.raw(), given.raw(), given.bytes());
  }
  session.run(threads);
  index = 0;
  for (const Graph::Result& result : model.graph.results())
    write_npy(folder / fmt::format("output_{}.npy", index++), in_order(model, result.name, session.result(result.name), false));
}

}  // namespace
}  // namespace fovea

int main(int count, char** arguments) {
  const bool only_read = count == 3 && std::strcmp(arguments[2], "--read") == 0;
  if (count != 2 && !only_read) return 2;
  std::ifstream list(arguments[1]);
  fovea::ThreadPool threads(2);
  for (std::string folder; std::getline(list, folder);) {
    try {
      if (only_read)
        fovea::read_onnx(std::filesystem::path(folder) / "model.onnx", {.batch = 0});
      else
        fovea::run_case(folder, threads);
      fmt::print("{}\tran\n", folder);
    } catch (const std::exception& error) {
      fmt::print("{}\trefused\t{}\n", folder, error.what());
    }
    std::fflush(stdout);
  }
  return 0;
}
