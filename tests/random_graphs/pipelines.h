// SPDX-License-Identifier: Apache-2.0
// The pipelines that a random network is put through, each compared with the interpreter.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/random_graphs/interpretation.h"
#include "tests/random_graphs/random_network.h"

namespace fovea {

// A network with its reference, which is computed once for all pipelines.
struct Subject {
  explicit Subject(RandomNetwork made, Purpose purpose);
  Reference& reference();  // of its linalg operations
  std::map<std::string, Tensor> values() const;

  RandomNetwork network;
  Purpose purpose;

 private:
  std::unique_ptr<Reference> reference_;
};

enum class Outcome : uint8_t {
  equal,
  refused,  // with a message that the format has no such operator
  wrong,
};
struct Verdict {
  Outcome outcome = Outcome::equal;
  std::string words = {};
};

struct Pipeline {
  const char* name;
  bool compiles;  // generates machine code, which takes tens of milliseconds for each kernel
  std::vector<Purpose> purposes;
  std::function<Verdict(Subject&)> run;
};

// `folder` is for temporary files.
std::vector<Pipeline> pipelines(const std::filesystem::path& folder);

}  // namespace fovea
