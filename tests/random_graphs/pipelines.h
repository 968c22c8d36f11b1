// SPDX-License-Identifier: Apache-2.0
// The roads a random network takes, each held against the interpreter.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/random_graphs/interpretation.h"
#include "tests/random_graphs/random_network.h"

namespace fovea {

// A network with what it is held against, made once for all roads.
struct Subject {
  explicit Subject(RandomNetwork made, Purpose purpose);
  Reference& reference();  // of its formulas
  std::map<std::string, Tensor> values() const;

  RandomNetwork network;
  Purpose purpose;

 private:
  std::unique_ptr<Reference> reference_;
};

enum class Outcome : uint8_t {
  equal,
  refused,  // in words, as what cannot be: a file format has no such operator
  wrong,
};
struct Verdict {
  Outcome outcome = Outcome::equal;
  std::string words = {};
};

struct Pipeline {
  const char* name;
  bool compiles;  // machine code: tens of milliseconds a kernel
  std::vector<Purpose> purposes;
  std::function<Verdict(Subject&)> run;
};

// `folder`: for files on the way.
std::vector<Pipeline> pipelines(const std::filesystem::path& folder);

}  // namespace fovea
