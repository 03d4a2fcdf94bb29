// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/sid.h"
#include "wire/fscc/fields.h"
#include "wire/fscc/info_class.h"

/// The file information classes of MS-FSCC 2.4 that SMB2 carries in QUERY_INFO and SET_INFO.
/// Names in answers are UTF-8 here and UTF-16LE on the wire. Every structure has
/// `append(const X&, Writer&)` and `Result<void> decode(Bytes, X&)`; for the fixed ones these are
/// the templates of fields.h. A Writer is begun where the answer begins.
namespace holdfast::wire::fscc {

// ---- fixed size ----

/// 2.4.7, 40 octets, query and set. In a set: time 0 = leave, ~0 = leave and stop updating it with
/// this open, ~0 - 1 = go on updating; attributes 0 = leave.
struct BasicInformation {
  static constexpr std::uint64_t kTimeLeave = 0;
  static constexpr std::uint64_t kTimeFreeze = ~std::uint64_t{0};
  static constexpr std::uint64_t kTimeThaw = ~std::uint64_t{0} - 1;

  NtTime creation_time{}, last_access_time{}, last_write_time{}, change_time{};
  std::uint32_t file_attributes = 0;
  template <class V>
  void fields(V& v) {
    v(creation_time), v(last_access_time), v(last_write_time), v(change_time);
    v(file_attributes), v.reserved(4);
  }
  bool operator==(const BasicInformation&) const = default;
};

/// 2.4.47, 24 octets.
struct StandardInformation {
  std::uint64_t allocation_size = 0;
  std::uint64_t end_of_file = 0;
  std::uint32_t number_of_links = 0;
  bool delete_pending = false;
  bool directory = false;
  template <class V>
  void fields(V& v) {
    v(allocation_size), v(end_of_file), v(number_of_links), v(delete_pending), v(directory);
    v.reserved(2);
  }
  bool operator==(const StandardInformation&) const = default;
};

/// 2.4.26, 8 octets: the 64-bit file id.
struct InternalInformation {
  std::uint64_t index_number = 0;
  template <class V>
  void fields(V& v) {
    v(index_number);
  }
  bool operator==(const InternalInformation&) const = default;
};

/// 2.4.13, 4 octets: size of all EAs as FILE_FULL_EA_INFORMATION counts it, 0 without EAs.
struct EaInformation {
  std::uint32_t ea_size = 0;
  template <class V>
  void fields(V& v) {
    v(ea_size);
  }
  bool operator==(const EaInformation&) const = default;
};

/// 2.4.1, 4 octets.
struct AccessInformation {
  std::uint32_t access_flags = 0;
  template <class V>
  void fields(V& v) {
    v(access_flags);
  }
  bool operator==(const AccessInformation&) const = default;
};

/// 2.4.40, 8 octets, query and set.
struct PositionInformation {
  std::uint64_t current_byte_offset = 0;
  template <class V>
  void fields(V& v) {
    v(current_byte_offset);
  }
  bool operator==(const PositionInformation&) const = default;
};

/// 2.4.31, 4 octets, query and set: FILE_WRITE_THROUGH, FILE_SEQUENTIAL_ONLY ...
struct ModeInformation {
  std::uint32_t mode = 0;
  template <class V>
  void fields(V& v) {
    v(mode);
  }
  bool operator==(const ModeInformation&) const = default;
};

/// 2.4.3, 4 octets.
struct AlignmentInformation {
  std::uint32_t alignment_requirement = 0;
  template <class V>
  void fields(V& v) {
    v(alignment_requirement);
  }
  bool operator==(const AlignmentInformation&) const = default;
};

/// 2.4.9, 16 octets.
struct CompressionInformation {
  std::uint64_t compressed_file_size = 0;
  std::uint16_t compression_format = 0;
  std::uint8_t compression_unit_shift = 0, chunk_shift = 0, cluster_shift = 0;
  template <class V>
  void fields(V& v) {
    v(compressed_file_size), v(compression_format), v(compression_unit_shift), v(chunk_shift);
    v(cluster_shift), v.reserved(3);
  }
  bool operator==(const CompressionInformation&) const = default;
};

/// 2.4.34, 56 octets.
struct NetworkOpenInformation {
  NtTime creation_time{}, last_access_time{}, last_write_time{}, change_time{};
  std::uint64_t allocation_size = 0, end_of_file = 0;
  std::uint32_t file_attributes = 0;
  template <class V>
  void fields(V& v) {
    v(creation_time), v(last_access_time), v(last_write_time), v(change_time);
    v(allocation_size), v(end_of_file), v(file_attributes), v.reserved(4);
  }
  bool operator==(const NetworkOpenInformation&) const = default;
};

/// 2.4.6, 8 octets.
struct AttributeTagInformation {
  std::uint32_t file_attributes = 0, reparse_tag = 0;
  template <class V>
  void fields(V& v) {
    v(file_attributes), v(reparse_tag);
  }
  bool operator==(const AttributeTagInformation&) const = default;
};

/// 2.4.26 FileIdInformation, 24 octets.
struct IdInformation {
  std::uint64_t volume_serial_number = 0;
  std::array<std::uint8_t, 16> file_id{};
  template <class V>
  void fields(V& v) {
    v(volume_serial_number), v(file_id);
  }
  bool operator==(const IdInformation&) const = default;
};

/// 2.4.48 FileStandardLinkInformation, 12 octets.
struct StandardLinkInformation {
  std::uint32_t number_of_accessible_links = 0, total_number_of_links = 0;
  bool delete_pending = false, directory = false;
  template <class V>
  void fields(V& v) {
    v(number_of_accessible_links), v(total_number_of_links), v(delete_pending), v(directory);
    v.reserved(2);
  }
  bool operator==(const StandardLinkInformation&) const = default;
};

/// 2.4.39 FileReparsePointInformation, 16 octets an entry.
struct ReparsePointInformation {
  std::uint64_t file_reference_number = 0;
  std::uint32_t tag = 0;
  template <class V>
  void fields(V& v) {
    v(file_reference_number), v(tag), v.reserved(4);
  }
  bool operator==(const ReparsePointInformation&) const = default;
};

/// 2.4.36, 8 octets, query and set (pipes).
struct PipeInformation {
  std::uint32_t read_mode = 0, completion_mode = 0;
  template <class V>
  void fields(V& v) {
    v(read_mode), v(completion_mode);
  }
  bool operator==(const PipeInformation&) const = default;
};

/// 2.4.37, 40 octets (pipes).
struct PipeLocalInformation {
  static constexpr std::uint32_t kTypeByteStream = 0, kTypeMessage = 1;
  static constexpr std::uint32_t kConfigurationInbound = 0, kConfigurationOutbound = 1,
                                 kConfigurationFullDuplex = 2;
  static constexpr std::uint32_t kStateDisconnected = 1, kStateListening = 2, kStateConnected = 3,
                                 kStateClosing = 4;
  static constexpr std::uint32_t kEndClient = 0, kEndServer = 1;

