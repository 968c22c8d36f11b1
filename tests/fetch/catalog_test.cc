// SPDX-License-Identifier: Apache-2.0
#include "fovea/fetch/catalog.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "fovea/core/file.h"
#include "fovea/fetch/checksum.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

TEST(Catalog, BuiltInOneHoldsEverySetWithBothChecksums) {
  for (const char* name : {"mnist", "fashion-mnist", "cifar10", "cifar100", "imagenette"}) {
    for (const RemoteFile& file : find_dataset(built_in_catalog(), name).files) {
      EXPECT_EQ(file.md5.size(), 32u) << file.name;
      EXPECT_EQ(file.sha256.size(), 64u) << file.name;
    }
  }
}

TEST(Catalog, WhatIsNoneIsRefused) {
  const auto parse = [](const char* toml) { return [toml] { parse_catalog(toml, "c.toml"); }; };
  expect_error(2, parse("["), {"c.toml:1"});
  expect_error(2, parse("[s]\nmirors = []"), {"c.toml:2", "did you mean \"mirrors\""});
  expect_error(2, parse("[s]\nmirrors = [\"u\"]"), {"c.toml:1", "s needs mirrors and files"});
  expect_error(2, parse("[\"../s\"]\nmirrors = [\"u\"]"), {"../s"});
  expect_error(2, parse("[s]\nunpack = \"..\""), {"c.toml:2", "plain name"});
  expect_error(2, parse("[s]\nfiles = [{ name = \"a/b\" }]"), {"a/b", "plain name"});
  expect_error(2, parse("[s]\nfiles = [{ name = \"a\", bytes = 0 }]"), {"its size"});
  expect_error(2, parse("[s]\nfiles = [{ name = \"a\", bytes = 3 }]"), {"md5 or its sha256"});
  expect_error(2, parse("[s]\nfiles = [{ name = \"a\", md5 = \"AB\" }]"), {"32 hexadecimal digits"});
  expect_error(2, [] { find_dataset(built_in_catalog(), "cifar-10"); }, {"did you mean \"cifar10\""});
}

using Checksum = FolderTest;
TEST_F(Checksum, OfTheStandardsExamples) {
  const std::filesystem::path path = folder_ / "file";
  write_text(path, "abc");  // RFC 1321, A.5; FIPS 180-2, B.1
  const Checksums sums = checksums_of(path);
  std::filesystem::remove(path);
  EXPECT_EQ(sums.md5, "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(sums.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect_error(1, [&] { checksums_of(path); }, {"cannot read"});
}

}  // namespace
}  // namespace fovea
