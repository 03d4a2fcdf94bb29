// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "wire/fscc/fields.h"
#include "wire/fscc/info_class.h"

/// File system information classes (MS-FSCC 2.5). append() and decode() as in file_information.h.
namespace holdfast::wire::fscc {

/// 2.5.9, 18 octets and the label.
struct FsVolumeInformation {
  NtTime volume_creation_time{};
  std::uint32_t volume_serial_number = 0;
  bool supports_objects = false;
  /// UTF-8.
  std::string volume_label{};
  bool operator==(const FsVolumeInformation&) const = default;
};
void append(const FsVolumeInformation& x, Writer& w);
Result<void> decode(Bytes bytes, FsVolumeInformation& x);

/// 2.5.5, set only through SMB1; kept for completeness. 4 octets and the label.
struct FsLabelInformation {
  std::string volume_label{};
  bool operator==(const FsLabelInformation&) const = default;
};
void append(const FsLabelInformation& x, Writer& w);
Result<void> decode(Bytes bytes, FsLabelInformation& x);

/// 2.5.8, 24 octets.
struct FsSizeInformation {
  std::uint64_t total_allocation_units = 0, available_allocation_units = 0;
  std::uint32_t sectors_per_allocation_unit = 0, bytes_per_sector = 0;
  template <class V>
  void fields(V& v) {
    v(total_allocation_units), v(available_allocation_units);
    v(sectors_per_allocation_unit), v(bytes_per_sector);
  }
  bool operator==(const FsSizeInformation&) const = default;
};

/// 2.5.10, 8 octets.
struct FsDeviceInformation {
  static constexpr std::uint32_t kDeviceDisk = 0x7, kDeviceNamedPipe = 0x11;
  static constexpr std::uint32_t kReadOnlyDevice = 0x2, kRemoteDevice = 0x10,
                                 kDeviceIsMounted = 0x20;
  std::uint32_t device_type = kDeviceDisk, characteristics = kDeviceIsMounted;
  template <class V>
  void fields(V& v) {
    v(device_type), v(characteristics);
  }
  bool operator==(const FsDeviceInformation&) const = default;
};

/// 2.5.1, 12 octets and the name ("NTFS").
struct FsAttributeInformation {
  static constexpr std::uint32_t kCaseSensitiveSearch = 0x00000001,
                                 kCasePreservedNames = 0x00000002, kUnicodeOnDisk = 0x00000004,
                                 kPersistentAcls = 0x00000008, kFileCompression = 0x00000010,
                                 kVolumeQuotas = 0x00000020, kSupportsSparseFiles = 0x00000040,
                                 kSupportsReparsePoints = 0x00000080,
                                 kSupportsRemoteStorage = 0x00000100,
                                 kVolumeIsCompressed = 0x00008000, kSupportsObjectIds = 0x00010000,
                                 kSupportsEncryption = 0x00020000, kNamedStreams = 0x00040000,
                                 kReadOnlyVolume = 0x00080000, kSequentialWriteOnce = 0x00100000,
                                 kSupportsTransactions = 0x00200000,
                                 kSupportsHardLinks = 0x00400000,
                                 kSupportsExtendedAttributes = 0x00800000,
                                 kSupportsOpenByFileId = 0x01000000,
                                 kSupportsUsnJournal = 0x02000000,
                                 kSupportsIntegrityStreams = 0x04000000,
                                 kSupportsBlockRefcounting = 0x08000000,
                                 kSupportsSparseVdl = 0x10000000;
  std::uint32_t file_system_attributes = 0;
  std::uint32_t maximum_component_name_length = 255;
  std::string file_system_name{};
  bool operator==(const FsAttributeInformation&) const = default;
};
void append(const FsAttributeInformation& x, Writer& w);
Result<void> decode(Bytes bytes, FsAttributeInformation& x);

/// 2.5.2 (quota), 48 octets, query and set. ~0 = no limit.
struct FsControlInformation {
  std::uint64_t free_space_start_filtering = 0, free_space_threshold = 0,
                free_space_stop_filtering = 0;
  std::uint64_t default_quota_threshold = ~std::uint64_t{0},
                default_quota_limit = ~std::uint64_t{0};
  std::uint32_t file_system_control_flags = 0;
  template <class V>
  void fields(V& v) {
    v(free_space_start_filtering), v(free_space_threshold), v(free_space_stop_filtering);
    v(default_quota_threshold), v(default_quota_limit), v(file_system_control_flags);
    v.reserved(4);
  }
  bool operator==(const FsControlInformation&) const = default;
};

/// 2.5.4, 32 octets.
struct FsFullSizeInformation {
  std::uint64_t total_allocation_units = 0, caller_available_allocation_units = 0,
                actual_available_allocation_units = 0;
  std::uint32_t sectors_per_allocation_unit = 0, bytes_per_sector = 0;
  template <class V>
  void fields(V& v) {
    v(total_allocation_units), v(caller_available_allocation_units);
    v(actual_available_allocation_units), v(sectors_per_allocation_unit), v(bytes_per_sector);
  }
  bool operator==(const FsFullSizeInformation&) const = default;
};

/// 2.5.6, 64 octets, query and set.
struct FsObjectIdInformation {
  Guid object_id{};
  std::array<std::uint8_t, 48> extended_info{};
  template <class V>
  void fields(V& v) {
    v(object_id), v(extended_info);
  }
  bool operator==(const FsObjectIdInformation&) const = default;
};

/// 2.5.7, 28 octets.
struct FsSectorSizeInformation {
  static constexpr std::uint32_t kAlignedDevice = 0x1, kPartitionAlignedOnDevice = 0x2,
                                 kNoSeekPenalty = 0x4, kTrimEnabled = 0x8;
  std::uint32_t logical_bytes_per_sector = 512, physical_bytes_per_sector_for_atomicity = 4096,
                physical_bytes_per_sector_for_performance = 4096,
                effective_physical_bytes_per_sector_for_atomicity = 4096,
                flags = kAlignedDevice | kPartitionAlignedOnDevice,
                byte_offset_for_sector_alignment = 0, byte_offset_for_partition_alignment = 0;
  template <class V>
  void fields(V& v) {
    v(logical_bytes_per_sector), v(physical_bytes_per_sector_for_atomicity);
    v(physical_bytes_per_sector_for_performance);
    v(effective_physical_bytes_per_sector_for_atomicity), v(flags);
    v(byte_offset_for_sector_alignment), v(byte_offset_for_partition_alignment);
  }
  bool operator==(const FsSectorSizeInformation&) const = default;
};

/// 2.5.3, 8 octets and the name; LOCAL, never carried.
struct FsDriverPathInformation {
  bool driver_in_path = false;
  std::string driver_name{};
  bool operator==(const FsDriverPathInformation&) const = default;
};
void append(const FsDriverPathInformation& x, Writer& w);
Result<void> decode(Bytes bytes, FsDriverPathInformation& x);

/// Class 100 (SMB3 POSIX extensions, FS_POSIX_INFO), 56 octets. ~0 = not known.
struct FsPosixInformation {
  std::uint32_t optimal_transfer_size = 0, block_size = 0;
  std::uint64_t total_blocks = 0, blocks_available = 0, user_blocks_available = 0,
                total_file_nodes = 0, free_file_nodes = 0, file_system_identifier = 0;
  template <class V>
  void fields(V& v) {
    v(optimal_transfer_size), v(block_size), v(total_blocks), v(blocks_available);
    v(user_blocks_available), v(total_file_nodes), v(free_file_nodes), v(file_system_identifier);
  }
  bool operator==(const FsPosixInformation&) const = default;
};

}  // namespace holdfast::wire::fscc
