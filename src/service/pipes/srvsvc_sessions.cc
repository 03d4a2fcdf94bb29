// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "base/utf16.h"
#include "service/pipes/enumeration.h"
#include "service/pipes/srvsvc_operations.h"
#include "wire/rpc/srvs.h"
#include "wire/smb2/types.h"

/// Who is there and what they have open. Only administrators are told, at every level: current
/// Windows servers give other users no list of sessions either.
namespace holdfast::service::pipes::srvsvc {
namespace {

namespace rpc = wire::rpc;
namespace srvs = wire::rpc::srvs;

std::uint32_t seconds_between(NtTime from, NtTime to) {
  if (to <= from) return 0;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>((to.ticks - from.ticks) / 10'000'000, 0xFFFFFFFF));
}

/// "\\\\192.0.2.1", as Windows names clients.
std::string client_name(const std::string& address) { return "\\\\" + address; }

bool names_client(std::string_view wanted, const std::string& address) {
  while (wanted.starts_with('\\')) wanted.remove_prefix(1);
  return same_name(wanted, address);
}

/// An absent or empty filter lets everything pass.
bool is_set(const rpc::WidePointer& filter) { return filter && !filter->empty(); }

std::string_view dialect_name(std::uint16_t dialect) {
  switch (dialect) {
    case wire::smb2::Dialect::kSmb202: return "SMB 2.0.2";
    case wire::smb2::Dialect::kSmb210: return "SMB 2.1";
    case wire::smb2::Dialect::kSmb300: return "SMB 3.0";
    case wire::smb2::Dialect::kSmb302: return "SMB 3.0.2";
    default: return "SMB 3.1.1";
  }
}

struct SessionFacts {
  SessionListing session;
  std::uint32_t opens = 0;
  std::uint32_t time_s = 0;
};

std::vector<SessionFacts> session_facts(Call& c, const rpc::WidePointer& client,
                                        const rpc::WidePointer& user) {
  std::map<core::SessionId, std::uint32_t> opens;
  for (const core::OpenListing& open : c.server.opens()) ++opens[open.session];
  std::vector<SessionFacts> out;
  for (SessionListing& session : c.server.sessions()) {
    if (is_set(client) && !names_client(*client, session.address)) continue;
    if (is_set(user) && !same_name(*user, session.user)) continue;
    const std::uint32_t time_s = seconds_between(session.created, c.server.now());
    const std::uint32_t count = opens[session.id];
    out.push_back({std::move(session), count, time_s});
  }
  std::sort(out.begin(), out.end(), [](const SessionFacts& a, const SessionFacts& b) {
    return a.session.id < b.session.id;
  });
  return out;
}

srvs::SessionInfo0 session0(const SessionFacts& f) { return {client_name(f.session.address)}; }
srvs::SessionInfo1 session1(const SessionFacts& f) {
  srvs::SessionInfo1 info;
  info.cname = client_name(f.session.address);
  info.username = f.session.user;
  info.num_opens = f.opens;
  info.time_s = f.time_s;
  info.user_flags = f.session.guest ? srvs::kSessionGuest : 0;
  return info;
}
srvs::SessionInfo2 session2(const SessionFacts& f) {
  return {session1(f), std::string(dialect_name(f.session.dialect))};
}
srvs::SessionInfo10 session10(const SessionFacts& f) {
  return {client_name(f.session.address), f.session.user, f.time_s, 0};
}
srvs::SessionInfo502 session502(const SessionFacts& f) { return {session2(f), "TCP"}; }

bool knows_session_level(std::uint32_t level) { return one_of(level, {0, 1, 2, 10, 502}); }

/// What MS-SRVS calls a file id is 32 bits; an open's id is folded to that. Two opens with one
/// number are possible and told apart by nobody, which is why closing asks for exactly one.
std::uint32_t file_id(core::OpenId id) {
  return static_cast<std::uint32_t>(id) ^ static_cast<std::uint32_t>(id >> 32) << 20;
}

struct FileFacts {
  core::OpenListing open;
  std::string path;
};

std::vector<FileFacts> file_facts(Call& c) {
  std::map<std::string, std::string> locations;
  for (const auto& share : c.server.settings()->shares) {
    if (share->type == core::ShareType::kDisk) locations.emplace(share->name, share->location);
  }
  std::vector<FileFacts> out;
  for (core::OpenListing& open : c.server.opens()) {
    auto location = locations.find(open.share);
    std::string path = location == locations.end() ? "\\PIPE\\" + open.path
                                                   : windows_path(location->second, open.path);
    out.push_back({std::move(open), std::move(path)});
  }
  std::sort(out.begin(), out.end(),
            [](const FileFacts& a, const FileFacts& b) { return a.open.id < b.open.id; });
  return out;
}

srvs::FileInfo2 file2(const FileFacts& f) { return {file_id(f.open.id)}; }
srvs::FileInfo3 file3(const FileFacts& f) {
  namespace Access = wire::smb2::FileAccess;
  srvs::FileInfo3 info;
  info.id = file_id(f.open.id);
  if ((f.open.access & (Access::kReadData | Access::kExecute)) != 0)
    info.permissions |= srvs::kFileRead;
  if ((f.open.access & (Access::kWriteData | Access::kAppendData)) != 0)
    info.permissions |= srvs::kFileWrite;
  info.num_locks = static_cast<std::uint32_t>(f.open.locks);
  info.path_name = f.path;
  info.user_name = f.open.user;
  return info;
}

bool knows_file_level(std::uint32_t level) { return level == 2 || level == 3; }

/// One share of one session.
struct ConnectionFacts {
  std::uint32_t id = 0;
  std::uint32_t type = 0;
  std::uint32_t opens = 0;
  std::uint32_t time_s = 0;
  std::string user;
  std::string client;
  std::string share;
};

/// qualifier: a share, or "\\\\client" (MS-SRVS 3.1.4.1). The answer names the other one.
std::vector<ConnectionFacts> connection_facts(Call& c, const std::string& qualifier) {
  const bool by_client = qualifier.starts_with("\\\\");
  std::map<std::pair<core::SessionId, std::string>, std::uint32_t> opens;
  for (const core::OpenListing& open : c.server.opens()) ++opens[{open.session, open.share}];
  std::vector<SessionListing> sessions = c.server.sessions();
  std::sort(sessions.begin(), sessions.end(),
            [](const SessionListing& a, const SessionListing& b) { return a.id < b.id; });
  std::vector<ConnectionFacts> out;
  std::uint32_t id = 0;
  for (const SessionListing& session : sessions)
    for (const std::string& share : session.shares) {
      ++id;
      if (by_client ? !names_client(qualifier, session.address) : !same_name(qualifier, share))
        continue;
      const bool pipe = same_name(share, "IPC$");
      out.push_back({id, pipe ? srvs::share_type::kIpc : srvs::share_type::kDisk,
                     opens[{session.id, share}], seconds_between(session.created, c.server.now()),
                     session.user, client_name(session.address), share});
    }
  return out;
}

}  // namespace

