// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf16.h"
#include "service/ioctl/ioctl.h"
#include "service/server/pipe_reads.h"
#include "wire/smb2/ioctl_payload.h"

namespace holdfast::service::fsctl {

namespace smb2 = wire::smb2;

/// MS-SMB2 3.3.5.15.10: writes a message and reads the answer.
Task<Answer> pipe_transceive(Call c) {
  if (c.open->pipe == nullptr) co_return failed(NtStatus::kInvalidDeviceRequest);
  ports::Pipe& pipe = *c.open->pipe;
  // Neither an answer that nobody has read nor somebody who waits for one.
  if (pipe.available() != 0 || c.request.server.pipe_reads().any(c.open->id))
    co_return failed(NtStatus::kPipeBusy);
  if (Result<void> written = pipe.write(c.query.input); !written) co_return failed(written.error());
  Result<ports::Pipe::Chunk> chunk = pipe.read(c.query.max_output_response);
  if (!chunk) co_return failed(chunk.error());
  co_return Answer{
      chunk->more ? NtStatus::kBufferOverflow : NtStatus::kSuccess, std::move(chunk->data), {}};
}

/// MS-SMB2 3.3.5.15.3: what could be read, without reading it.
Task<Answer> pipe_peek(Call c) {
  if (c.open->pipe == nullptr) co_return failed(NtStatus::kInvalidDeviceRequest);
  if (c.query.max_output_response < 16) co_return failed(NtStatus::kInfoLengthMismatch);
  smb2::PipePeekResponse response;
  response.read_data_available = static_cast<std::uint32_t>(c.open->pipe->available());
  response.number_of_messages = response.read_data_available != 0 ? 1 : 0;
  response.message_length = response.read_data_available;
  Buffer octets;
  Writer writer(octets);
  encode(response, writer);
  co_return Answer{NtStatus::kSuccess, to_vec(octets), {}};
}

/// MS-SMB2 3.3.5.15.9: instances are made as they are opened, so a pipe that exists is there now.
Task<Answer> pipe_wait(Call c) {
  smb2::PipeWaitRequest request;
  if (!decode(c.query.input, request)) co_return failed(NtStatus::kInvalidParameter);
  ports::PipeProvider* pipes = c.request.server.pipes();
  if (pipes == nullptr || !pipes->open(utf16le_to_utf8(request.name), {*c.request.identity, ""}))
    co_return failed(NtStatus::kObjectNameNotFound);
  co_return Answer{};
}

}  // namespace holdfast::service::fsctl
