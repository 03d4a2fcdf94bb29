// SPDX-License-Identifier: Apache-2.0
// Files, directories and streams that mean nothing special.
#include "base/utf16.h"
#include "core/path/path.h"
#include "service/apple/apple_vfs_impl.h"
#include "service/apple/passing_file.h"

namespace holdfast::service::apple {
namespace {

bool is_netatalk(const ports::Ea& ea) { return same_name(ea.name, core::apple::kNetatalkMetadata); }

class PlainFile final : public PassingFile {
 public:
  PlainFile(std::shared_ptr<AppleVfs> vfs, ports::FilePtr file)
      : PassingFile(std::move(file)), vfs_(std::move(vfs)) {}

  Task<Result<std::vector<ports::StreamInfo>>> streams(IoContext io) override {
    return vfs_->streams_of(io, passes_to());
  }
  /// Finder information is not an EA to clients.
  Task<Result<std::vector<ports::Ea>>> eas(IoContext io) override {
    Result<std::vector<ports::Ea>> out = co_await passes_to().eas(io);
    if (out) std::erase_if(*out, is_netatalk);
    co_return out;
  }
  Task<Result<void>> set_eas(IoContext io, const std::vector<ports::Ea>& eas) override {
    for (const ports::Ea& ea : eas)
      if (is_netatalk(ea)) co_return fail(NtStatus::kAccessDenied);
    co_return co_await passes_to().set_eas(io, eas);
  }
  /// What protects a file protects its resource fork.
  Task<Result<void>> set_security(IoContext io, const SetSecurity& change) override {
    Result<void> done = co_await passes_to().set_security(io, change);
    if (!done || is_directory()) co_return done;
    ports::FilePtr beside = co_await vfs_->companion(io, co_await path_or_nothing(io, passes_to()),
                                                     ports::DataAccess::kNone);
    if (beside != nullptr) (void)co_await beside->set_security(io, change);
    co_return done;
  }

  Task<Result<void>> read_directory(IoContext io, bool restart, ports::DirDetail detail,
                                    std::size_t limit, std::vector<ports::DirEntry>& out) override {
    // A batch of nothing but hidden entries is not the end of the directory.
    std::size_t before = out.size();
    while (true) {
      std::size_t read_from = out.size();
      Result<void> read = co_await passes_to().read_directory(io, restart, detail, limit, out);
      if (!read || out.size() == read_from) co_return read;
      restart = false;
      for (std::size_t i = read_from; i < out.size();) {
        if (core::apple::is_double_name(out[i].name) && co_await is_hidden(io, out[i].name))
          out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
        else
          ++i;
      }
      if (out.size() > before) co_return read;
    }
  }
  Task<Result<ports::DirEntry>> find_entry(IoContext io, std::string_view name) override {
    if (core::apple::is_double_name(name) && co_await is_hidden(io, name))
      co_return fail(NtStatus::kObjectNameNotFound);
    co_return co_await passes_to().find_entry(io, name);
  }

 private:
  Task<bool> is_hidden(IoContext io, std::string_view name) {
    Result<std::string> directory = co_await passes_to().path(io);
    if (!directory) co_return false;
    std::string path = directory->empty() ? std::string() : *directory + "/";
    co_return co_await vfs_->belongs_to_another(io, path.append(name));
  }

  const std::shared_ptr<AppleVfs> vfs_;
};

}  // namespace

ports::FilePtr make_plain_file(std::shared_ptr<AppleVfs> vfs, ports::FilePtr file) {
  return std::make_shared<PlainFile>(std::move(vfs), std::move(file));
}

}  // namespace holdfast::service::apple
