// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/event.h"
#include "ports/random.h"
#include "service/failover/volume_storage.h"

namespace holdfast::platform::store {

/// The folder of a share in which its state is, when its configuration names no other. Clients do
/// not see it.
inline constexpr const char* kStateFolder = ".holdfast";

/// Epoch and journal in the folder `path`, whose parent must be there. The random source and the
/// sink outlive it.
std::unique_ptr<service::VolumeStorage> make_journal_volume(std::string path, ports::Random& random,
                                                            EventSink& events);

/// The ServerGuid that the store in this folder has, read without a lock and without changing
/// anything; nullopt when there is no store, or it cannot be read (its server will say why).
std::optional<Guid> stored_server_guid(const std::string& path);

}  // namespace holdfast::platform::store
