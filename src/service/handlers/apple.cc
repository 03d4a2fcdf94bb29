// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/apple.h"

#include "core/apple/afp_info.h"
#include "service/server/security.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
namespace Aapl = smb2::Aapl;

constexpr std::uint64_t kServerCapabilities = Aapl::kSupportsReadDirAttr |
                                              Aapl::kSupportsOsxCopyfile | Aapl::kUnixBased |
                                              Aapl::kSupportsNfsAce;
/// Beside what the client can: it has sent an AAPL context.
constexpr std::uint64_t kNegotiated = std::uint64_t{1} << 63;

/// "Holdfast", UTF-16LE: what Finder may show an icon for.
constexpr std::uint8_t kModel[] = {'H', 0, 'o', 0, 'l', 0, 'd', 0, 'f', 0, 'a', 0, 's', 0, 't', 0};

}  // namespace

bool speaks_apple(const Request& r, std::uint64_t capability) {
  if (r.session == nullptr || !r.tree || r.tree->share->apple == nullptr) return false;
  std::uint64_t wanted = capability | kNegotiated;
  return (r.session->apple_capabilities.load(std::memory_order_relaxed) & wanted) == wanted;
}

std::optional<smb2::AaplResponse> answer_aapl(Request& r, const smb2::AaplRequest& asked) {
  const core::Share& share = *r.tree->share;
  if (share.apple == nullptr || asked.command_code != Aapl::kServerQuery) return std::nullopt;
  r.session->apple_capabilities.store(
      (asked.client_capabilities & kServerCapabilities) | kNegotiated, std::memory_order_relaxed);
  smb2::AaplResponse out;
  out.reply_bitmap =
      asked.request_bitmap & (Aapl::kServerCaps | Aapl::kVolumeCaps | Aapl::kModelInfo);
  out.server_capabilities = kServerCapabilities;
  // FLUSH always reaches the disk; Time Machine wants to be told.
  if (share.time_machine) out.volume_capabilities |= Aapl::kSupportsFullSync;
  out.model = kModel;
  return out;
}

std::uint32_t unix_mode(const ports::FileInfo& info) {
  constexpr std::uint32_t kDirectory = 0040000, kRegular = 0100000;
  return (info.mode & 07777) | (info.is_directory ? kDirectory : kRegular);
}

Task<void> add_apple_attributes(Request& r, ports::File& directory,
                                wire::fscc::FileInfoClass info_class,
                                wire::fscc::DirectoryEntry& entry) {
  entry.file_id = 0;
  entry.file_id_128 = {};
  if (info_class != wire::fscc::FileInfoClass::kIdBothDirectory ||
      !speaks_apple(r, Aapl::kSupportsReadDirAttr) || entry.file_name == "..")
    co_return;
  Result<std::string> path = co_await directory.path(r.io());
  if (!path) co_return;
  if (entry.file_name != ".") {
    if (!path->empty()) *path += '/';
    *path += entry.file_name;
  }
  Result<ports::AppleEntry> found = co_await r.tree->share->apple->entry(r.io(), *path);
  // It has gone meanwhile, or the user may not look at it.
  if (!found) co_return;
  const ports::Opened& object = found->object;
  Result<std::uint32_t> maximal = co_await maximal_access_of(
      r.io(), *r.tree, *r.identity, *object.file, object.info, object.path);
  if (maximal) entry.ea_size = *maximal;
  wire::fscc::AppleAttributes& told = entry.apple.emplace();
  told.resource_fork_size = found->resource_fork_size;
  told.finder_info = core::apple::compress(found->finder_info);
  if (speaks_apple(r, Aapl::kUnixBased))
    told.mode = static_cast<std::uint16_t>(unix_mode(object.info));
}

bool is_no_stream(const Request& r, std::string_view stream, std::uint64_t size) {
  // AFP_AfpInfo is never empty; AFP_Resource is not there when it is.
  return !stream.empty() && size == 0 && speaks_apple(r);
}

}  // namespace holdfast::service::handlers
