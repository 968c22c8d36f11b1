// SPDX-License-Identifier: Apache-2.0
// fovea completion SHELL and fovea manual: shell completion and a man page, generated from the options.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/command.h"
#include "fovea/core/error.h"

namespace fovea {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& program) {
  std::vector<const CLI::App*> commands;
  for (const CLI::App* command : program.get_subcommands({}))
    if (!command->get_name().empty()) commands.push_back(command);
  return commands;
}

// All names of every option, such as "--batch" and "-o".
std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    for (const std::string& name : option->get_snames()) words.push_back("-" + name);
  }
  return words;
}

// The text in single quotes for a shell.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char letter : text) result += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return result + "'";
}

std::string bash_completion(const CLI::App& program) {
  std::string names, cases;
  for (const CLI::App* command : commands_of(program)) {
    names += (names.empty() ? "" : " ") + command->get_name();
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command->get_name(), fmt::join(words_of(*command), " "));
  }
  return fmt::format(R"(# bash completion of fovea, made by `fovea completion bash`
_fovea() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} words="{} --help --version"
  ((COMP_CWORD > 1)) && case ${{COMP_WORDS[1]}} in
{}    *) words= ;;
  esac
  if [[ $COMP_CWORD -gt 1 && $current != -* ]]; then
    compopt -o default
    COMPREPLY=()
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}}
complete -F _fovea fovea
)",
                     names, cases);
}

std::string zsh_completion(const CLI::App& program) {
  std::string names, cases;
  for (const CLI::App* command : commands_of(program)) {
    names += fmt::format("    {}\n", quoted(command->get_name() + ":" + command->get_description()));
    std::string options;
    for (const CLI::Option* option : command->get_options()) {
      std::string description = option->get_description();
      for (const char letter : {'[', ']', ':'}) std::ranges::replace(description, letter, ' ');
      const bool flag = option->get_items_expected_max() == 0;
      for (const std::string& name : option->get_lnames())
        options += " " + quoted(fmt::format("--{}[{}]{}", name, description, flag ? "" : ":value:_files"));
    }
    cases += fmt::format("    {}) _arguments{} '*:file:_files' ;;\n", command->get_name(), options);
  }
  return fmt::format(R"(#compdef fovea
# zsh completion of fovea, made by `fovea completion zsh`
_fovea() {{
  local -a commands=(
{}  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=${{words[2]}}
  shift words
  ((CURRENT--))
  case $command in
{}  esac
}}
_fovea "$@"
)",
                     names, cases);
}

std::string fish_completion(const CLI::App& program) {
  std::string text = "# fish completion of fovea, made by `fovea completion fish`\n";
  for (const CLI::App* command : commands_of(program)) {
    text += fmt::format("complete -c fovea -n __fish_use_subcommand -a {} -d {}\n", command->get_name(),
                        quoted(command->get_description()));
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames())
        text += fmt::format("complete -c fovea -n '__fish_seen_subcommand_from {}' -l {}{} -d {}\n", command->get_name(), name,
                            option->get_items_expected_max() == 0 ? "" : " -r", quoted(option->get_description()));
    }
  }
  return text;
}

// The text for roff: no line begins with a period or a quote, and hyphens of options are escaped.
std::string roff(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    if ((letter == '.' || letter == '\'') && (result.empty() || result.back() == '\n')) result += "\\&";
    if (letter == '\\')
      result += "\\e";
    else if (letter == '-')
      result += "\\-";
    else
      result += letter;
  }
  return result;
}

std::string manual_page(const CLI::App& program) {
  std::string text = fmt::format(
      ".TH FOVEA 1 \"\" \"fovea {}\" \"User Commands\"\n.SH NAME\nfovea \\- convolutional networks, from pixels to the edge\n"
      ".SH SYNOPSIS\n.B fovea\n.I command\n[arguments]\n.SH DESCRIPTION\n{}\nEvery command takes \\-\\-help and \\-\\-json.\n",
      FOVEA_VERSION, roff(program.get_description()));
  for (const CLI::App* command : commands_of(program)) {
    text += fmt::format(".SH \"FOVEA {}\"\n{}\n", roff(command->get_name()), roff(command->get_description()));
    for (const CLI::Option* option : command->get_options())
      text += fmt::format(".TP\n.B {}\n{}\n", roff(option->get_name(true, true)), roff(option->get_description()));
  }
  return text +
         ".SH EXIT STATUS\n0 for success, 1 when the work failed, 2 when the request was wrong, 130 after Ctrl\\-C.\n"
         ".SH ENVIRONMENT\n.TP\n.B FOVEA_CPU\nthe processor that is compiled for\n.TP\n.B FOVEA_CACHE\nthe folder of compiled "
         "kernels, or off\n.TP\n.B FOVEA_HOME\nwhere downloaded data sets and weights are kept\n";
}

}  // namespace

Command completion_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("completion", "completions for a shell: fovea completion bash > FILE");
  auto shell = std::make_shared<std::string>();
  app->add_option("SHELL", *shell, "bash, zsh or fish")->required();
  return {app, [shell, &program] {
            if (*shell == "bash")
              fmt::print("{}", bash_completion(program));
            else if (*shell == "zsh")
              fmt::print("{}", zsh_completion(program));
            else if (*shell == "fish")
              fmt::print("{}", fish_completion(program));
            else
              refuse_unknown("shell", *shell, std::vector<std::string>{"bash", "zsh", "fish"});
          }};
}

Command manual_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("manual", "the manual page: fovea manual | man -l -");
  return {app, [&program] { fmt::print("{}", manual_page(program)); }};
}

}  // namespace fovea