/// MS-SRVS 3.1.4.5.
std::uint32_t session_enum(Call& c) {
  (void)c.in.unique_wide_string();
  const rpc::WidePointer client = c.in.unique_wide_string();
  const rpc::WidePointer user = c.in.unique_wide_string();
  rpc::EnumRequest q = rpc::read_enum_request(c.in, knows_session_level);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (!knows_session_level(q.level))
    return refuse_enumeration(c, q, net_status::kInvalidLevel, false);
  if (!c.administrator()) return refuse_enumeration(c, q, net_status::kAccessDenied);
  const std::vector<SessionFacts> items = session_facts(c, client, user);
  if (items.empty() && is_set(client))
    return refuse_enumeration(c, q, net_status::kClientNameNotFound);
  switch (q.level) {
    case 0: return answer_enumeration<srvs::SessionInfo0>(c, q, items, session0);
    case 1: return answer_enumeration<srvs::SessionInfo1>(c, q, items, session1);
    case 2: return answer_enumeration<srvs::SessionInfo2>(c, q, items, session2);
    case 10: return answer_enumeration<srvs::SessionInfo10>(c, q, items, session10);
    default: return answer_enumeration<srvs::SessionInfo502>(c, q, items, session502);
  }
}

/// MS-SRVS 3.1.4.6. Ends at least what was asked for by name; a call that names nobody ends
/// nothing.
std::uint32_t session_del(Call& c) {
  (void)c.in.unique_wide_string();
  const rpc::WidePointer client = c.in.unique_wide_string();
  const rpc::WidePointer user = c.in.unique_wide_string();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  std::uint32_t status = net_status::kClientNameNotFound;
  if (!c.administrator())
    status = net_status::kAccessDenied;
  else if (!is_set(client) && !is_set(user))
    status = net_status::kInvalidParameter;
  else
    for (const SessionFacts& f : session_facts(c, client, user))
      if (c.server.close_session(f.session.id)) status = net_status::kSuccess;
  c.out.u32(status);
  return 0;
}

