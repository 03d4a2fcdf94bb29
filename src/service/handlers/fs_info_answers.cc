// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/info_answers.h"
#include "wire/fscc/fs_information.h"

namespace holdfast::service::handlers {
namespace {

namespace fscc = wire::fscc;
using fscc::FsInfoClass;

fscc::FsPosixInformation posix_of(const ports::VolumeInfo& v) {
  fscc::FsPosixInformation p;
  std::uint32_t unit = v.sectors_per_unit * v.bytes_per_sector;
  p.optimal_transfer_size = p.block_size = unit;
  p.total_blocks = v.total_units;
  p.blocks_available = v.free_units;
  p.user_blocks_available = v.caller_free_units;
  p.total_file_nodes = p.free_file_nodes = ~0ull;
  p.file_system_identifier = v.serial_number;
  return p;
}

NtStatus write_answer(FsInfoClass info_class, const ports::VolumeInfo& v, bool read_only,
                      Writer& out) {
  switch (info_class) {
    case FsInfoClass::kVolume:
      append(fscc::FsVolumeInformation{v.creation_time, v.serial_number, false, v.label}, out);
      break;
    case FsInfoClass::kSize:
      append(fscc::FsSizeInformation{v.total_units, v.caller_free_units, v.sectors_per_unit,
                                     v.bytes_per_sector},
             out);
      break;
    case FsInfoClass::kDevice: {
      fscc::FsDeviceInformation device;
      if (read_only) device.characteristics |= fscc::FsDeviceInformation::kReadOnlyDevice;
      append(device, out);
      break;
    }
    case FsInfoClass::kAttribute: {
      fscc::FsAttributeInformation a{v.attributes, v.max_component_units, v.file_system_name};
      if (read_only) a.file_system_attributes |= fscc::FsAttributeInformation::kReadOnlyVolume;
      append(a, out);
      break;
    }
    case FsInfoClass::kFullSize:
      append(fscc::FsFullSizeInformation{v.total_units, v.caller_free_units, v.free_units,
                                         v.sectors_per_unit, v.bytes_per_sector},
             out);
      break;
    case FsInfoClass::kObjectId: append(fscc::FsObjectIdInformation{v.object_id, {}}, out); break;
    case FsInfoClass::kSectorSize: {
      fscc::FsSectorSizeInformation s;
      s.logical_bytes_per_sector = v.bytes_per_sector;
      if (v.trims) s.flags |= fscc::FsSectorSizeInformation::kTrimEnabled;
      append(s, out);
      break;
    }
    case FsInfoClass::kPosix: append(posix_of(v), out); break;
    default: return NtStatus::kNotSupported;
  }
  return NtStatus::kSuccess;
}

/// MS-FSA 2.1.5.13.3. Unix has no limits for everybody who has none of their own.
Task<NtStatus> answer_control(InfoQuery& q) {
  constexpr std::uint32_t kQuotaTrack = 0x1, kQuotaEnforce = 0x2;  // MS-FSCC 2.5.2
  fscc::FsControlInformation control;
  if (q.open.share->quotas != nullptr) {
    Result<ports::QuotaProvider::State> state =
        co_await q.open.share->quotas->state(q.request.io());
    if (!state) co_return state.error();
    if (state->enforced)
      control.file_system_control_flags |= kQuotaEnforce;
    else if (state->tracked)
      control.file_system_control_flags |= kQuotaTrack;
  }
  append(control, q.out);
  co_return NtStatus::kSuccess;
}

}  // namespace

Task<NtStatus> answer_fs_info(InfoQuery& q) {
  if (q.open.file == nullptr) co_return NtStatus::kInvalidDeviceRequest;
  Result<ports::VolumeInfo> volume = co_await q.open.share->vfs->volume_info(q.request.io());
  if (!volume) co_return volume.error();
  // The share's name is what Explorer shows for the drive.
  if (volume->label.empty()) volume->label = q.open.share->name;
  if (!q.open.share->streams) volume->attributes &= ~fscc::FsAttributeInformation::kNamedStreams;
  auto info_class = static_cast<FsInfoClass>(q.query.file_info_class);
  if (info_class == FsInfoClass::kControl) co_return co_await answer_control(q);
  if (info_class == FsInfoClass::kAttribute && q.open.share->quotas != nullptr) {
    Result<ports::QuotaProvider::State> state =
        co_await q.open.share->quotas->state(q.request.io());
    // Clients ask for quotas only where the volume says that it has them.
    if (state && state->tracked) volume->attributes |= fscc::FsAttributeInformation::kVolumeQuotas;
  }
  co_return write_answer(info_class, *volume, q.open.share->read_only, q.out);
}

}  // namespace holdfast::service::handlers
