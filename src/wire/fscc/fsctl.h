// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "wire/fscc/constants.h"
#include "wire/fscc/fields.h"

/// Payloads of the FSCTLs that MS-FSCC 2.3 owns. The fixed ones use append() and decode() of
/// fields.h, but an input that is too short is STATUS_INVALID_PARAMETER for an FSCTL: use
/// decode_fsctl().
namespace holdfast::wire::fscc {

/// decode() with the status that MS-FSA 2.1.5.10 gives a short input.
template <Fixed T>
Result<void> decode_fsctl(Bytes bytes, T& value) {
  if (!decode(bytes, value)) return fail(NtStatus::kInvalidParameter);
  return {};
}

/// FILE_ALLOCATED_RANGE_BUFFER (2.3.52 request, 2.3.53 an entry of the reply), 16 octets.
struct AllocatedRange {
  std::uint64_t file_offset = 0, length = 0;
  template <class V>
  void fields(V& v) {
    v(file_offset), v(length);
  }
  bool operator==(const AllocatedRange&) const = default;
};
/// As many whole entries as fit into maximum; false when not all did (STATUS_BUFFER_OVERFLOW, or
/// STATUS_BUFFER_TOO_SMALL when none did).
bool append(const std::vector<AllocatedRange>& ranges, std::size_t maximum, Writer& w);
Result<void> decode(Bytes bytes, std::vector<AllocatedRange>& ranges);

/// FILE_ZERO_DATA_INFORMATION (2.3.71), 16 octets: zero [file_offset, beyond_final_zero).
struct ZeroDataInformation {
  std::uint64_t file_offset = 0, beyond_final_zero = 0;
  template <class V>
  void fields(V& v) {
    v(file_offset), v(beyond_final_zero);
  }
  bool operator==(const ZeroDataInformation&) const = default;
};

/// FILE_SET_SPARSE_BUFFER (2.3.69): a missing input means true.
Result<bool> decode_set_sparse(Bytes bytes);

/// FSCTL_GET_COMPRESSION reply and FSCTL_SET_COMPRESSION request (2.3.18, 2.3.67), 2 octets.
struct CompressionState {
  std::uint16_t compression_state = kCompressionFormatNone;
  template <class V>
  void fields(V& v) {
    v(compression_state);
  }
  bool operator==(const CompressionState&) const = default;
};

/// SMB2_DUPLICATE_EXTENTS_DATA (2.3.7.2), 40 octets. file_id: the source open's SMB2_FILEID.
struct DuplicateExtentsData {
  std::uint64_t source_file_id_persistent = 0, source_file_id_volatile = 0;
  std::uint64_t source_file_offset = 0, target_file_offset = 0, byte_count = 0;
  template <class V>
  void fields(V& v) {
    v(source_file_id_persistent), v(source_file_id_volatile), v(source_file_offset);
    v(target_file_offset), v(byte_count);
  }
  bool operator==(const DuplicateExtentsData&) const = default;
};
/// SMB2_DUPLICATE_EXTENTS_DATA_EX (2.3.9.2), 56 octets; structure_size must be 0x30 on the wire.
struct DuplicateExtentsDataEx {
  static constexpr std::uint32_t kSourceAtomic = 0x1;
  std::uint64_t structure_size = 0x30;
  DuplicateExtentsData data{};
  std::uint32_t flags = 0;
  template <class V>
  void fields(V& v) {
    v(structure_size), data.fields(v), v(flags), v.reserved(4);
  }
  bool operator==(const DuplicateExtentsDataEx&) const = default;
};

/// FILE_REGION_INPUT (2.3.55.1), 24 octets; an empty input means the whole file, all usages.
struct FileRegionInput {
  std::uint64_t file_offset = 0, length = 0;
  std::uint32_t desired_usage = 0x1;
  template <class V>
  void fields(V& v) {
    v(file_offset), v(length), v(desired_usage), v.reserved(4);
  }
  bool operator==(const FileRegionInput&) const = default;
};
/// FILE_REGION_INFO (2.3.56.1), 24 octets.
struct FileRegionInfo {
  static constexpr std::uint32_t kUsageValidCachedData = 0x1, kUsageValidNoncachedData = 0x2;
  std::uint64_t file_offset = 0, length = 0;
  std::uint32_t usage = kUsageValidCachedData;
  template <class V>
  void fields(V& v) {
    v(file_offset), v(length), v(usage), v.reserved(4);
  }
  bool operator==(const FileRegionInfo&) const = default;
};
/// FILE_REGION_OUTPUT (2.3.56): 16 octets and the regions that fit into maximum. False when not all
/// did (STATUS_BUFFER_OVERFLOW). maximum below 16 writes nothing (STATUS_BUFFER_TOO_SMALL).
bool append_file_regions(const std::vector<FileRegionInfo>& regions, std::size_t maximum,
                         Writer& w);

/// FILE_LEVEL_TRIM (2.3.13): key and the ranges to trim.
struct FileLevelTrim {
  std::uint32_t key = 0;
  std::vector<AllocatedRange> ranges{};
  bool operator==(const FileLevelTrim&) const = default;
};
void append(const FileLevelTrim& x, Writer& w);
/// STATUS_INVALID_PARAMETER when NumRanges says more than the buffer has.
Result<void> decode(Bytes bytes, FileLevelTrim& x);
/// FILE_LEVEL_TRIM_OUTPUT (2.3.14), 4 octets.
struct FileLevelTrimOutput {
  std::uint32_t num_ranges_processed = 0;
  template <class V>
  void fields(V& v) {
    v(num_ranges_processed);
  }
  bool operator==(const FileLevelTrimOutput&) const = default;
};

/// FILE_OBJECTID_BUFFER type 1 (2.1.3.1), 64 octets.
struct ObjectIdBuffer {
  Guid object_id{}, birth_volume_id{}, birth_object_id{}, domain_id{};
  template <class V>
  void fields(V& v) {
    v(object_id), v(birth_volume_id), v(birth_object_id), v(domain_id);
  }
  bool operator==(const ObjectIdBuffer&) const = default;
};

/// FSCTL_GET_INTEGRITY_INFORMATION_BUFFER (2.3.22), 16 octets.
struct GetIntegrityInformation {
  static constexpr std::uint16_t kChecksumNone = 0, kChecksumCrc64 = 2, kChecksumUnchanged = 0xFFFF;
  std::uint16_t checksum_algorithm = kChecksumNone;
  std::uint32_t flags = 0, checksum_chunk_size_in_bytes = 0, cluster_size_in_bytes = 0;
  template <class V>
  void fields(V& v) {
    v(checksum_algorithm), v.reserved(2), v(flags), v(checksum_chunk_size_in_bytes);
    v(cluster_size_in_bytes);
  }
  bool operator==(const GetIntegrityInformation&) const = default;
};
/// FSCTL_SET_INTEGRITY_INFORMATION_BUFFER (2.3.73), 8 octets.
struct SetIntegrityInformation {
  std::uint16_t checksum_algorithm = 0;
  std::uint32_t flags = 0;
  template <class V>
  void fields(V& v) {
    v(checksum_algorithm), v.reserved(2), v(flags);
  }
  bool operator==(const SetIntegrityInformation&) const = default;
};

/// NTFS_VOLUME_DATA_BUFFER (2.3.30), 96 octets.
struct NtfsVolumeData {
  std::uint64_t volume_serial_number = 0, number_sectors = 0, total_clusters = 0, free_clusters = 0,
                total_reserved = 0;
  std::uint32_t bytes_per_sector = 0, bytes_per_cluster = 0, bytes_per_file_record_segment = 0,
                clusters_per_file_record_segment = 0;
  std::uint64_t mft_valid_data_length = 0, mft_start_lcn = 0, mft2_start_lcn = 0,
                mft_zone_start = 0, mft_zone_end = 0;
  template <class V>
  void fields(V& v) {
    v(volume_serial_number), v(number_sectors), v(total_clusters), v(free_clusters);
    v(total_reserved), v(bytes_per_sector), v(bytes_per_cluster);
    v(bytes_per_file_record_segment), v(clusters_per_file_record_segment);
    v(mft_valid_data_length), v(mft_start_lcn), v(mft2_start_lcn), v(mft_zone_start);
    v(mft_zone_end);
  }
  bool operator==(const NtfsVolumeData&) const = default;
};

}  // namespace holdfast::wire::fscc
