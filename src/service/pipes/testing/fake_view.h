// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "service/pipes/server_view.h"

namespace holdfast::service::pipes::testing {

/// A server of three shares, two sessions and two open files.
class FakeView : public ServerView {
 public:
  FakeView() {
    Settings s;
    s.server_name = "HOLDFAST";
    s.comment = "A comment";
    for (const char* name : {"data", "secret", "IPC$"}) {
      core::Share share;
      share.name = name;
      share.comment = "About " + share.name;
      share.location = "/srv/" + share.name;
      share.hidden = share.name != "data";
      share.access_based_enumeration = share.name == "data";
      if (share.name == "IPC$") share.type = core::ShareType::kPipe;
      s.shares.push_back(std::make_shared<const core::Share>(share));
    }
    settings_value = std::make_shared<const Settings>(std::move(s));
    for (core::SessionId id : {1, 2}) {
      SessionListing& l = session_list.emplace_back();
      l.id = id;
      l.user = id == 1 ? "anna" : "bert";
      l.address = id == 1 ? "192.0.2.1" : "192.0.2.2";
      l.dialect = 0x0311;
      l.guest = id == 2;
      l.shares = {"data", "IPC$"};
      l.created = NtTime::from_unix(1'000'000'000, 0);
    }
    for (core::OpenId id : {0x100000001, 0x200000002}) {
      core::OpenListing& l = open_list.emplace_back();
      l.id = id;
      l.session = 1;
      l.user = "anna";
      l.share = "data";
      l.path = id == 0x100000001 ? "a/b.txt" : "c.txt";
      l.access = id == 0x100000001 ? 0x1 : 0x3;
      l.locks = 1;
    }
  }
  std::shared_ptr<const Settings> settings() override { return settings_value; }
  std::vector<SessionListing> sessions() override { return session_list; }
  std::vector<core::OpenListing> opens() override { return open_list; }
  ShareEditor* share_editor() override { return editor; }
  const UserDatabase* users() override { return user_database.get(); }
  NtTime now() override { return now_value; }
  bool close_session(core::SessionId id) override {
    closed.push_back(id);
    return true;
  }
  bool close_file(core::OpenId id) override {
    closed_files.push_back(id);
    return true;
  }

  std::shared_ptr<const UserDatabase> user_database;
  std::shared_ptr<const Settings> settings_value;
  ShareEditor* editor = nullptr;
  std::vector<SessionListing> session_list;
  std::vector<core::OpenListing> open_list;
  std::vector<core::SessionId> closed;
  std::vector<core::OpenId> closed_files;
  /// Sunday, 2004-02-29, 23:59:00.50: a leap day.
  NtTime now_value = NtTime::from_unix(1'078'099'140, 500'000'000);
};

}  // namespace holdfast::service::pipes::testing
