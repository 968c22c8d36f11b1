// SPDX-License-Identifier: Apache-2.0
/// \file
/// The processes that train one network together, and how they speak: bytes between two of them, and a last word when one
/// fails.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "fovea/core/error.h"

namespace fovea {

/// Thrown because another process has failed, which says itself what happened: there is nothing to add.
class PeerFailure : public Error {
 public:
  /// `message` is what the other process said.
  explicit PeerFailure(const std::string& message) : Error(ErrorCode::unavailable, message) {}
};

/// The processes of a run, numbered from 0. One thread at a time, which need not always be the same one.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;  ///< The number of this process.
  virtual int size() const = 0;  ///< The number of processes.
  /// What messages call a process: "process 2 of 4 on node7".
  virtual std::string name_of(int rank) const = 0;

  /// Sends `sent` to a process and receives `received` from one, which must send as many bytes; nothing where the bytes are
  /// none. Returns when both are done. Messages between two processes arrive in the order in which they were sent. Throws
  /// PeerFailure when another process has failed, and fails when one does not answer.
  virtual void exchange(std::span<const std::byte> sent, int to, std::span<std::byte> received, int from) = 0;

  /// Tells all others that this process fails, and returns whether this process is the one to say so: of processes that fail
  /// alike only the first one is. Only abandon() may be called afterwards.
  virtual bool announce_failure(const std::string& message) = 0;

  /// Ends all other processes, and this one by `status` where it is not the only one. After a failure that another process
  /// announces, it leaves that process time to say so.
  virtual void abandon(int status) = 0;

  /// Sends bytes to a process.
  void send(std::span<const std::byte> bytes, int to) { exchange(bytes, to, {}, to); }
  /// Receives as many bytes from a process.
  void receive(std::span<std::byte> bytes, int from) { exchange({}, from, bytes, from); }
};

/// One process on its own.
std::unique_ptr<Communicator> single_process();

}  // namespace fovea
