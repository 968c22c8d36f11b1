// SPDX-License-Identifier: Apache-2.0
#include "fovea/collective/exchange.h"

#include <algorithm>

namespace fovea {
namespace {

// Bytes that are passed on at a time, so that all links of a chain of processes work at once.
constexpr size_t piece = size_t{1} << 20;

// The bit that separates `rank` from the process above it in the binomial tree; above all processes for process 0.
int lowest_bit(int rank, int size) {
  int bit = 1;
  while (bit < size && (rank & bit) == 0) bit *= 2;
  return bit;
}

template <typename T>
std::span<std::byte> bytes_of(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

void send_text(Communicator& processes, const std::string& text, int to) {
  uint64_t size = text.size();
  processes.send(bytes_of(size), to);
  processes.send(std::as_bytes(std::span(text)), to);
}

std::string receive_text(Communicator& processes, int from) {
  uint64_t size = 0;
  processes.receive(bytes_of(size), from);
  std::string text(size, '\0');
  processes.receive(std::as_writable_bytes(std::span(text)), from);
  return text;
}

}  // namespace

void broadcast(Communicator& processes, std::span<std::byte> bytes) {
  const int rank = processes.rank(), size = processes.size(), bit = lowest_bit(rank, size);
  for (size_t at = 0; at < bytes.size(); at += piece) {
    const std::span<std::byte> part = bytes.subspan(at, std::min(piece, bytes.size() - at));
    if (rank != 0) processes.receive(part, rank - bit);
    for (int below = bit / 2; below > 0; below /= 2) {
      if (rank + below < size) processes.send(part, rank + below);
    }
  }
}

void broadcast(Communicator& processes, std::string& text) {
  uint64_t size = text.size();
  broadcast(processes, bytes_of(size));
  text.resize(size);
  broadcast(processes, std::as_writable_bytes(std::span(text)));
}

std::vector<std::string> gather(Communicator& processes, const std::string& text) {
  std::vector<std::string> texts(static_cast<size_t>(processes.size()));
  if (processes.rank() == 0) {
    texts[0] = text;
    for (int from = 1; from < processes.size(); ++from) texts[static_cast<size_t>(from)] = receive_text(processes, from);
  } else {
    send_text(processes, text, 0);
  }
  for (std::string& each : texts) broadcast(processes, each);
  return texts;
}

uint64_t any_of(Communicator& processes, uint64_t bits) {
  const int rank = processes.rank(), size = processes.size(), bit = lowest_bit(rank, size);
  for (int below = 1; below < bit; below *= 2) {
    if (rank + below >= size) continue;
    uint64_t other = 0;
    processes.receive(bytes_of(other), rank + below);
    bits |= other;
  }
  if (rank != 0) processes.send(bytes_of(bits), rank - bit);
  broadcast(processes, bytes_of(bits));
  return bits;
}

}  // namespace fovea
