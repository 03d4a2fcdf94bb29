// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "service/pipes/accounts.h"
#include "service/pipes/rpc_interface.h"
#include "wire/rpc/lsa.h"

/// The Local Security Authority, as far as names and SIDs are concerned (MS-LSAT, and what of
/// MS-LSAD a client asks before). Read-only.
namespace holdfast::service::pipes {
namespace {

namespace rpc = wire::rpc;
namespace lsa = wire::rpc::lsa;
using lsa::SidType;

constexpr std::string_view kWorkgroup = "WORKGROUP";

void write_status(Call& c, NtStatus status) { c.out.u32(static_cast<std::uint32_t>(status)); }

Accounts accounts_of(Call& c) {
  return Accounts(c.server.settings()->server_name, c.server.users());
}

/// Strangers learn who is here only where the settings let them in.
bool may_look(Call& c) {
  return !c.client.identity.is_anonymous || c.server.settings()->policy.allow_anonymous;
}

/// Reads the handle that a call begins with. False: it is none of this association's.
bool read_handle(Call& c) {
  c.in.align(4);
  return c.handles != nullptr && c.handles->knows(c.in.octets(ContextHandles::kSize));
}

/// MS-LSAD 3.1.4.4.1. The object attributes are ignored but for RootDirectory, which must be null;
/// the desired access is not kept, because nothing here needs more than being who one is.
std::uint32_t answer_open(Call& c) {
  c.in.align(4);
  (void)c.in.u32();  // Length
  const bool root = c.in.unique();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  NtStatus status = NtStatus::kSuccess;
  ContextHandles::Octets handle{};
  if (root) {
    status = NtStatus::kInvalidParameter;
  } else if (!may_look(c)) {
    status = NtStatus::kAccessDenied;
  } else if (auto opened = c.handles == nullptr ? std::nullopt : c.handles->open()) {
    handle = *opened;
  } else {
    status = NtStatus::kInsufficientResources;
  }
  c.out.octets(handle);
  write_status(c, status);
  return 0;
}

std::uint32_t open_policy(Call& c) {
  if (c.in.unique()) (void)c.in.u16();  // one unit of a name that means nothing
  return answer_open(c);
}

std::uint32_t open_policy2(Call& c) {
  (void)c.in.unique_wide_string();
  return answer_open(c);
}

/// MS-LSAD 3.1.4.9.4.
std::uint32_t close(Call& c) {
  c.in.align(4);
  Bytes handle = c.in.octets(ContextHandles::kSize);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (c.handles == nullptr || !c.handles->close(handle)) return rpc::fault_status::kContextMismatch;
  c.out.octets(ContextHandles::Octets{});
  write_status(c, NtStatus::kSuccess);
  return 0;
}

/// A domain's name and SID, as several classes have it (MS-LSAD 2.2.4.5, 2.2.4.6).
void write_domain(Call& c, std::string_view name, const std::optional<Sid>& sid) {
  lsa::write_string_header(c.out, name);
  c.out.pointer(sid.has_value());
  lsa::write_string_body(c.out, name);
  if (sid) lsa::write_sid(c.out, *sid);
}

/// MS-LSAD 3.1.4.4.4. This machine is in no domain: the account domain is its own, the primary
/// domain a workgroup without SID.
std::uint32_t query_information(Call& c) {
  constexpr std::uint16_t kPrimaryDomain = 3, kAccountDomain = 5, kServerRole = 6, kDnsDomain = 12,
                          kDnsDomainInt = 13, kLocalAccountDomain = 14;
  if (!read_handle(c)) return rpc::fault_status::kContextMismatch;
  const std::uint16_t level = c.in.u16();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  const Accounts accounts = accounts_of(c);
  auto begin = [&] {
    c.out.pointer(true);
    c.out.u16(level);
    c.out.align(4);
  };
  NtStatus status = NtStatus::kSuccess;
  switch (level) {
    case kPrimaryDomain:
      begin();
      write_domain(c, kWorkgroup, std::nullopt);
      break;
    case kAccountDomain:
    case kLocalAccountDomain:
      begin();
      write_domain(c, accounts.machine_name(), accounts.machine_sid());
      break;
    case kServerRole:
      begin();
      c.out.u16(3);  // PolicyServerRolePrimary
      break;
    case kDnsDomain:
    case kDnsDomainInt:
      begin();
      for (std::string_view name : {kWorkgroup, std::string_view(), std::string_view()})
        lsa::write_string_header(c.out, name);
      c.out.octets(std::array<std::uint8_t, 16>{});
      c.out.pointer(false);
      for (std::string_view name : {kWorkgroup, std::string_view(), std::string_view()})
        lsa::write_string_body(c.out, name);
      break;
    default: c.out.pointer(false); status = NtStatus::kInvalidParameter;
  }
  write_status(c, status);
  return 0;
}

/// The domains that the answers of one lookup refer to.
class Domains {
 public:
  std::int32_t index_of(const AccountName& account) {
    auto found = std::find_if(list_.begin(), list_.end(), [&](const lsa::Domain& domain) {
      return domain.sid == account.domain_sid;
    });
    if (found == list_.end())
      found = list_.insert(list_.end(), {account.domain, account.domain_sid});
    return static_cast<std::int32_t>(found - list_.begin());
  }
  const std::vector<lsa::Domain>& list() const { return list_; }

