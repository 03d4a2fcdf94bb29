// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/short_names.h"

#include "base/utf16.h"
#include "core/path/short_name.h"

namespace holdfast::service::handlers {
namespace {

constexpr std::size_t kBatch = 512;

/// Reads the directory for it; "" when there is none.
Task<std::string> entry_called(Request& r, ports::File& directory, std::string_view name) {
  bool restart = true;
  while (true) {
    std::vector<ports::DirEntry> batch;
    Result<void> read =
        co_await directory.read_directory(r.io(), restart, ports::DirDetail::kNames, kBatch, batch);
    if (!read || batch.empty()) co_return "";
    restart = false;
    for (ports::DirEntry& entry : batch)
      if (same_name(core::short_name(entry.name), name)) co_return std::move(entry.name);
  }
}

/// The entry of the directory with this short name; "" when there is none, or one of that spelling.
Task<std::string> long_name(Request& r, std::string_view directory, std::string_view name) {
  Result<ports::Opened> opened =
      co_await r.tree->share->vfs->open(r.io(), directory, ports::OpenHow{});
  if (!opened || !opened->info.is_directory) co_return "";
  ports::File& file = *opened->file;
  if (Result<ports::DirEntry> there = co_await file.find_entry(r.io(), name); there) co_return "";
  co_return co_await entry_called(r, file, name);
}

}  // namespace

Task<std::string> with_long_names(Request& r, std::string_view path) {
  std::string out;
  while (!path.empty()) {
    std::size_t end = path.find('/');
    std::string component(path.substr(0, end));
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end + 1);
    if (core::looks_like_short_name(component))
      if (std::string found = co_await long_name(r, out, component); !found.empty())
        component = std::move(found);
    if (!out.empty()) out += '/';
    out += component;
  }
  co_return out;
}

Task<std::string> name_of_short_name(Request& r, ports::File& directory, std::string_view name) {
  if (!core::looks_like_short_name(name)) co_return "";
  // The directory's own place in its enumeration stays where it is.
  Result<std::string> path = co_await directory.path(r.io());
  co_return path ? co_await long_name(r, *path, name) : "";
}

bool may_have_short_names(std::string_view path) {
  if (path.find('~') == std::string_view::npos) return false;
  while (!path.empty()) {
    std::size_t end = path.find('/');
    if (core::looks_like_short_name(path.substr(0, end))) return true;
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end + 1);
  }
  return false;
}

}  // namespace holdfast::service::handlers
