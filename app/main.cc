// SPDX-License-Identifier: Apache-2.0
// The program `fovea`: finds the command, and turns any failure into one line and an exit status.
#include <fmt/ranges.h>

#include <cstdio>
#include <exception>
#include <vector>

#include "app/command.h"
#include "app/environment.h"
#include "app/exit_status.h"
#include "app/fault_signals.h"
#include "app/version.h"
#include "fovea/core/error.h"

namespace fovea {
namespace {

// The names of the options of `app`, and of its commands.
std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

// The parser says what it could not use; this says what was meant.
void refuse_request(const CLI::App& program, const CLI::ParseError& error) {
  const std::vector<CLI::App*> parsed = program.get_subcommands();
  const CLI::App& command = parsed.empty() ? program : *parsed.front();
  for (const std::string& word : program.remaining(true)) {
    if (word.starts_with("--")) refuse_unknown("option", word.substr(0, word.find('=')), option_names(command));
    if (parsed.empty() && !word.starts_with("-")) refuse_unknown("command", word, command_names(program));
    refuse("{} takes no \"{}\"; see its --help", parsed.empty() ? "fovea" : "fovea " + command.get_name(), word);
  }
  if (parsed.empty()) refuse("no command is given; known: {}", fmt::join(command_names(program), ", "));
  std::string message = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    message = message.substr(0, message.find(':')) + " needs a value";
  }
  for (char& letter : message) letter = letter == '\n' ? ' ' : letter;
  refuse("{}; see fovea {} --help", message, command.get_name());
}

void run_program(int argc, char** argv) {
  CLI::App program("Convolutional networks in C++, from pixels to the edge.", "fovea");
  bool json = false;  // declared before --version, which ends the parsing and has to know it
  CLI::Option* json_flag = program.add_flag("--json", json, "with --version: what a report of a fault needs, as JSON");
  const auto version = [&json] { return json ? version_json() : std::string("fovea ") + FOVEA_VERSION; };
  json_flag->needs(program.set_version_flag("--version", version));
  program.require_subcommand(1);
  const std::vector<Command> commands = {
      demo_command(program),    models_command(program),     summary_command(program),       train_command(program),
      eval_command(program),    classify_command(program),   run_command(program),           lower_command(program),
      bench_command(program),   data_command(program),       compile_command(program),       export_command(program),
      devices_command(program), launch_command(program),     fetch_weights_command(program), quantize_command(program),
      edgetpu_command(program), completion_command(program), manual_command(program)};
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // from --help and --version
    program.exit(wanted);
    return;
  } catch (const CLI::ParseError& error) {
    refuse_request(program, error);
  }
  for (const Command& command : commands) {
    if (!command.app->parsed()) continue;
    watch_for_faults(command.app->get_name());
    command.run();
  }
}

int exit_status_of(int argc, char** argv) {
  try {
    run_program(argc, argv);
    return 0;
  } catch (...) {
    const Failure failure = failure_of(std::current_exception());
    fmt::print(stderr, "fovea: {}\n", failure.message);
    return failure.status;
  }
}

}  // namespace
}  // namespace fovea

int main(int argc, char** argv) {
  fovea::set_settings(fovea::settings_from_environment());
  return fovea::exit_status_of(argc, argv);
}
