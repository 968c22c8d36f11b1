// SPDX-License-Identifier: Apache-2.0
/// \file
/// A page of text, tables and figures for a browser, in one file that refers to no others.
#pragma once

#include <string>
#include <vector>

namespace fovea {

/// Builds a page from top to bottom. All text is escaped; figures are inserted as they are.
class HtmlPage {
 public:
  /// Starts a page with this title, which is also its first heading.
  explicit HtmlPage(const std::string& title);

  /// Adds the heading of a section.
  void heading(const std::string& text);
  /// Adds a paragraph.
  void paragraph(const std::string& text);
  /// Adds a figure, SVG text as the functions of fovea/report/chart.h return it.
  void figure(const std::string& svg);
  /// Adds a table. Its first column contains names and is aligned to the left; the others contain numbers. Fails when a row
  /// does not have as many cells as the heading.
  void table(const std::vector<std::string>& heading, const std::vector<std::vector<std::string>>& rows);

  /// The page as HTML text.
  std::string finish() const;

 private:
  std::string body_;
};

}  // namespace fovea
