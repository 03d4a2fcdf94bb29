// SPDX-License-Identifier: Apache-2.0
#include "core/session/session.h"

#include "base/limits.h"

namespace holdfast::core {

std::optional<TreeConnect> Session::tree(std::uint32_t tree_id) {
  Lock lock(mutex);
  auto found = trees.find(tree_id);
  if (found == trees.end()) return std::nullopt;
  return found->second;
}

std::shared_ptr<const ports::Identity> Session::who() {
  Lock lock(mutex);
  return identity;
}

SessionState Session::current_state() {
  Lock lock(mutex);
  return state;
}

SessionPtr SessionTable::create(ConnectionId connection, std::uint64_t random) {
  auto session = std::make_shared<Session>();
  session->connection = connection;
  Lock lock(mutex_);
  if (sessions_.size() >= limits::kMaxSessions) return nullptr;
  // 0 means "none" and all ones "the one before" (MS-SMB2 3.3.5.2.7.2). Some programs keep no more
  // than 32 bits of it.
  do {
    session->id = random++ & 0xFFFFFFFF;
  } while (session->id == 0 || session->id == ~0ull || sessions_.contains(session->id));
  sessions_.emplace(session->id, session);
  return session;
}

bool SessionTable::restore(SessionPtr session) {
  Lock lock(mutex_);
  SessionId id = session->id;
  return sessions_.emplace(id, std::move(session)).second;
}

SessionPtr SessionTable::find(SessionId id) {
  Lock lock(mutex_);
  auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

SessionPtr SessionTable::remove(SessionId id) {
  Lock lock(mutex_);
  auto found = sessions_.find(id);
  if (found == sessions_.end()) return nullptr;
  SessionPtr session = std::move(found->second);
  sessions_.erase(found);
  return session;
}

std::vector<SessionPtr> SessionTable::all() {
  Lock lock(mutex_);
  std::vector<SessionPtr> list;
  list.reserve(sessions_.size());
  for (auto& [id, session] : sessions_) list.push_back(session);
  return list;
}

std::size_t SessionTable::size() {
  Lock lock(mutex_);
  return sessions_.size();
}

}  // namespace holdfast::core
