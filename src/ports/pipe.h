// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "ports/identity.h"
#include "ports/stream.h"

namespace holdfast::ports {

/// One open named pipe in message mode, answered inside the server (MS-SMB2 3.3.5.12, 3.3.5.13).
/// Synchronous: what is written is answered before write() returns. Not thread-safe; the open's
/// pipe lock guards it.
class Pipe {
 public:
  virtual ~Pipe() = default;
  /// Takes octets; a message may come in several writes.
  virtual Result<void> write(Bytes data) = 0;
  /// Up to limit octets of the answer at hand. more: the message is longer and the caller answers
  /// STATUS_BUFFER_OVERFLOW. kPipeEmpty: nothing to read.
  struct Chunk {
    ByteVec data;
    bool more = false;
  };
  virtual Result<Chunk> read(std::size_t limit) = 0;
  /// Octets that read() could give.
  virtual std::size_t available() const = 0;
};

/// Who opens a pipe, and over which connection.
struct PipeClient {
  Identity identity;
  /// Without port; for srvsvc's session lists.
  std::string address;
  /// The server's end of the connection; zeros: it says nothing about the client's way here.
  Endpoint local = {};
};

/// The named pipes behind IPC$.
class PipeProvider {
 public:
  virtual ~PipeProvider() = default;
  /// name without "\\PIPE\\"; kObjectNameNotFound when there is no such pipe.
  virtual Result<std::unique_ptr<Pipe>> open(std::string_view name, const PipeClient& client) = 0;
};

}  // namespace holdfast::ports
