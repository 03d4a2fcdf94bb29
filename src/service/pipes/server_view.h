// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "service/logon/user_db.h"
#include "service/pipes/share_editor.h"
#include "service/server/server.h"

namespace holdfast::service {

class EndpointMap;
class Witness;

/// What the pipes may know of the server and do to it. Thread-safe.
class ServerView {
 public:
  virtual ~ServerView() = default;
  virtual std::shared_ptr<const Settings> settings() = 0;
  virtual std::vector<SessionListing> sessions() = 0;
  virtual std::vector<core::OpenListing> opens() = 0;
  /// Null: the server has no accounts that could be looked up.
  virtual const UserDatabase* users() { return nullptr; }
  /// Null: shares cannot be changed by clients.
  virtual ShareEditor* share_editor() { return nullptr; }
  /// Null: this server has no witness service.
  virtual Witness* witness() { return nullptr; }
  /// Null: there is no endpoint mapper.
  virtual const EndpointMap* endpoints() { return nullptr; }
  /// RPC security refused a client: for the log.
  virtual void logon_refused(const std::string& address, const std::string& reason) {
    (void)address, (void)reason;
  }
  virtual NtTime now() = 0;
  /// False when there is no such session.
  virtual bool close_session(core::SessionId id) = 0;
  /// False when there is no such open.
  virtual bool close_file(core::OpenId id) = 0;
};

}  // namespace holdfast::service
