// SPDX-License-Identifier: Apache-2.0
/// \file
/// The image formats behind decode_image(). All return 3 channels as they are stored, whatever EXIF says (HEIC and AVIF
/// upright), and report errors by fail(), in a message that names the image.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "fovea/data/image/image.h"
#include "fovea/data/image/image_bytes.h"

namespace fovea {

/// The bytes as the readers that are shared with C take them.
inline const uint8_t* start_of(std::span<const std::byte> bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

/// Fails when a header of this format ("JPEG") has more pixels than are allowed.
void check_pixels(const char* format, int64_t height, int64_t width, const std::string& name);

/// An image whose rows of height x width pixels (red, green, blue, alpha) are `stride` bytes apart, blended with black.
Image over_black(const uint8_t* rows, int64_t stride, int64_t height, int64_t width);

/// JPEG: whether the file begins like one; its shape from the header; and its pixels.
///@{
bool is_jpeg(std::span<const std::byte> bytes);
ImageShape jpeg_shape(std::span<const std::byte> bytes, const std::string& name);
Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name);
///@}
/// The part of a JPEG for decode_region(), on the stored pixels.
void decode_jpeg_region(Excerpt& excerpt, std::span<const std::byte> bytes, const std::string& name, const Region& region,
                        int64_t height, int64_t width);

/// PNG: whether the file begins like one; its shape from the header; and its pixels.
///@{
bool is_png(std::span<const std::byte> bytes);
ImageShape png_shape(std::span<const std::byte> bytes, const std::string& name);
Image decode_png(std::span<const std::byte> bytes, const std::string& name);
///@}

/// WebP: whether the file begins like one; its shape from the header; and its pixels.
///@{
bool is_webp(std::span<const std::byte> bytes);
ImageShape webp_shape(std::span<const std::byte> bytes, const std::string& name);
Image decode_webp(std::span<const std::byte> bytes, const std::string& name);
///@}

/// GIF: whether the file begins like one; its shape from the header; and its pixels.
///@{
bool is_gif(std::span<const std::byte> bytes);
ImageShape gif_shape(std::span<const std::byte> bytes, const std::string& name);
Image decode_gif(std::span<const std::byte> bytes, const std::string& name);
///@}

/// HEIC and AVIF: whether the file begins like one; its shape from the header; and its pixels, upright: the file's own
/// rotations are applied. Fails with ErrorCode::failed_precondition where libheif, or its decoder for the file, is not
/// installed.
///@{
bool is_heif(std::span<const std::byte> bytes);
ImageShape heif_shape(std::span<const std::byte> bytes, const std::string& name);
Image decode_heif(std::span<const std::byte> bytes, const std::string& name);
///@}

/// BMP: whether the file begins like one; its shape from the header; and its pixels.
///@{
bool is_bmp(std::span<const std::byte> bytes);
ImageShape bmp_shape(std::span<const std::byte> bytes, const std::string& name);
Image decode_bmp(std::span<const std::byte> bytes, const std::string& name);
///@}

}  // namespace fovea