/// MS-SRVS 3.1.4.1.
std::uint32_t connection_enum(Call& c) {
  auto knows_level = [](std::uint32_t level) { return level == 0 || level == 1; };
  (void)c.in.unique_wide_string();
  const rpc::WidePointer qualifier = c.in.unique_wide_string();
  rpc::EnumRequest q = rpc::read_enum_request(c.in, knows_level);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (!knows_level(q.level)) return refuse_enumeration(c, q, net_status::kInvalidLevel, false);
  if (!c.administrator()) return refuse_enumeration(c, q, net_status::kAccessDenied);
  if (!is_set(qualifier)) return refuse_enumeration(c, q, net_status::kInvalidParameter);
  const bool by_client = qualifier->starts_with("\\\\");
  const std::vector<ConnectionFacts> items = connection_facts(c, *qualifier);
  if (items.empty() && by_client) return refuse_enumeration(c, q, net_status::kClientNameNotFound);
  if (q.level == 0)
    return answer_enumeration<srvs::ConnectionInfo0>(
        c, q, items, [](const ConnectionFacts& f) { return srvs::ConnectionInfo0{f.id}; });
  return answer_enumeration<srvs::ConnectionInfo1>(
      c, q, items, [by_client](const ConnectionFacts& f) {
        return srvs::ConnectionInfo1{
            f.id, f.type, f.opens, 1, f.time_s, f.user, by_client ? f.share : f.client};
      });
}

/// MS-SRVS 3.1.4.2.
std::uint32_t file_enum(Call& c) {
  (void)c.in.unique_wide_string();
  const rpc::WidePointer base = c.in.unique_wide_string();
  const rpc::WidePointer user = c.in.unique_wide_string();
  rpc::EnumRequest q = rpc::read_enum_request(c.in, knows_file_level);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (!knows_file_level(q.level)) return refuse_enumeration(c, q, net_status::kInvalidLevel, false);
  if (!c.administrator()) return refuse_enumeration(c, q, net_status::kAccessDenied);
  std::vector<FileFacts> items = file_facts(c);
  std::erase_if(items, [&](const FileFacts& f) {
    if (is_set(user) && !same_name(*user, f.open.user)) return true;
    return is_set(base) && !fold_name(f.path).starts_with(fold_name(*base));
  });
  if (q.level == 2) return answer_enumeration<srvs::FileInfo2>(c, q, items, file2);
  return answer_enumeration<srvs::FileInfo3>(c, q, items, file3);
}

/// MS-SRVS 3.1.4.3.
std::uint32_t file_get_info(Call& c) {
  (void)c.in.unique_wide_string();
  const std::uint32_t id = c.in.u32();
  const std::uint32_t level = c.in.u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  auto refuse = [&](std::uint32_t status) {
    rpc::write_info_failure(c.out, level, knows_file_level(level), status);
    return 0u;
  };
  if (!knows_file_level(level)) return refuse(net_status::kInvalidLevel);
  if (!c.administrator()) return refuse(net_status::kAccessDenied);
  for (const FileFacts& f : file_facts(c)) {
    if (file_id(f.open.id) != id) continue;
    if (level == 2)
      rpc::write_info_response(c.out, level, file2(f));
    else
      rpc::write_info_response(c.out, level, file3(f));
    return 0;
  }
  return refuse(net_status::kFileIdNotFound);
}

/// MS-SRVS 3.1.4.4. An id that stands for several opens closes none of them.
std::uint32_t file_close(Call& c) {
  (void)c.in.unique_wide_string();
  const std::uint32_t id = c.in.u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  std::uint32_t status = net_status::kAccessDenied;
  if (c.administrator()) {
    std::vector<core::OpenListing> opens = c.server.opens();
    std::erase_if(opens, [id](const core::OpenListing& open) { return file_id(open.id) != id; });
    const bool closed = opens.size() == 1 && c.server.close_file(opens.front().id);
    status = closed ? net_status::kSuccess : net_status::kFileIdNotFound;
  }
  c.out.u32(status);
  return 0;
}

}  // namespace holdfast::service::pipes::srvsvc
