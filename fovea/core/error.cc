// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/error.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <vector>

namespace fovea {
namespace {

// Levenshtein distance, one row at a time.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

ErrorCode code_of_errno(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::permission_denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return ErrorCode::resource_exhausted;
    default:
      return ErrorCode::unavailable;
  }
}

std::string nearest_name(std::string_view name, std::span<const std::string> known) {
  std::string best;
  // A name with a third of its letters wrong is taken for a typing error; with more it is another word.
  size_t best_distance = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

void refuse_unknown(std::string_view what, std::string_view name, std::span<const std::string> known) {
  const std::string nearest = nearest_name(name, known);
  if (!nearest.empty()) refuse("unknown {} \"{}\"; did you mean \"{}\"?", what, name, nearest);
  refuse("unknown {} \"{}\"; known: {}", what, name, fmt::join(known, ", "));
}

}  // namespace fovea
