// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/object_cache.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/settings.h"
#include "tests/codegen/kernel/kernel_run.h"
#include "tests/codegen/kernel/kernel_text.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

// Moves the cache to another place, and back at the end.
class CacheAt {
 public:
  explicit CacheAt(const fs::path& folder) : before_(settings()) {
    Settings changed = before_;
    changed.kernel_cache = folder;
    set_settings(changed);
  }
  ~CacheAt() { set_settings(before_); }
  CacheAt(const CacheAt&) = delete;
  CacheAt& operator=(const CacheAt&) = delete;

 private:
  Settings before_;
};

class ObjectCacheTest : public testing::Test {
 protected:
  ObjectCacheTest()
      : folder_(fs::temp_directory_path() / fmt::format("fovea_cache_{}_{}", getpid(), counter_++)), cache_setting_(folder_) {}
  ~ObjectCacheTest() override {
    std::error_code error;
    fs::permissions(folder_, fs::perms::owner_all, error);
    fs::remove_all(folder_, error);
  }

  fs::path only_file() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_)) files.push_back(entry.path());
    EXPECT_EQ(files.size(), 1u);
    return files.at(0);
  }

  static inline int counter_ = 0;
  fs::path folder_;
  CacheAt cache_setting_;
  CachedKernel kernel_{.object = std::string("machine code\0with zeros", 23), .tiles = 7, .scratch_bytes = 640};
};

TEST_F(ObjectCacheTest, FindsWhatWasStored) {
  const ObjectCache cache;
  EXPECT_FALSE(cache.find("key"));
  cache.store("key", kernel_);
  const auto found = ObjectCache().find("key");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->object, kernel_.object);
  EXPECT_EQ(found->tiles, 7);
  EXPECT_EQ(found->scratch_bytes, 640);
  EXPECT_FALSE(cache.find("another key"));
}

TEST_F(ObjectCacheTest, IsItsOwnersAlone) {
  const ObjectCache cache;
  EXPECT_EQ(fs::status(folder_).permissions() & fs::perms(0777), fs::perms::owner_all);
}

TEST_F(ObjectCacheTest, IgnoresFilesOfAnyOtherLength) {
  const ObjectCache cache;
  cache.store("key", kernel_);
  const std::string whole = read_text(only_file());
  for (size_t length = 0; length < whole.size(); ++length) {
    std::ofstream(only_file(), std::ios::binary | std::ios::trunc) << whole.substr(0, length);
    EXPECT_FALSE(cache.find("key")) << length << " of " << whole.size() << " bytes";
  }
  std::ofstream(only_file(), std::ios::binary | std::ios::trunc) << whole << 'x';
  EXPECT_FALSE(cache.find("key"));
  std::ofstream(only_file(), std::ios::binary | std::ios::trunc) << whole;
  EXPECT_TRUE(cache.find("key"));
}

// Every byte counts: the version, the key, the sizes and the code.
TEST_F(ObjectCacheTest, IgnoresFilesWithAFlippedByte) {
  const ObjectCache cache;
  cache.store("key", kernel_);
  const std::string whole = read_text(only_file());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(only_file(), std::ios::binary | std::ios::trunc) << damaged;
    EXPECT_FALSE(cache.find("key")) << "byte " << at;
  }
}

TEST_F(ObjectCacheTest, IgnoresTheFileOfAnotherKey) {
  const ObjectCache cache;
  cache.store("one", kernel_);
  const fs::path one = only_file();
  const std::string bytes = read_text(one);
  fs::remove(one);
  cache.store("two", kernel_);
  std::ofstream(only_file(), std::ios::binary | std::ios::trunc) << bytes;
  EXPECT_FALSE(cache.find("two"));
}

TEST_F(ObjectCacheTest, RefusesAFolderThatOthersWrite) {
  for (const unsigned mode : {0770u, 0707u, 0777u, 0720u, 0702u}) {
    fs::create_directories(folder_);
    ASSERT_EQ(chmod(folder_.c_str(), mode), 0);
    try {
      const ObjectCache cache;
      ADD_FAILURE() << "accepted mode " << std::oct << mode;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      const std::string message = error.what();
      EXPECT_NE(message.find(folder_.string()), std::string::npos) << message;
      EXPECT_NE(message.find("chmod 700"), std::string::npos) << message;
      EXPECT_NE(message.find("FOVEA_CACHE"), std::string::npos) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
  }
}

TEST_F(ObjectCacheTest, CanBeTurnedOff) {
  const CacheAt off("");
  const ObjectCache cache;
  EXPECT_FALSE(cache.enabled());
  cache.store("key", kernel_);
  EXPECT_FALSE(cache.find("key"));
  EXPECT_FALSE(fs::exists("off"));
}

// A home that is not a folder cannot be written by anybody, not even by root.
TEST_F(ObjectCacheTest, DoesWithoutAHome) {
  for (const char* home : {"/dev/null/.cache/fovea", "/proc/self/no/such"}) {
    const CacheAt setting(home);
    const ObjectCache cache;
    EXPECT_FALSE(cache.enabled());
    cache.store("key", kernel_);
    EXPECT_FALSE(cache.find("key"));
  }
}

// The same for a whole compilation: hits, corrupt files, and settings that disable the cache.
TEST_F(ObjectCacheTest, ServesTheKernelCompiler) {
  const std::vector<std::string> texts{dense_text(5, 7, 9, false, false), column_sums_text({4, 8}),
                                       dense_text(5, 7, 9, false, false)};
  std::vector<ParsedKernel> parsed;
  std::vector<mlir::func::FuncOp> functions;
  for (const std::string& text : texts) functions.push_back(parsed.emplace_back(text).function());
  const auto hits = [&](const Target& target) {
    int from_cache = -1;
    std::shared_ptr<void> code;
    const auto compiled = KernelCompiler(target, 1).compile(functions, code, &from_cache);
    EXPECT_NE(compiled[0].function, nullptr);
    EXPECT_EQ(compiled[0].function, compiled[2].function) << "equal kernels are one";
    EXPECT_NE(compiled[0].function, compiled[1].function);
    return from_cache;
  };
  const Target target = Target::host();
  EXPECT_EQ(hits(target), 0);
  EXPECT_EQ(hits(target), 3);
  Target other = target;
  other.l1_bytes /= 2;
  EXPECT_EQ(hits(other), 0) << "code for other caches is other code";
  for (const auto& entry : fs::directory_iterator(folder_)) fs::resize_file(entry.path(), fs::file_size(entry.path()) / 2);
  EXPECT_EQ(hits(target), 0);
  EXPECT_EQ(hits(target), 3) << "damaged files are written anew";
  const CacheAt off("");
  EXPECT_EQ(hits(target), 0);
}

}  // namespace
}  // namespace fovea
