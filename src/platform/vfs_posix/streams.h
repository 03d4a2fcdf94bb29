// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/vfs_posix/attributes.h"

/// Named streams and EAs: values in extended attributes, whole in memory while they change.
namespace holdfast::platform::posix {

/// The extended attribute of a stream, in the case that is on disk; nullopt: there is none.
Result<std::optional<std::string>> find_stream(int fd, std::string_view stream);
/// The stream's name in such an attribute.
std::string stream_name_of(std::string_view xattr);
/// "user.DosStream.NAME:$DATA"; kObjectNameInvalid when no such stream can be.
Result<std::string> stream_xattr(std::string_view stream);
Result<std::vector<ports::StreamInfo>> list_streams(int fd, const Stat& st);
Result<std::optional<ByteVec>> read_stream(int fd, const std::string& xattr);
/// Replaces the content. flags: XATTR_CREATE to create only.
Result<void> write_stream(const Credentials& who, int fd, const std::string& xattr, Bytes content,
                          int flags = 0);

Result<std::vector<ports::Ea>> load_eas(int fd);
Result<void> store_eas(const Credentials& who, int fd, const std::vector<ports::Ea>& eas);
/// Streams and EAs, as an overwrite does.
Result<void> remove_streams_and_eas(const Credentials& who, int fd);

}  // namespace holdfast::platform::posix