 private:
  std::vector<lsa::Domain> list_;
};

NtStatus outcome(std::size_t mapped, std::size_t asked) {
  if (mapped == asked) return NtStatus::kSuccess;
  return mapped == 0 ? NtStatus::kNoneMapped : NtStatus::kSomeNotMapped;
}

/// What follows the question: the answer's place (which must be empty), the level, MappedCount and,
/// where there are, LookupOptions and ClientRevision. Anything but LsapLookupWksta to
/// LsapLookupRODCReferralToFullDC is refused (MS-LSAT 2.2.16).
NtStatus read_lookup_end(Call& c, bool extended) {
  const std::uint32_t entries = c.in.u32();
  if (c.in.unique() || entries != 0) c.in.fail();
  const std::uint16_t level = c.in.u16();
  (void)c.in.u32();
  if (extended) {
    (void)c.in.u32();
    (void)c.in.u32();
  }
  if (level < 1 || level > 7) return NtStatus::kInvalidParameter;
  return may_look(c) ? NtStatus::kSuccess : NtStatus::kAccessDenied;
}

/// MS-LSAT 3.1.4.9, 3.1.4.10.
std::uint32_t answer_sids(Call& c, bool extended) {
  if (!read_handle(c)) return rpc::fault_status::kContextMismatch;
  std::vector<Sid> sids = lsa::read_sids(c.in);
  NtStatus status = read_lookup_end(c, extended);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (status != NtStatus::kSuccess) sids.clear();
  const Accounts accounts = accounts_of(c);
  Domains domains;
  std::vector<lsa::TranslatedName> names;
  std::size_t mapped = 0;
  for (const Sid& sid : sids) {
    lsa::TranslatedName& name = names.emplace_back();
    if (auto account = accounts.find(sid)) {
      name = {account->type, account->name, domains.index_of(*account)};
      ++mapped;
    } else {
      name.name = sid.to_string();
    }
  }
  if (status == NtStatus::kSuccess) status = outcome(mapped, sids.size());
  lsa::write_domains(c.out, domains.list());
  lsa::write_translated_names(c.out, names, extended);
  c.out.u32(static_cast<std::uint32_t>(mapped));
  write_status(c, status);
  return 0;
}

std::uint32_t lookup_sids(Call& c) { return answer_sids(c, false); }
std::uint32_t lookup_sids2(Call& c) { return answer_sids(c, true); }

/// MS-LSAT 3.1.4.6 to 3.1.4.8.
std::uint32_t answer_names(Call& c, lsa::SidForm form) {
  if (!read_handle(c)) return rpc::fault_status::kContextMismatch;
  std::vector<std::string> names = lsa::read_names(c.in);
  NtStatus status = read_lookup_end(c, form != lsa::SidForm::kRid);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (status != NtStatus::kSuccess) names.clear();
  const Accounts accounts = accounts_of(c);
  Domains domains;
  std::vector<lsa::TranslatedSid> sids;
  std::size_t mapped = 0;
  for (const std::string& name : names) {
    lsa::TranslatedSid& sid = sids.emplace_back();
    if (auto account = accounts.find(name)) {
      sid = {account->type, account->sid, domains.index_of(*account)};
      ++mapped;
    }
  }
  if (status == NtStatus::kSuccess) status = outcome(mapped, names.size());
  lsa::write_domains(c.out, domains.list());
  lsa::write_translated_sids(c.out, sids, form);
  c.out.u32(static_cast<std::uint32_t>(mapped));
  write_status(c, status);
  return 0;
}

std::uint32_t lookup_names(Call& c) { return answer_names(c, lsa::SidForm::kRid); }
std::uint32_t lookup_names2(Call& c) { return answer_names(c, lsa::SidForm::kRidWithFlags); }
std::uint32_t lookup_names3(Call& c) { return answer_names(c, lsa::SidForm::kWhole); }

/// MS-LSAT 3.1.4.4: who calls. What the pointers lead to in the request means nothing.
std::uint32_t get_user_name(Call& c) {
  (void)c.in.unique_wide_string();
  auto skip_string = [&c] {
    if (c.in.unique()) (void)lsa::read_string_body(c.in, lsa::read_string_header(c.in));
  };
  skip_string();
  const bool wants_domain = c.in.unique();
  if (wants_domain) skip_string();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  const ports::Identity& who = c.client.identity;
  c.out.pointer(true);
  lsa::write_string(c.out, who.is_anonymous ? "ANONYMOUS LOGON" : who.user);
  c.out.align(4);
  c.out.pointer(wants_domain);
  if (wants_domain) {
    c.out.pointer(true);
    lsa::write_string(c.out, who.is_anonymous ? "NT AUTHORITY" : accounts_of(c).machine_name());
  }
  c.out.align(4);
  write_status(c, NtStatus::kSuccess);
  return 0;
}

/// MS-LSAD 3.1.4.5.2: accounts with rights of their own; there are none beside the builtin groups.
std::uint32_t enumerate_accounts(Call& c) {
  if (!read_handle(c)) return rpc::fault_status::kContextMismatch;
  const std::uint32_t resume = c.in.u32();
  (void)c.in.u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  const std::vector<Sid> all = {sids::kBuiltinAdministrators, sids::kBuiltinUsers,
                                sids::kBuiltinGuests};
  const bool more = resume < all.size() && c.administrator();
  c.out.u32(static_cast<std::uint32_t>(all.size()));
  if (more) {
    lsa::write_sids(c.out, {all.begin() + resume, all.end()});
  } else {
    c.out.u32(0);
    c.out.pointer(false);
  }
  write_status(c, more                ? NtStatus::kSuccess
                  : c.administrator() ? NtStatus::kNoMoreEntries
                                      : NtStatus::kAccessDenied);
  return 0;
}

Operation lsarpc_operation(std::uint16_t opnum) {
  namespace op = lsa::opnum;
  switch (opnum) {
    case op::kClose: return close;
    case op::kOpenPolicy: return open_policy;
    case op::kOpenPolicy2: return open_policy2;
    case op::kQueryInformationPolicy:
    case op::kQueryInformationPolicy2: return query_information;
    case op::kEnumerateAccounts: return enumerate_accounts;
    case op::kLookupSids: return lookup_sids;
    case op::kLookupSids2: return lookup_sids2;
    case op::kLookupNames: return lookup_names;
    case op::kLookupNames2: return lookup_names2;
    case op::kLookupNames3: return lookup_names3;
    case op::kGetUserName: return get_user_name;
    default: return nullptr;
  }
}

}  // namespace

std::optional<ContextHandles::Octets> ContextHandles::open() {
  if (open_.size() >= kMax) return std::nullopt;
  // ndr_context_handle: attributes, which are 0, and a UUID (C706 6.1.6).
  Octets handle{};
  store_u64(&handle[4], next_++);
  std::memcpy(&handle[12], "holdfast", 8);
  open_.push_back(handle);
  return handle;
}

bool ContextHandles::knows(Bytes handle) const {
  return std::any_of(open_.begin(), open_.end(), [&](const Octets& o) { return equal(o, handle); });
}

bool ContextHandles::close(Bytes handle) {
  return std::erase_if(open_, [&](const Octets& o) { return equal(o, handle); }) != 0;
}

const Interface kLsarpc{lsa::kInterface, lsarpc_operation};

}  // namespace holdfast::service::pipes
