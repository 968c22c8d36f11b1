// SPDX-License-Identifier: Apache-2.0
#include "app/answers.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "fovea/core/error.h"
#include "fovea/data/sources/csv_cells.h"

namespace fovea {
namespace {

std::string dumped(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// As an element of an array that is printed with an indent of two. Line ends within strings are escaped.
std::string indented(const std::string& text) {
  std::string result = "  ";
  for (const char letter : text) result += letter == '\n' ? std::string("\n  ") : std::string(1, letter);
  return result;
}

}  // namespace

void add_answer_options(CLI::App& app, AnswerOptions& options) {
  app.add_option("--top", options.top, "how many guesses to show (5; one for a frame of video)")->check(between(1, 1000000));
  app.add_option("--threshold", options.threshold, "hide guesses that are not likelier than this, of 1")
      ->check(CLI::Range(0.0, 1.0).description("a probability, 0 to 1"));
  app.add_option("--csv", options.csv, "a file for the answers as a table (RFC 4180), in place of text; - is standard output");
  app.add_option("--json-lines", options.json_lines,
                 "a file for the answers as JSON, one object a line, in place of text; - is standard output");
}

LineOutput::LineOutput(const std::string& path) {
  if (path != "-") file_ = std::make_unique<OutputFile>(path);
}

void LineOutput::write(const std::string& line) {
  if (file_)
    file_->write(std::as_bytes(std::span(line)));
  else
    print_out(line);
}

void LineOutput::commit() {
  if (file_) file_->commit();
}

Answers::Answers(const CommonOptions& common, const AnswerOptions& options, const Confidence& confidence, Of of)
    : common_(common), options_(options), confidence_(confidence), of_(of) {
  if (int{common.json} + int{options.csv == "-"} + int{options.json_lines == "-"} > 1)
    refuse("--json, --csv - and --json-lines - all want standard output; give one of them a file");
  if (!options.csv.empty()) csv_ = std::make_unique<LineOutput>(options.csv);
  if (!options.json_lines.empty()) lines_ = std::make_unique<LineOutput>(options.json_lines);
  if (csv_) csv_->write(csv_head());
}

bool Answers::fill_terminal() const {
  const bool out = common_.json || options_.csv == "-" || options_.json_lines == "-" || to_people();
  return out && isatty(STDOUT_FILENO) != 0;
}

std::string Answers::csv_head() const {
  std::string line = of_ == Of::frames ? "frame" : "path";
  if (confidence_.unknown_below > 0) line += ",unknown";
  line += ",class,probability";
  for (int64_t i = 2; i <= top(); ++i) line += fmt::format(",class_{0},probability_{0}", i);
  return line + "\n";
}

// The bytes of a path are kept, so that it leads to the file. Guesses that are hidden leave their cells empty.
std::string Answers::csv_line(const std::string& name, const Classification& answer) const {
  std::string line = csv_cell(name);
  if (confidence_.unknown_below > 0) line += answer.unknown ? ",true" : ",false";
  for (size_t i = 0; i < static_cast<size_t>(top()); ++i) {
    if (i < answer.guesses.size())
      line +=
          fmt::format(",{},{}", csv_cell(utf8_of(answer.guesses[i].label)), static_cast<float>(answer.guesses[i].probability));
    else
      line += ",,";
  }
  return line + "\n";
}

nlohmann::ordered_json Answers::json_of(const std::string& name, const Classification& answer) const {
  nlohmann::ordered_json predictions = nlohmann::ordered_json::array();
  for (const Guess& guess : answer.guesses) {
    predictions.push_back({{"label", guess.label}, {"index", guess.index}, {"probability", guess.probability}});
  }
  nlohmann::ordered_json json;
  if (of_ == Of::frames)
    json["frame"] = std::stoll(name);
  else
    json["image"] = name;
  json["milliseconds"] = answer.milliseconds;
  if (confidence_.unknown_below > 0) json["unknown"] = answer.unknown;
  json["predictions"] = predictions;
  return json;
}

// A picture has a line for each class, a frame one line.
std::string Answers::text_of(const std::string& name, const Classification& answer) const {
  std::string text = of_ == Of::frames ? fmt::format("frame {} ({:.2f} ms)", name, answer.milliseconds)
                                       : fmt::format("{} ({:.2f} ms)\n", name, answer.milliseconds);
  const char* end = of_ == Of::frames ? "" : "\n";
  if (answer.unknown) text += fmt::format("  unknown: nothing reaches {:.2f}%{}", 100 * confidence_.unknown_below, end);
  for (const Guess& guess : answer.guesses) text += fmt::format("  {:6.2f}%  {}{}", 100 * guess.probability, guess.label, end);
  return of_ == Of::frames ? text + "\n" : text;
}

void Answers::write(const std::string& name, const Classification& answer) {
  if (csv_) csv_->write(csv_line(name, answer));
  if (lines_) lines_->write(dumped(json_of(name, answer), -1) + "\n");
  if (to_people()) print_text(common_, text_of(name, answer));
  if (!common_.json) return;
  if (of_ == Of::frames) {
    print_out(dumped(json_of(name, answer), -1) + "\n");
  } else {
    print_out((begun_ ? ",\n" : "[\n") + indented(dumped(json_of(name, answer), 2)));
    begun_ = true;
  }
}

void Answers::finish() {
  if (common_.json && of_ == Of::pictures) print_out(begun_ ? "\n]\n" : "[]\n");
  if (csv_) csv_->commit();
  if (lines_) lines_->commit();
}

}  // namespace fovea
