// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/compile_for_device.h"

#include <fmt/ranges.h>

#include "fovea/codegen/target/target.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/deploy/c_header.h"
#include "fovea/deploy/model_header.h"
#include "fovea/deploy/program.h"
#include "fovea/interchange/labels.h"

namespace fovea {
namespace {

enum class Product : uint8_t { object, module, program };

Product product_of(const std::filesystem::path& output, const std::string& target) {
  const std::string ending = output.extension().string();
  if (ending == ".o") return Product::object;
  const bool wasm = target.starts_with("wasm");
  if (ending == ".wasm") {
    if (!wasm) refuse("{}: a module of WebAssembly is for the target wasm32, not {}", output.string(), target);
    return Product::module;
  }
  if (wasm) refuse("{}: for {} take a module, NAME.wasm, or an object, NAME.o", output.string(), target);
  return Product::program;
}

void write_product(Product product, const std::filesystem::path& output, const DeployedNetwork& network,
                   const InferenceModel& model, const std::vector<std::string>& labels) {
  std::filesystem::path header = output;
  switch (product) {
    case Product::object:
      write_text(output, network.object);
      write_text(header.replace_extension(".h"), c_header(network, model));
      break;
    case Product::module:
      write_module(output, network, model);
      break;
    case Product::program:
      write_program(output, network, model, labels);
  }
}

}  // namespace

DeployedNetwork compile_for_device(const InferenceModel& model, const std::filesystem::path& output,
                                   const DeviceOptions& given) {
  DeviceOptions options = given;
  if (options.target.empty()) options.target = Target::host().triple;
  const Product product = product_of(output, options.target);
  if (product == Product::program) check_program(model, options.target);
  DeployedNetwork network =
      compile_ahead_of_time(model.graph, model.tensors,
                            {.name = product == Product::object ? c_identifier(output.stem().string()) : program_network,
                             .triple = options.target,
                             .cpu = options.cpu,
                             .threads = options.threads});
  if (product != Product::program && !network.needs.empty())
    refuse("{}: for processor \"{}\" the code would call {}, and an object calls nothing; compile for another processor of {}",
           output.string(), network.cpu, fmt::join(network.needs, ", "), network.triple);
  std::vector<std::string> labels;
  if (product == Product::program)
    labels = class_labels(model.labels, image_model_form(model).classes, model.name,
                          options.labels_origin.empty() ? model.name : options.labels_origin);
  write_product(product, output, network, model, labels);
  return network;
}

}  // namespace fovea