  std::uint32_t named_pipe_type = 0, named_pipe_configuration = 0, maximum_instances = 0,
                current_instances = 0, inbound_quota = 0, read_data_available = 0,
                outbound_quota = 0, write_quota_available = 0, named_pipe_state = 0,
                named_pipe_end = 0;
  template <class V>
  void fields(V& v) {
    v(named_pipe_type), v(named_pipe_configuration), v(maximum_instances), v(current_instances);
    v(inbound_quota), v(read_data_available), v(outbound_quota), v(write_quota_available);
    v(named_pipe_state), v(named_pipe_end);
  }
  bool operator==(const PipeLocalInformation&) const = default;
};

/// 2.4.38, 16 octets (pipes).
struct PipeRemoteInformation {
  std::uint64_t collect_data_time = 0;
  std::uint32_t maximum_collection_count = 0;
  template <class V>
  void fields(V& v) {
    v(collect_data_time), v(maximum_collection_count), v.reserved(4);
  }
  bool operator==(const PipeRemoteInformation&) const = default;
};

/// 2.4.11, 1 octet, set.
struct DispositionInformation {
  bool delete_pending = false;
  template <class V>
  void fields(V& v) {
    v(delete_pending);
  }
  bool operator==(const DispositionInformation&) const = default;
};

/// 2.4.12 FileDispositionInformationEx, 4 octets, set.
struct DispositionInformationEx {
  static constexpr std::uint32_t kDelete = 0x1, kPosixSemantics = 0x2,
                                 kForceImageSectionCheck = 0x4, kOnClose = 0x8,
                                 kIgnoreReadOnlyAttribute = 0x10;
  std::uint32_t flags = 0;
  template <class V>
  void fields(V& v) {
    v(flags);
  }
  bool operator==(const DispositionInformationEx&) const = default;
};

/// 2.4.4, 8 octets, set.
struct AllocationInformation {
  std::uint64_t allocation_size = 0;
  template <class V>
  void fields(V& v) {
    v(allocation_size);
  }
  bool operator==(const AllocationInformation&) const = default;
};

/// 2.4.14, 8 octets, set.
struct EndOfFileInformation {
  std::uint64_t end_of_file = 0;
  template <class V>
  void fields(V& v) {
    v(end_of_file);
  }
  bool operator==(const EndOfFileInformation&) const = default;
};

/// 2.4.56, 8 octets, set.
struct ValidDataLengthInformation {
  std::uint64_t valid_data_length = 0;
  template <class V>
  void fields(V& v) {
    v(valid_data_length);
  }
  bool operator==(const ValidDataLengthInformation&) const = default;
};

/// FileCaseSensitiveInformation, 4 octets, query and set: bit 0 = the directory is case sensitive.
struct CaseSensitiveInformation {
  static constexpr std::uint32_t kCaseSensitiveDirectory = 0x1;
  std::uint32_t flags = 0;
  template <class V>
  void fields(V& v) {
    v(flags);
  }
  bool operator==(const CaseSensitiveInformation&) const = default;
};

// ---- with names ----

/// 2.4.32 FileNameInformation; FileNormalizedNameInformation (2.4.35) and
/// FileAlternateNameInformation (2.4.5) have the same form. 4 octets and the name.
struct NameInformation {
  std::string file_name{};
  bool operator==(const NameInformation&) const = default;
};
void append(const NameInformation& x, Writer& w);
Result<void> decode(Bytes bytes, NameInformation& x);

/// 2.4.2: 96 octets, name length, name.
struct AllInformation {
  BasicInformation basic{};
  StandardInformation standard{};
  InternalInformation internal{};
  EaInformation ea{};
  AccessInformation access{};
  PositionInformation position{};
  ModeInformation mode{};
  AlignmentInformation alignment{};
  NameInformation name{};
  bool operator==(const AllInformation&) const = default;
};
void append(const AllInformation& x, Writer& w);
Result<void> decode(Bytes bytes, AllInformation& x);

/// One entry of 2.4.49 FileStreamInformation. stream_name as on the wire: "::$DATA",
/// ":name:$DATA".
struct StreamInformation {
  std::uint64_t stream_size = 0, stream_allocation_size = 0;
  std::string stream_name{};
  bool operator==(const StreamInformation&) const = default;
};
/// Appends entries, each at a multiple of 8, as long as a whole one fits into maximum octets.
/// False when not all did (the answer is STATUS_BUFFER_OVERFLOW, MS-FSA 2.1.5.12.29). An empty list
/// is an empty answer.
bool append(const std::vector<StreamInformation>& streams, std::size_t maximum, Writer& w);
Result<void> decode(Bytes bytes, std::vector<StreamInformation>& streams);

/// 2.4.42.2 FILE_RENAME_INFORMATION_TYPE_2 and 2.4.43 (Ex): 20 octets and the name. Windows wants
/// at least 24 octets; a shorter one with a short name is understood here.
struct RenameInformation {
  static constexpr std::uint32_t kReplaceIfExists = 0x1, kPosixSemantics = 0x2,
                                 kSuppressPinStateInheritance = 0x4,
                                 kSuppressStorageReserveInheritance = 0x8,
                                 kIgnoreReadOnlyAttribute = 0x40;
  /// Ex: all of Flags. Plain: kReplaceIfExists or 0.
  std::uint32_t flags = 0;
  std::uint64_t root_directory = 0;
  /// UTF-16LE view of the buffer; even length, may be empty.
  Bytes file_name{};
  bool replace_if_exists() const { return (flags & kReplaceIfExists) != 0; }
};
void append(const RenameInformation& x, Writer& w);
/// Plain: a boolean octet. Ex: 32 bits of flags. Errors: STATUS_INFO_LENGTH_MISMATCH (shorter than
/// 20 octets and the name), STATUS_INVALID_PARAMETER (odd length of the name).
Result<void> decode(Bytes bytes, RenameInformation& x);
Result<void> decode_ex(Bytes bytes, RenameInformation& x);
void append_ex(const RenameInformation& x, Writer& w);

/// 2.4.28.2 FILE_LINK_INFORMATION_TYPE_2 (plain) and its Ex form: the layout is that of a rename.
struct LinkInformation : RenameInformation {};

/// 2.4.46 FileShortNameInformation, set: 4 octets and the name (UTF-16LE view).
struct ShortNameInformation {
  Bytes file_name{};
};
void append(const ShortNameInformation& x, Writer& w);
Result<void> decode(Bytes bytes, ShortNameInformation& x);

/// Class 100 in QUERY_INFO (SMB3 POSIX extensions, SMB2_FILE_POSIX_INFO): 80 octets and two SIDs.
struct PosixInformation {
  NtTime creation_time{}, last_access_time{}, last_write_time{}, change_time{};
  std::uint64_t end_of_file = 0, allocation_size = 0;
  std::uint32_t dos_attributes = 0;
  std::uint64_t inode = 0;
  std::uint32_t device_id = 0;
  std::uint32_t hard_links = 0, reparse_tag = 0;
  /// Permission bits only (07777).
  std::uint32_t mode = 0;
  Sid owner{}, group{};
  bool operator==(const PosixInformation&) const = default;
};
void append(const PosixInformation& x, Writer& w);
Result<void> decode(Bytes bytes, PosixInformation& x);

/// Cuts an answer that began at offset begin of the buffer to OutputBufferLength octets.
/// STATUS_SUCCESS, or STATUS_BUFFER_OVERFLOW when something was cut.
NtStatus fit(Buffer& out, std::size_t begin, std::size_t output_buffer_length);

/// Appends UTF-8 as UTF-16LE and returns the number of octets.
std::size_t append_utf16le(std::string_view utf8, Writer& w);

}  // namespace holdfast::wire::fscc
