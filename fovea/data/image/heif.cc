// SPDX-License-Identifier: Apache-2.0
// HEIC and AVIF, read by libheif, which is loaded when the first such image is read: programs that meet none need neither it
// nor its decoders. Crops, rotations and mirrors are properties of these formats and not of EXIF (ISO/IEC 23008-12, 6.5), so
// libheif applies them and the EXIF orientation is not looked at.
#include <dlfcn.h>
#include <libheif/heif.h>

#include <algorithm>
#include <memory>

#include "fovea/core/error.h"
#include "fovea/data/image/codec.h"

namespace fovea {
namespace {

constexpr const char* library_name = "libheif.so.1";

#define FOVEA_HEIF_FUNCTIONS(apply)                                                                                 \
  apply(heif_context_alloc) apply(heif_context_free) apply(heif_context_read_from_memory_without_copy)              \
      apply(heif_context_set_max_decoding_threads) apply(heif_context_get_primary_image_handle)                     \
          apply(heif_image_handle_release) apply(heif_image_handle_get_width) apply(heif_image_handle_get_height)   \
              apply(heif_image_handle_has_alpha_channel) apply(heif_image_handle_is_premultiplied_alpha)            \
                  apply(heif_decoding_options_alloc) apply(heif_decoding_options_free) apply(heif_decode_image)     \
                      apply(heif_image_get_width) apply(heif_image_get_height) apply(heif_image_get_plane_readonly) \
                          apply(heif_image_release)

// Under the names of its header.
struct HeifLibrary {
#define FOVEA_DECLARE(name) decltype(&::name) name = nullptr;
  FOVEA_HEIF_FUNCTIONS(FOVEA_DECLARE)
#undef FOVEA_DECLARE
  std::string missing;  // why it cannot be used; empty if it can
};

HeifLibrary load() {
  HeifLibrary heif;
  void* loaded = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (loaded == nullptr) {
    heif.missing = ::dlerror();
    return heif;
  }
#define FOVEA_LOAD(name)                                                   \
  heif.name = reinterpret_cast<decltype(&::name)>(::dlsym(loaded, #name)); \
  if (heif.name == nullptr) heif.missing = fmt::format("{} has no {}", library_name, #name);
  FOVEA_HEIF_FUNCTIONS(FOVEA_LOAD)
#undef FOVEA_LOAD
  return heif;
}

const char* format_of(std::span<const std::byte> bytes) {
  return fovea_is_avif(start_of(bytes), bytes.size()) != 0 ? "AVIF" : "HEIC";
}

const HeifLibrary& library(std::span<const std::byte> bytes, const std::string& name) {
  static const HeifLibrary heif = load();
  if (heif.missing.empty()) return heif;
  fail("{}: {} is read by libheif (Debian's package libheif1), which cannot be loaded: {}", name, format_of(bytes),
       heif.missing);
}

template <typename Type>
using Owned = std::unique_ptr<Type, void (*)(Type*)>;

// The first image of an open file.
class HeifImage {
 public:
  HeifImage(std::span<const std::byte> bytes, const std::string& name)
      : bytes_(bytes),
        name_(name),
        heif_(library(bytes, name)),
        context_(heif_.heif_context_alloc(), heif_.heif_context_free),
        handle_(nullptr, [](const heif_image_handle*) {}) {
    heif_.heif_context_set_max_decoding_threads(context_.get(), 0);  // the loader decodes several images at a time
    check(heif_.heif_context_read_from_memory_without_copy(context_.get(), bytes.data(), bytes.size(), nullptr));
    heif_image_handle* handle = nullptr;
    check(heif_.heif_context_get_primary_image_handle(context_.get(), &handle));
    handle_ = {handle, heif_.heif_image_handle_release};
    shape_ = {heif_.heif_image_handle_get_height(handle), heif_.heif_image_handle_get_width(handle), 3};
    check_pixels(format_of(bytes), shape_.height, shape_.width, name);
  }

  ImageShape shape() const { return shape_; }

  Image pixels() const {
    // Colors that were multiplied by alpha are blended with black already.
    const bool transparent = heif_.heif_image_handle_has_alpha_channel(handle_.get()) != 0 &&
                             heif_.heif_image_handle_is_premultiplied_alpha(handle_.get()) == 0;
    const Owned<heif_decoding_options> options(heif_.heif_decoding_options_alloc(), heif_.heif_decoding_options_free);
    options->convert_hdr_to_8bit = 1;
    if (options->version >= 3) options->strict_decoding = 1;
    heif_image* decoded = nullptr;
    check(heif_.heif_decode_image(handle_.get(), &decoded, heif_colorspace_RGB,
                                  transparent ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB, options.get()));
    const std::unique_ptr<const heif_image, void (*)(const heif_image*)> image(decoded, heif_.heif_image_release);
    int stride = 0;
    const uint8_t* rows = heif_.heif_image_get_plane_readonly(decoded, heif_channel_interleaved, &stride);
    if (rows == nullptr || heif_.heif_image_get_height(decoded, heif_channel_interleaved) != shape_.height ||
        heif_.heif_image_get_width(decoded, heif_channel_interleaved) != shape_.width)
      fail(ErrorCode::data_loss, "{}: damaged {}: its pixels are not those of its header", name_, format_of(bytes_));
    return transparent ? over_black(rows, stride, shape_.height, shape_.width) : copied(rows, stride);
  }

 private:
  void check(const heif_error& error) const {
    if (error.code == heif_error_Ok) return;
    const bool lacking = error.code == heif_error_Unsupported_filetype || error.code == heif_error_Unsupported_feature;
    std::string reason = error.message;  // may end in a line end
    std::ranges::replace(reason, '\n', ' ');
    reason.erase(reason.find_last_not_of(' ') + 1);
    fail(lacking ? ErrorCode::failed_precondition : ErrorCode::data_loss, "{}: {} {}: {}", name_,
         lacking ? "unsupported" : "damaged", format_of(bytes_), reason);
  }

  Image copied(const uint8_t* rows, int stride) const {
    Image image(shape_);
    for (int64_t y = 0; y < shape_.height; ++y)
      std::copy_n(rows + y * stride, 3 * shape_.width, image.pixels.data() + 3 * y * shape_.width);
    return image;
  }

  std::span<const std::byte> bytes_;
  const std::string& name_;
  const HeifLibrary& heif_;
  Owned<heif_context> context_;
  std::unique_ptr<const heif_image_handle, void (*)(const heif_image_handle*)> handle_;
  ImageShape shape_;
};

}  // namespace

bool is_heif(std::span<const std::byte> bytes) {
  return fovea_is_heic(start_of(bytes), bytes.size()) != 0 || fovea_is_avif(start_of(bytes), bytes.size()) != 0;
}

ImageShape heif_shape(std::span<const std::byte> bytes, const std::string& name) { return HeifImage(bytes, name).shape(); }

Image decode_heif(std::span<const std::byte> bytes, const std::string& name) { return HeifImage(bytes, name).pixels(); }

}  // namespace fovea
