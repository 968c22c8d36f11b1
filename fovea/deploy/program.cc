// SPDX-License-Identifier: Apache-2.0
#include "fovea/deploy/program.h"

#include "fovea/core/file.h"
#include "fovea/deploy/c_header.h"
#include "fovea/deploy/model_header.h"
#include "fovea/deploy/program_files.h"
#include "fovea/deploy/toolchain.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

void write_sources(const fs::path& folder, const DeployedNetwork& network, const InferenceModel& model) {
  for (const ProgramFile& file : program_files) write_text(folder / file.name, file.text);
  write_text(folder / "network.o", network.object);
  write_text(folder / "network.h", c_header(network, model));
}

}  // namespace

void check_program(const InferenceModel& model, const std::string& triple) {
  image_model_form(model);
  program_options(triple);
}

void write_program(const fs::path& output, const DeployedNetwork& network, const InferenceModel& model,
                   const std::vector<std::string>& labels) {
  const ImageModelForm form = image_model_form(model);
  const std::vector<std::string> options = program_options(network.triple);
  const TemporaryFolder folder;
  const fs::path place = folder.path();
  write_sources(place, network, model);
  write_text(place / "model.h", picture_model_header(model, form, output.filename().string()));
  write_text(place / "model.c", picture_model_source(model, form, labels));
  run_clang(options,
            {place / "classify.c", place / "frames.c", place / "labels.c", place / "picture.c", place / "scores.c",
             place / "inflate.c", place / "jpeg.c", place / "model.c", place / "network.o"},
            place / "program");
  write_file(output, read_file(place / "program"), true);
}

void write_module(const fs::path& output, const DeployedNetwork& network, const InferenceModel& model) {
  const std::vector<std::string> options = module_options();
  const TemporaryFolder folder;
  const fs::path place = folder.path();
  write_sources(place, network, model);
  write_text(place / "model.h", module_model_header(network, model));
  run_clang(options, {place / "module.c", place / "network.o"}, place / "module");
  write_file(output, read_file(place / "module"));
}

}  // namespace fovea
