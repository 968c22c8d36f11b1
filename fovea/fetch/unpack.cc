// SPDX-License-Identifier: Apache-2.0
#include "fovea/fetch/unpack.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "fovea/core/error.h"
#include "fovea/core/file.h"

namespace fovea {
namespace {

constexpr int64_t most_bytes = int64_t{64} << 30;
constexpr int64_t most_files = 5'000'000;

class Unpacker {
 public:
  Unpacker(const std::filesystem::path& archive, const std::string& folder, const std::filesystem::path& target,
           const FetchEvents& events)
      : name_(archive.string()),
        folder_(folder),
        target_(target),
        events_(events),
        archive_(archive_read_new(), archive_read_free) {
    archive_read_support_format_tar(archive_.get());
    archive_read_support_filter_gzip(archive_.get());
    archive_read_support_filter_bzip2(archive_.get());
    archive_read_support_filter_xz(archive_.get());
    archive_read_support_filter_zstd(archive_.get());
    if (archive_read_open_filename(archive_.get(), archive.c_str(), 1 << 16) != ARCHIVE_OK) damaged();
  }

  Unpacked run() {
    make_folder(target_);
    archive_entry* entry = nullptr;
    for (;;) {
      const int status = archive_read_next_header(archive_.get(), &entry);
      if (status == ARCHIVE_EOF) break;
      if (status != ARCHIVE_OK) damaged();
      take(entry);
    }
    if (result_.files == 0) fail(ErrorCode::data_loss, "{}: it holds no files in a folder {}", name_, folder_);
    return result_;
  }

 private:
  [[noreturn]] void damaged() {
    const char* reason = archive_error_string(archive_.get());
    fail(ErrorCode::data_loss, "{}: damaged archive: {}", name_, reason != nullptr ? reason : "libarchive gives no reason");
  }

  // Where an entry is written; empty for one outside the wanted folder.
  std::filesystem::path place_of(archive_entry* entry) {
    const char* text = archive_entry_pathname(entry);
    const std::filesystem::path path = text != nullptr ? text : "";
    if (path.empty() || path.is_absolute())
      fail(ErrorCode::data_loss, "{}: entry \"{}\" is not a path inside the archive", name_, path.string());
    std::filesystem::path inside;
    bool found = false;
    for (const std::filesystem::path& part : path) {
      if (part == "..") fail(ErrorCode::data_loss, "{}: entry \"{}\" leads out of the archive", name_, path.string());
      if (part.empty() || part == ".") continue;
      if (!found && part != folder_) return {};
      if (found) inside /= part;
      found = true;
    }
    return target_ / inside;
  }

  void take(archive_entry* entry) {
    const std::filesystem::path path = place_of(entry);
    const auto type = archive_entry_filetype(entry);
    // A hard link has the type of the file that it links to.
    if ((type != AE_IFREG && type != AE_IFDIR) || archive_entry_hardlink(entry) != nullptr) {
      fail(ErrorCode::data_loss, "{}: entry \"{}\" is neither a file nor a folder", name_, archive_entry_pathname(entry));
    }
    if (events_.stop && events_.stop()) throw Error(ErrorCode::cancelled, fmt::format("stopped while {} was unpacked", name_));
    if (events_.update) events_.update(archive_filter_bytes(archive_.get(), -1));
    if (path.empty()) {
      result_.left_out += type == AE_IFREG;
    } else if (type == AE_IFDIR) {
      make_folder(path);
    } else {
      if (++result_.files > most_files) fail(ErrorCode::resource_exhausted, "{}: more than {} files", name_, most_files);
      make_folder(path.parent_path());
      write(path);
    }
  }

  void write(const std::filesystem::path& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wbxe"), std::fclose);
    const void* block = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    bool written = file != nullptr;
    for (int status = ARCHIVE_OK; written;) {
      status = archive_read_data_block(archive_.get(), &block, &size, &offset);
      if (status == ARCHIVE_EOF) break;
      if (status != ARCHIVE_OK) damaged();
      if ((result_.bytes += static_cast<int64_t>(size)) > most_bytes)
        fail(ErrorCode::resource_exhausted, "{}: unpacks to more than {} GiB", name_, most_bytes >> 30);
      written = std::fseek(file.get(), offset, SEEK_SET) == 0 && std::fwrite(block, 1, size, file.get()) == size;
    }
    if (!written || std::fflush(file.get()) != 0)
      fail(code_of_errno(errno), "cannot write {}: {}", path.string(), std::strerror(errno));
  }

  std::string name_;
  std::string folder_;
  std::filesystem::path target_;
  const FetchEvents& events_;
  std::unique_ptr<archive, decltype(&archive_read_free)> archive_;
  Unpacked result_;
};

}  // namespace

Unpacked unpack(const std::filesystem::path& archive, const std::string& folder, const std::filesystem::path& target,
                const FetchEvents& events) {
  return Unpacker(archive, folder, target, events).run();
}

}  // namespace fovea
