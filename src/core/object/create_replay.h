// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "base/guid.h"
#include "base/mutex.h"
#include "core/object/byte_range_locks.h"

namespace holdfast::core {

/// Which CREATE of which client (Open.CreateGuid, Open.ClientGuid).
struct CreateKey {
  Guid client_guid;
  Guid create_guid;
  auto operator<=>(const CreateKey&) const = default;
};

/// The CREATEs with a CreateGuid that are in progress or have made an open, to recognize one that
/// is sent again (MS-SMB2 3.3.5.9.10). Thread-safe.
class CreateReplayTable {
 public:
  enum class State : std::uint8_t {
    kNew,      // not known; entered as in progress
    kPending,  // one with this key is in progress
    kDone,     // one has made `open`
  };
  struct Known {
    State state = State::kNew;
    OpenId open = 0;
  };

  Known begin(const CreateKey& key);
  /// What was in progress has made this open; 0: it has failed, and may be tried again.
  void finish(const CreateKey& key, OpenId open);
  /// The open of this key is closed, or cannot be replayed any more.
  void forget(const CreateKey& key, OpenId open);
  std::size_t size();

 private:
  Mutex mutex_;
  /// 0: in progress.
  std::map<CreateKey, OpenId> opens_;
};

}  // namespace holdfast::core
