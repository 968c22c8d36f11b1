// SPDX-License-Identifier: Apache-2.0
#include "fovea/fetch/download.h"

#include <curl/curl.h>
#include <fmt/ranges.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/fetch/checksum.h"
#include "fovea/fetch/partial_file.h"

namespace fovea {
namespace {

constexpr long connect_seconds = 20;
constexpr long silent_seconds = 30;  // a connection without a byte for so long is given up
constexpr int most_attempts = 5;     // at one address; each must have brought something

const char* about(const RemoteFile& file) { return file.exact ? "" : "about "; }

// If the size is only known approximately, an answer of more than twice that size is endless or another file.
int64_t most_bytes(const RemoteFile& file) { return file.exact ? file.bytes : 2 * file.bytes; }

[[noreturn]] void stopped(const PartialFile& part, const RemoteFile& file) {
  throw Error(ErrorCode::cancelled,
              fmt::format("stopped; {} of the {}{} bytes of {} are kept, and the same command goes on from there", part.size(),
                          about(file), file.bytes, file.name));
}

// One request for the missing part of a file.
class Transfer {
 public:
  Transfer(const std::string& address, const RemoteFile& file, PartialFile& part, const FetchEvents& events)
      : file_(file), part_(part), events_(events), offset_(part.size()), curl_(curl_easy_init(), curl_easy_cleanup) {
    if (curl_ == nullptr) fail(ErrorCode::unavailable, "libcurl cannot start");
    set(CURLOPT_URL, address.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https,file");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 10L);
    set(CURLOPT_FAILONERROR, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT, connect_seconds);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, silent_seconds);
    set(CURLOPT_USERAGENT, "fovea");
    set(CURLOPT_ERRORBUFFER, message_);
    if (offset_ > 0) set(CURLOPT_RANGE, (range_ = fmt::format("{}-", offset_)).c_str());
    set(CURLOPT_WRITEFUNCTION, &Transfer::write);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &Transfer::header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &Transfer::progress);
    set(CURLOPT_XFERINFODATA, this);
  }

  enum class End : uint8_t {
    whole,
    cut,
    wrong,
    refused
  };  // wrong: another file than the catalog's; refused: no such file, or no server

  // Fails when the disk cannot be written. For any other end than `whole`, reason() says why.
  End run() {
    const CURLcode code = curl_easy_perform(curl_.get());
    if (part_.error() != 0) {
      fail(code_of_errno(part_.error()),
           "cannot write {}: {}; {} of {}{} bytes are there, and the same command goes on from them", part_.path().string(),
           std::strerror(part_.error()), part_.size(), about(file_), file_.bytes);
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) stopped(part_, file_);
    if (too_large_)
      return end(End::wrong,
                 fmt::format("it sends more than {} bytes, the file has {}{}", most_bytes(file_), about(file_), file_.bytes));
    if (other_range_)
      return end(End::wrong, fmt::format("it sends bytes from {} on when asked for those from {}", range_start_, offset_));
    if (code == CURLE_OK) return finished();
    reason_ = message_[0] != '\0' ? message_ : curl_easy_strerror(code);
    if (status() == 416 && !file_.exact) return End::whole;  // the checksum decides whether the file is whole
    if (status() == 416) return end(End::wrong, "it has no more than is there already, which is not the file");
    const bool had_begun = code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_OPERATION_TIMEDOUT ||
                           code == CURLE_GOT_NOTHING || received_ > 0;
    return had_begun ? End::cut : End::refused;
  }

  int64_t received() const { return received_; }
  bool resumed() const { return offset_ > 0 && !restarted_; }
  const std::string& reason() const { return reason_; }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(curl_.get(), option, value) != CURLE_OK)
      fail(ErrorCode::unavailable, "this libcurl lacks option {}", static_cast<int>(option));
  }

  End end(End kind, std::string reason) {
    reason_ = std::move(reason);
    return kind;
  }

  End finished() {
    if (part_.size() == file_.bytes || !file_.exact) return End::whole;
    curl_off_t told = -1;
    curl_easy_getinfo(curl_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &told);
    // A transfer that ends where its own header said is complete but another file; without a length nobody can tell.
    return end(told == received_ ? End::wrong : End::cut, fmt::format("{} of {} bytes came", part_.size(), file_.bytes));
  }

  long status() const {
    long status = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  // A server may answer a request for the rest with the whole file (status 200). Returns false when it sends another range than
  // was asked for.
  bool starts_right() {
    if (offset_ == 0 || received_ > 0) return true;
    const long code = status();
    if (code == 206) return range_start_ == offset_;
    if (code != 0) {  // 0: the address is a local file
      part_.clear();
      restarted_ = true;
    }
    return true;
  }

  static size_t write(char* data, size_t, size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (!transfer.starts_right()) {
      transfer.other_range_ = true;
      return 0;
    }
    if (transfer.part_.size() + static_cast<int64_t>(count) > most_bytes(transfer.file_)) {
      transfer.too_large_ = true;
      return 0;
    }
    transfer.received_ += static_cast<int64_t>(count);
    return transfer.part_.append({data, count}) ? count : 0;
  }

  static size_t header(char* data, size_t, size_t count, void* self) {
    constexpr std::string_view name = "content-range: bytes ";
    if (count > name.size() && strncasecmp(data, name.data(), name.size()) == 0) {
      std::from_chars(data + name.size(), data + count, static_cast<Transfer*>(self)->range_start_);
    }
    return count;
  }

  static int progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.events_.update) transfer.events_.update(transfer.part_.size());
    return transfer.events_.stop && transfer.events_.stop() ? 1 : 0;
  }

  const RemoteFile& file_;
  PartialFile& part_;
  const FetchEvents& events_;
  int64_t offset_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  char message_[CURL_ERROR_SIZE] = "";
  std::string range_, reason_;
  int64_t received_ = 0, range_start_ = 0;
  bool too_large_ = false, other_range_ = false, restarted_ = false;
};

