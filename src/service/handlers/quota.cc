// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/quota.h"

#include <algorithm>

#include "base/utf16.h"
#include "core/access/access_check.h"
#include "service/handlers/handlers.h"
#include "service/quota/quota_file.h"
#include "service/server/closing.h"
#include "wire/fscc/quota.h"
#include "wire/smb2/create.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
using wire::fscc::QuotaInformation;

constexpr std::string_view kQuotaFile = "$Extend\\$Quota:$Q:$INDEX_ALLOCATION";
// Entries that one answer is made of at most; an enumeration goes on behind them.
constexpr std::size_t kMaxEntries = 1'024;

/// A Unix account as every account has it, or the caller's own as the session has it.
std::optional<std::uint32_t> uid_of(const Sid& sid, const ports::Identity& who) {
  if (who.credentials.act_as_user && sid == who.sid) return who.credentials.uid;
  if (sid.count == 2 && sids::kUnixUsers.with(sid.sub[1]) == sid) return sid.sub[1];
  return std::nullopt;
}

QuotaInformation entry_of(const ports::UserQuota& quota, const Sid& sid) {
  QuotaInformation entry;
  entry.quota_used = quota.used;
  entry.quota_threshold = quota.threshold;
  entry.quota_limit = quota.limit;
  entry.sid = sid;
  return entry;
}

Task<NtStatus> by_sid(Request& r, ports::QuotaProvider& quotas, const std::vector<Sid>& asked,
                      std::vector<QuotaInformation>& out) {
  for (const Sid& sid : asked) {
    std::optional<std::uint32_t> uid = uid_of(sid, *r.identity);
    ports::UserQuota quota;
    if (uid) {
      Result<ports::UserQuota> found = co_await quotas.get(r.io(), *uid);
      if (!found) co_return found.error();
      quota = *found;
    }
    // Who has no account here has nothing here (MS-FSCC 2.4.41: an entry of zeros).
    out.push_back(entry_of(quota, sid));
  }
  co_return NtStatus::kSuccess;
}

/// Goes on where the last answer on this handle ended.
Task<NtStatus> enumerate(Request& r, const smb2::QueryInfoRequest& q, const core::OpenView& open,
                         ports::QuotaProvider& quotas, const wire::fscc::QueryQuotaInfo& asked,
                         Writer& out) {
  if (!open.file->is_quota_index()) co_return NtStatus::kInvalidParameter;
  auto& cursor = static_cast<QuotaFile&>(*open.file).cursor();
  std::vector<QuotaInformation> entries;
  std::uint64_t first = asked.restart_scan ? 0 : cursor.load();
  if (asked.start_sid) first = uid_of(*asked.start_sid, *r.identity).value_or(0);
  if (first > UINT32_MAX) co_return NtStatus::kNoMoreEntries;
  Result<std::vector<ports::UserQuota>> found =
      co_await quotas.list(r.io(), static_cast<std::uint32_t>(first), kMaxEntries);
  if (!found) co_return found.error();
  for (const ports::UserQuota& quota : *found)
    entries.push_back(entry_of(quota, sids::kUnixUsers.with(quota.uid)));
  if (asked.return_single && entries.size() > 1) entries.resize(1);
  if (entries.empty()) co_return NtStatus::kNoMoreEntries;
  std::size_t written = append_quota_list(entries, 0, q.output_buffer_length, out);
  if (written == 0) co_return NtStatus::kBufferTooSmall;
  cursor = std::uint64_t{(*found)[written - 1].uid} + 1;
  co_return NtStatus::kSuccess;
}

}  // namespace

bool is_quota_file(Bytes name) {
  return name.size() == 2 * kQuotaFile.size() && same_name(utf16le_to_utf8(name), kQuotaFile);
}

