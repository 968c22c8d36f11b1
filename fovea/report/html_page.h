// SPDX-License-Identifier: Apache-2.0
// A page of text, tables and pictures that needs nothing beside it: one file that a browser shows.
#pragma once

#include <string>
#include <vector>

namespace fovea {

class HtmlPage {
 public:
  explicit HtmlPage(const std::string& title);

  void heading(const std::string& text);
  void paragraph(const std::string& text);
  /// `svg` as charts are written (fovea/report/chart.h).
  void figure(const std::string& svg);
  /// Rows as long as the heading; the first column is names, the others are numbers.
  void table(const std::vector<std::string>& heading, const std::vector<std::vector<std::string>>& rows);

  std::string finish() const;

 private:
  std::string body_;
};

}  // namespace fovea