std::string wrong_checksum(const RemoteFile& file, const std::filesystem::path& path, const FetchEvents& events) {
  const Checksums found = checksums_of(path, events.stop);
  if (!found.sha256.starts_with(file.sha256))
    return fmt::format("sha256 {}, not {}{}", found.sha256, file.sha256, file.sha256.size() < 64 ? "..." : "");
  if (!file.md5.empty() && found.md5 != file.md5) return fmt::format("md5 {}, not {}", found.md5, file.md5);
  return "";
}

// Whether the file arrived completely and with the right checksum; otherwise `problem` says what is wrong.
bool download_from(const std::string& address, const RemoteFile& file, PartialFile& part, const FetchEvents& events,
                   int64_t& received, std::string& problem) {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    // What an earlier run left may be the whole file, or the beginning of another one.
    bool from_before = part.size() > 0;
    if (part.size() < file.bytes || !file.exact) {
      Transfer transfer(address, file, part, events);
      const Transfer::End end = transfer.run();
      received += transfer.received();
      from_before = transfer.resumed();
      problem = transfer.reason();
      if (end == Transfer::End::refused) return false;
      if (end == Transfer::End::cut) {
        if (transfer.received() == 0) return false;
        if (events.say)
          events.say(
              fmt::format("{}: {}; going on at {} of {}{} bytes", address, problem, part.size(), about(file), file.bytes));
        continue;
      }
      if (end == Transfer::End::wrong) {
        part.clear();
        if (from_before) continue;
        return false;
      }
    }
    problem = wrong_checksum(file, part.path(), events);
    if (problem.empty()) return true;
    part.clear();
    if (!from_before) return false;
    if (events.say) events.say(fmt::format("{}: {} after going on with a part; once more from the start", address, problem));
  }
  return false;
}

void check_room(const RemoteFile& file, const PartialFile& part) {
  std::error_code error;
  const auto space = std::filesystem::space(part.path(), error);
  const auto missing = static_cast<uintmax_t>(std::max<int64_t>(0, file.bytes - part.size()));
  if (error || space.available >= missing) return;
  fail(ErrorCode::resource_exhausted, "{} needs {}{} bytes more, but {} has room for {}", file.name, about(file), missing,
       part.path().parent_path().string(), space.available);
}

}  // namespace

bool is_whole(const RemoteFile& file, const std::filesystem::path& path, const FetchEvents& events) {
  return wrong_checksum(file, path, events).empty();
}

int64_t download(const RemoteFile& file, const std::vector<std::string>& addresses, const std::filesystem::path& target,
                 const FetchEvents& events) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) fail(ErrorCode::unavailable, "libcurl cannot start: {}", curl_easy_strerror(started));
  if (std::filesystem::exists(target)) {
    if (wrong_checksum(file, target, events).empty()) return 0;
    if (events.say) events.say(fmt::format("{} is not the file it should be; downloading it again", target.string()));
  }
  PartialFile part(target.string() + ".part");
  if (part.size() > most_bytes(file)) part.clear();
  check_room(file, part);
  if (events.start) events.start(file.name, file.bytes, part.size());
  std::vector<std::string> problems;
  int64_t received = 0;
  for (const std::string& address : addresses) {
    std::string problem;
    if (download_from(address, file, part, events, received, problem)) {
      replace_file(part.path(), target);
      return received;
    }
    problems.push_back(fmt::format("{}: {}", address, problem));
    if (events.say && &address != &addresses.back()) events.say(problems.back() + "; trying the next address");
  }
  const std::string kept = part.size() > 0 ? fmt::format(" ({} of {}{} bytes are kept; the same command goes on from there)",
                                                         part.size(), about(file), file.bytes)
                                           : "";
  fail(ErrorCode::unavailable, "cannot download {}{}: {}", file.name, kept, fmt::join(problems, "; "));
}

}  // namespace fovea