Task<Reply> create_quota_file(Request& r) {
  smb2::CreateRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  if (!r.identity->is_administrator) co_return error_reply(NtStatus::kAccessDenied);
  if (request.create_disposition != smb2::CreateDisposition::kOpen &&
      request.create_disposition != smb2::CreateDisposition::kOpenIf)
    co_return error_reply(NtStatus::kAccessDenied);
  Result<ports::Opened> root = co_await r.tree->share->vfs->open(r.io(), "", ports::OpenHow{});
  if (!root) co_return error_reply(root.error());
  core::OpenSpec spec;
  spec.session = r.session->id;
  spec.tree = r.header.tree_id;
  spec.connection = r.connection.id();
  spec.share = r.tree->share;
  spec.identity = r.identity;
  spec.file = std::make_shared<QuotaFile>(root->info.key);
  spec.object = {spec.file->key(), ""};
  spec.path = kQuotaFile;
  spec.access = core::map_generic(request.desired_access) & r.tree->maximal_access;
  spec.share_access = request.share_access;
  spec.created = r.server.env().clock.now();
  ports::FileInfo info = QuotaFile::info_of(spec.object.key);
  Result<core::OpenId> id = r.server.opens().open(std::move(spec));
  if (!id) co_return error_reply(id.error());
  if (!r.session->tree(r.header.tree_id)) {
    (void)co_await close_open(r.server, r.loop, *id);
    co_return error_reply(NtStatus::kNetworkNameDeleted);
  }
  std::optional<core::OpenView> open = r.server.opens().find(*id);
  if (!open) co_return error_reply(NtStatus::kFileClosed);
  smb2::CreateResponse response;
  response.create_action = smb2::CreateAction::kOpened;
  response.file_attributes = info.attributes;
  response.file_id = open->file_id();
  r.chain.file_id = response.file_id;
  co_return body_reply(response);
}

Task<NtStatus> query_quota(Request& r, const smb2::QueryInfoRequest& q, const core::OpenView& open,
                           Writer& out) {
  Result<wire::fscc::QueryQuotaInfo> asked = wire::fscc::decode_query_quota(q.input_buffer);
  if (!asked) co_return asked.error();
  std::shared_ptr<ports::QuotaProvider> quotas = open.share->quotas;
  if (quotas == nullptr || open.file == nullptr) co_return NtStatus::kNotSupported;
  // Everybody may know of themselves.
  bool own = asked->sids.size() == 1 && asked->sids.front() == r.identity->sid;
  if (!own && !r.identity->is_administrator) co_return NtStatus::kAccessDenied;
  std::vector<QuotaInformation> entries;
  if (!asked->sids.empty()) {
    if (NtStatus s = co_await by_sid(r, *quotas, asked->sids, entries); s != NtStatus::kSuccess)
      co_return s;
    std::size_t count = asked->return_single ? 1 : entries.size();
    entries.resize(std::min(count, entries.size()));
    bool all = append_quota_list(entries, 0, q.output_buffer_length, out) == entries.size();
    co_return all ? NtStatus::kSuccess : NtStatus::kBufferTooSmall;
  }
  co_return co_await enumerate(r, q, open, *quotas, *asked, out);
}

Task<NtStatus> set_quota(Request& r, const core::OpenView& open, Bytes buffer) {
  Result<std::vector<QuotaInformation>> given = wire::fscc::decode_quota_list(buffer);
  if (!given) co_return given.error();
  std::shared_ptr<ports::QuotaProvider> quotas = open.share->quotas;
  if (quotas == nullptr || open.file == nullptr) co_return NtStatus::kNotSupported;
  if (!r.identity->is_administrator || open.share->read_only) co_return NtStatus::kAccessDenied;
  for (const QuotaInformation& entry : *given) {
    std::optional<std::uint32_t> uid = uid_of(entry.sid, *r.identity);
    if (!uid) co_return NtStatus::kNoneMapped;
    // ~0 - 1 takes the entry away (MS-FSCC 2.4.41): no limits are left of it.
    auto limit_of = [](std::uint64_t value) {
      return value >= QuotaInformation::kNoLimit - 1 ? ports::UserQuota::kNoLimit : value;
    };
    ports::UserQuota quota{*uid, 0, limit_of(entry.quota_threshold), limit_of(entry.quota_limit)};
    if (Result<void> set = co_await quotas->set(r.io(), quota); !set) co_return set.error();
  }
  co_return NtStatus::kSuccess;
}

}  // namespace holdfast::service::handlers
