// SPDX-License-Identifier: Apache-2.0
#include "service/server/hidden.h"

#include "core/path/path.h"
#include "core/session/hidden_names.h"

namespace holdfast::service {

void show_hidden(const core::Share& share, std::string_view path, ports::FileInfo& info) {
  namespace Attributes = wire::smb2::FileAttributes;
  if (share.hidden_names == nullptr || !share.hidden_names->match(core::last_component(path)))
    return;
  info.attributes = (info.attributes & ~Attributes::kNormal) | Attributes::kHidden;
}

Task<void> show_hidden(Request& r, const core::OpenView& open, ports::FileInfo& info) {
  if (open.share->hidden_names == nullptr) co_return;
  if (Result<std::string> path = co_await open.file->path(r.io()))
    show_hidden(*open.share, *path, info);
}

}  // namespace holdfast::service
