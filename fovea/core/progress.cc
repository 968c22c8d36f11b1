// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace fovea {
namespace {

using Seconds = std::chrono::duration<double>;

size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar_of(double share, size_t width) {
  static const char* const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const size_t filled = static_cast<size_t>(share * static_cast<double>(width * 8));
  std::string bar;
  for (size_t i = 0; i < filled / 8; ++i) bar += "█";
  bar += eighths[filled % 8];
  const size_t used = filled / 8 + (filled % 8 != 0);
  return bar + std::string(width - std::min(width, used), ' ');
}

}  // namespace

std::string duration_text(double seconds) {
  const int64_t whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

Progress::Progress(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

void Progress::start(const std::string& title, int64_t total, int64_t done, Unit unit) {
  clear();
  title_ = title;
  unit_ = unit;
  total_ = std::max<int64_t>(total, 1);
  before_ = done;
  start_ = Clock::now();
  drawn_at_ = Clock::time_point();
}

void Progress::update(int64_t done, const std::string& note) {
  if (quiet_ || !terminal_) return;
  const Clock::time_point now = Clock::now();
  if (Seconds(now - drawn_at_).count() < 0.1) return;
  drawn_at_ = now;
  const double rate = static_cast<double>(done - before_) / std::max(1e-9, Seconds(now - start_).count());
  const double left = rate > 0 ? static_cast<double>(total_ - done) / rate : 0;
  const std::string text =
      fmt::format(" {:3.0f}%  {}{}{:.{}f} {}/s  {} left", 100.0 * static_cast<double>(done) / static_cast<double>(total_), note,
                  note.empty() ? "" : "  ", rate / unit_.scale, unit_.scale > 1 ? 1 : 0, unit_.name, duration_text(left));
  const size_t taken = title_.size() + text.size() + 2;
  const size_t width = std::min<size_t>(30, terminal_width() > taken + 5 ? terminal_width() - taken - 1 : 0);
  const double share = static_cast<double>(done) / static_cast<double>(total_);
  fmt::print(stderr, "\r{} {}{}\x1b[K", title_, bar_of(std::clamp(share, 0.0, 1.0), width), text);
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::finish(const std::string& line) {
  clear();
  say(line);
}

void Progress::say(const std::string& line) {
  if (quiet_) return;
  clear();
  fmt::print(stderr, "{}\n", line);
}

}  // namespace fovea
