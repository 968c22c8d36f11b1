// SPDX-License-Identifier: Apache-2.0
// What every command has: --json, --seed, --threads, and where its text goes.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "fovea/core/text.h"

namespace fovea {

struct CommonOptions {
  bool json = false;
  int64_t seed = 1;
  int threads = 0;  // 0: all available
  CLI::Option* seed_option = nullptr;

  int thread_count() const;
};

// A command of the program: its options are declared on `app`, and `run` does its work once they are parsed.
struct Command {
  CLI::App* app;
  std::function<void()> run;
};

// Validators for options: whole numbers of a range, and numbers above 0, with a message that says what would be right.
CLI::Validator between(int64_t least, int64_t most);
CLI::Validator above_zero();

// Adds --memory, such as 4GiB: what a training step may take. `bytes` stays 0 without it.
void add_memory_option(CLI::App& app, int64_t& bytes);

// Adds --winograd, for winograd_named(); "auto" by default.
void add_winograd_option(CLI::App& app, std::string& when);

// Adds --device: where the network runs, for CompileOptions::device.
void add_device_option(CLI::App& app, std::string& device);

// Adds --orientation with the values exif and stored: how EXIF data rotates images; "" without it.
void add_orientation_option(CLI::App& app, std::string& orientation, const char* otherwise);

void add_common_options(CLI::App& app, CommonOptions& common);

// Prints text for people on standard output, or on standard error when standard output belongs to --json or to a file's bytes.
void print_text(const CommonOptions& common, const std::string& text);
// Prints on standard output, at once. Fails on a full disk or a closed pipe.
void print_out(const std::string& text);
// Prints JSON, always as UTF-8: each piece of a name that is not becomes U+FFFD. A number that is not finite becomes null.
void print_json(const nlohmann::ordered_json& json);

Command bench_command(CLI::App& program);
Command classify_command(CLI::App& program);
Command compile_command(CLI::App& program);
Command data_command(CLI::App& program);
Command demo_command(CLI::App& program);
Command devices_command(CLI::App& program);
Command edgetpu_command(CLI::App& program);
Command completion_command(CLI::App& program);
Command manual_command(CLI::App& program);
Command fetch_command(CLI::App& data);  // of `fovea data`
Command fetch_weights_command(CLI::App& program);
Command eval_command(CLI::App& program);
Command export_command(CLI::App& program);
Command launch_command(CLI::App& program);
Command lower_command(CLI::App& program);
Command models_command(CLI::App& program);
Command quantize_command(CLI::App& program);
Command run_command(CLI::App& program);
Command summary_command(CLI::App& program);
Command train_command(CLI::App& program);

}  // namespace fovea
