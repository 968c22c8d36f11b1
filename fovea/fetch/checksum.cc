// SPDX-License-Identifier: Apache-2.0
#include "fovea/fetch/checksum.h"

#include <openssl/evp.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "fovea/core/error.h"

namespace fovea {
namespace {

class Digest {
 public:
  explicit Digest(const EVP_MD* kind) : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), kind, nullptr) != 1)
      fail(ErrorCode::unavailable, "OpenSSL lacks a checksum");
  }

  void update(const std::vector<unsigned char>& block, size_t size) { EVP_DigestUpdate(context_.get(), block.data(), size); }

  std::string hexadecimal() {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), bytes, &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

Checksums checksums_of(const std::filesystem::path& path, const std::function<bool()>& stop) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (file == nullptr) fail(code_of_errno(errno), "cannot read {}: {}", path.string(), std::strerror(errno));
  Digest md5(EVP_md5()), sha256(EVP_sha256());
  std::vector<unsigned char> block(1 << 20);
  for (;;) {
    if (stop && stop()) throw Error(ErrorCode::cancelled, fmt::format("stopped while {} was checked", path.string()));
    const size_t size = std::fread(block.data(), 1, block.size(), file.get());
    if (size == 0) break;
    md5.update(block, size);
    sha256.update(block, size);
  }
  if (std::ferror(file.get()) != 0) fail(code_of_errno(errno), "cannot read {}: {}", path.string(), std::strerror(errno));
  return {md5.hexadecimal(), sha256.hexadecimal()};
}

}  // namespace fovea
