// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/fscc/directory_information.h"
#include "wire/fscc/file_information.h"
#include "wire/fscc/fs_information.h"
#include "wire/fscc/fsctl.h"
#include "wire/fscc/notify.h"
#include "wire/fscc/quota.h"

namespace {

using namespace holdfast;
using namespace holdfast::wire::fscc;

/// What is accepted is written, read again, and written as the same octets.
template <class T>
void round_trip(Bytes bytes) {
  T x{};
  if (!decode(bytes, x)) return;
  Buffer once, twice;
  Writer w(once), v(twice);
  append(x, w);
  T y{};
  HF_ASSERT(decode(once.view(), y).has_value());
  append(y, v);
  HF_ASSERT(equal(once.view(), twice.view()));
}

void decode_lists(std::uint8_t which, Bytes bytes) {
  switch (which % 7) {
    case 0: (void)decode_quota_list(bytes); break;
    case 1: (void)decode_query_quota(bytes); break;
    case 2: (void)decode_notify_list(bytes); break;
    case 3: {
      std::vector<StreamInformation> streams;
      (void)decode(bytes, streams);
      break;
    }
    case 4: {
      std::vector<AllocatedRange> ranges;
      (void)decode(bytes, ranges);
      break;
    }
    case 5: (void)decode_set_sparse(bytes); break;
    default: {
      RenameInformation rename;
      (void)decode_ex(bytes, rename);
    }
  }
}

}  // namespace

/// First octet: which decoder. The rest: the buffer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Bytes bytes(data + 1, size - 1);
  if (data[0] >= 0xE0) return decode_lists(data[0], bytes), 0;
  auto info_class = static_cast<FileInfoClass>(data[0]);
  if (data[0] < 128 && is_directory_class(info_class) && info_class != FileInfoClass::kPosix)
    return (void)decode_directory(info_class, bytes), 0;
  switch (data[0]) {
    case 4: round_trip<BasicInformation>(bytes); break;
    case 10: round_trip<RenameInformation>(bytes); break;
    case 11: {
      LinkInformation link;
      (void)decode(bytes, link);
      break;
    }
    case 13: round_trip<DispositionInformation>(bytes); break;
    case 14: round_trip<PositionInformation>(bytes); break;
    case 16: round_trip<ModeInformation>(bytes); break;
    case 18: round_trip<AllInformation>(bytes); break;
    case 19: round_trip<AllocationInformation>(bytes); break;
    case 20: round_trip<EndOfFileInformation>(bytes); break;
    case 21: round_trip<NameInformation>(bytes); break;
    case 23: round_trip<PipeInformation>(bytes); break;
    case 39: round_trip<ValidDataLengthInformation>(bytes); break;
    case 40: round_trip<ShortNameInformation>(bytes); break;
    case 64: round_trip<DispositionInformationEx>(bytes); break;
    case 71: round_trip<CaseSensitiveInformation>(bytes); break;
    case 100: round_trip<PosixInformation>(bytes); break;
    case 129: round_trip<FsVolumeInformation>(bytes); break;
    case 130: round_trip<FsLabelInformation>(bytes); break;
    case 133: round_trip<FsAttributeInformation>(bytes); break;
    case 134: round_trip<FsControlInformation>(bytes); break;
    case 136: round_trip<FsObjectIdInformation>(bytes); break;
    case 137: round_trip<FsDriverPathInformation>(bytes); break;
    case 150: round_trip<FileLevelTrim>(bytes); break;
    case 151: round_trip<DuplicateExtentsDataEx>(bytes); break;
    case 152: round_trip<ZeroDataInformation>(bytes); break;
    case 153: round_trip<FileRegionInput>(bytes); break;
    case 154: round_trip<SetIntegrityInformation>(bytes); break;
    case 155: round_trip<ObjectIdBuffer>(bytes); break;
    default: break;
  }
  return 0;
}
