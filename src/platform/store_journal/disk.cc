// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/disk.h"

#include <cerrno>

namespace holdfast::platform::store {

DiskResult<void> write_all(DiskFile& file, Bytes data, std::uint64_t offset) {
  while (!data.empty()) {
    auto written = file.pwrite(data, offset);
    if (!written) return std::unexpected(written.error());
    if (*written == 0) return std::unexpected(EIO);
    data = data.subspan(*written);
    offset += *written;
  }
  return {};
}

DiskResult<ByteVec> read_some(DiskFile& file, std::uint64_t offset, std::size_t size) {
  ByteVec out(size);
  std::size_t done = 0;
  while (done < size) {
    auto got = file.pread(MutBytes(out).subspan(done), offset + done);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    done += *got;
  }
  out.resize(done);
  return out;
}

}  // namespace holdfast::platform::store
