// SPDX-License-Identifier: Apache-2.0
// Where the answers of a classification go: text, JSON, JSON lines and CSV, on standard output or into files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/command.h"
#include "fovea/core/output_file.h"
#include "fovea/workflows/classify.h"

namespace fovea {

struct AnswerOptions {
  std::string csv, json_lines;  // files, "-" for standard output; empty: none
  int64_t top = 0;              // how many classes; 0: five, in the text of a frame one
  double threshold = -1;
};

// Adds --csv, --json-lines, --top and --threshold.
void add_answer_options(CLI::App& app, AnswerOptions& options);

// A file, or standard output for "-", that gets lines.
class LineOutput {
 public:
  explicit LineOutput(const std::string& path);
  void write(const std::string& line);
  // Puts the file in its place. The last call.
  void commit();

 private:
  std::unique_ptr<OutputFile> file_;  // none: standard output
};

// What gets the answers, one after the other. The answers of a folder are one JSON array with --json, and those of a stream,
// which may never end, are JSON lines.
class Answers {
 public:
  enum class Of : uint8_t { pictures, frames };

  // Refuses options that would mix two forms on standard output.
  Answers(const CommonOptions& common, const AnswerOptions& options, const Confidence& confidence, Of of);
  // `name` is a picture's path or a frame's number.
  void write(const std::string& name, const Classification& answer);
  // After the last answer.
  void finish();
  // How many classes an answer has to have.
  int64_t top() const { return options_.top > 0 ? options_.top : of_ == Of::frames && to_people() ? 1 : 5; }
  // Whether the answers are printed as text.
  bool to_people() const { return !common_.json && options_.csv.empty() && options_.json_lines.empty(); }
  // Whether they fill a terminal, where they are progress enough.
  bool fill_terminal() const;

 private:
  std::string csv_head() const;
  std::string csv_line(const std::string& name, const Classification& answer) const;
  std::string text_of(const std::string& name, const Classification& answer) const;
  nlohmann::ordered_json json_of(const std::string& name, const Classification& answer) const;

  const CommonOptions& common_;
  const AnswerOptions& options_;
  Confidence confidence_;
  Of of_;
  std::unique_ptr<LineOutput> csv_, lines_;
  bool begun_ = false;  // the JSON array
};

}  // namespace fovea
