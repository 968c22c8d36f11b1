// SPDX-License-Identifier: Apache-2.0
#include "fovea/report/html_page.h"

#include <fmt/format.h>

#include "fovea/core/error.h"
#include "fovea/report/svg.h"

namespace fovea {
namespace {

constexpr const char* style =
    "body{font:15px/1.5 Helvetica,Arial,'DejaVu Sans',sans-serif;color:#1f2937;max-width:1180px;margin:32px auto;padding:0 "
    "24px}"
    "h1{font-size:26px}h2{font-size:19px;margin-top:36px;border-bottom:1px solid #e5e7eb;padding-bottom:4px}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:3px 14px;text-align:right;border-bottom:1px solid #e5e7eb}th{color:#6b7280;font-weight:600}"
    "th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto}figure{margin:16px 0}";

}  // namespace

HtmlPage::HtmlPage(const std::string& title)
    : body_(fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{0}</title>\n"
                        "<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
                        escape_xml(title), style)) {}

void HtmlPage::heading(const std::string& text) { body_ += fmt::format("<h2>{}</h2>\n", escape_xml(text)); }
void HtmlPage::paragraph(const std::string& text) { body_ += fmt::format("<p>{}</p>\n", escape_xml(text)); }
void HtmlPage::figure(const std::string& svg) { body_ += fmt::format("<figure>\n{}</figure>\n", svg); }

void HtmlPage::table(const std::vector<std::string>& heading, const std::vector<std::vector<std::string>>& rows) {
  const auto row_of = [&](const std::vector<std::string>& cells, const char* tag) {
    if (cells.size() != heading.size()) fail("a row of {} cells in a table of {} columns", cells.size(), heading.size());
    body_ += "<tr>";
    for (const std::string& cell : cells) body_ += fmt::format("<{0}>{1}</{0}>", tag, escape_xml(cell));
    body_ += "</tr>\n";
  };
  body_ += "<table>\n";
  row_of(heading, "th");
  for (const std::vector<std::string>& row : rows) row_of(row, "td");
  body_ += "</table>\n";
}

std::string HtmlPage::finish() const { return body_ + "</body>\n</html>\n"; }

}  // namespace fovea
