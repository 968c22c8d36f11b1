// SPDX-License-Identifier: Apache-2.0
#include "app/command.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "fovea/core/error.h"
#include "fovea/core/output_file.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {
namespace {

// A full disk or a closed pipe must not look like success.
void write_out(std::FILE* file, const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
  if (!written && file == stdout) fail("cannot write to standard output");
}

}  // namespace

CLI::Validator between(int64_t least, int64_t most) {
  return CLI::Validator(
      [least, most](std::string& text) {
        int64_t value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= least && value <= most) return std::string();
        return most == INT64_MAX ? fmt::format("{} is not a whole number of at least {}", text, least)
                                 : fmt::format("{} is not a whole number from {} to {}", text, least, most);
      },
      "");
}

CLI::Validator above_zero() {
  return CLI::Validator(
      [](std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value > 0 && std::isfinite(value)) return std::string();
        return fmt::format("{} is not a number above 0", text);
      },
      "");
}

void add_memory_option(CLI::App& app, int64_t& bytes) {
  app.add_option(
         "--memory", bytes,
         "memory that a step may take (with train: the whole process), e.g. 4GiB; activations are recomputed until it fits")
      ->transform(CLI::AsSizeValue(true))
      ->check(between(1, INT64_MAX));
}

void add_winograd_option(CLI::App& app, std::string& when) {
  app.add_option(
      "--winograd", when,
      "3x3 convolutions by Winograd's algorithm: auto, where it is faster (the default); never; 2 or 4, with result tiles of "
      "that side wherever possible. Results differ in the last bits");
}

void add_device_option(CLI::App& app, std::string& device) {
  app.add_option("--device", device,
                 "where it runs: cpu (the default), gpu, cuda, vulkan, or cuda:NUMBER and the like, see fovea devices");
}

void add_orientation_option(CLI::App& app, std::string& orientation, const char* otherwise) {
  app.add_option("--orientation", orientation,
                 fmt::format("orientation of photographs: exif, as their EXIF data says, or stored ({})", otherwise))
      ->check(CLI::IsMember({"exif", "stored"}));
}

int CommonOptions::thread_count() const { return threads > 0 ? threads : ThreadPool::available(); }

void add_common_options(CLI::App& app, CommonOptions& common) {
  app.add_flag("--json", common.json, "print one JSON result on standard output; text goes to standard error");
  common.seed_option = app.add_option("--seed", common.seed, "seed of everything random (1)")->check(between(0, INT64_MAX));
  app.add_option("--threads", common.threads, "threads (all there are); does not change any result")->check(between(1, 1024));
}

void print_text(const CommonOptions& common, const std::string& text) {
  write_out(common.json || standard_output_taken() ? stderr : stdout, text);
}

void print_out(const std::string& text) { write_out(stdout, text); }

void print_json(const nlohmann::ordered_json& json) {
  write_out(stdout, json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace fovea
