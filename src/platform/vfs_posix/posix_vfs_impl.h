// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/vfs_posix/local_watcher.h"
#include "platform/vfs_posix/posix_file.h"

namespace holdfast::platform::posix {

using ports::CreateHow;
using ports::Opened;
using ports::OpenHow;

/// ports::Vfs over a Share. Methods that end in _now make the system calls on the calling thread.
class PosixVfs final : public ports::Vfs {
 public:
  explicit PosixVfs(std::shared_ptr<Share> share, Names names = Names::kFolded)
      : share_(std::move(share)), names_(names) {}

  Task<Result<Opened>> open(IoContext io, std::string_view path, const OpenHow& how) override;
  Task<Result<std::optional<ports::SymlinkStop>>> find_symlink(IoContext io,
                                                               std::string_view path) override;
  Task<Result<Opened>> create(IoContext io, std::string_view path, const CreateHow& how) override;
  Task<Result<FileInfo>> overwrite(IoContext io, ports::File& file, const CreateHow& how) override;
  Task<Result<void>> remove(IoContext io, ports::File& file) override;
  Task<Result<bool>> remove_durably(IoContext io, ports::File& file) override;
  Task<Result<std::string>> rename(IoContext io, ports::File& file, std::string_view new_path,
                                   bool replace_if_exists) override;
  Task<Result<void>> rename_stream(IoContext io, ports::File& stream, std::string_view new_stream,
                                   bool replace_if_exists) override;
  Task<Result<void>> link(IoContext io, ports::File& file, std::string_view new_path,
                          bool replace_if_exists) override;
  Task<Result<ports::VolumeInfo>> volume_info(IoContext io) override;
  std::shared_ptr<ports::Vfs> with_exact_names() override {
    return std::make_shared<PosixVfs>(share_, Names::kExact);
  }

  Task<std::shared_ptr<ports::ChangeWatch>> watch_local_changes(
      IoContext io, ports::FilePtr directory, bool tree,
      std::weak_ptr<ports::LocalChangeSink> sink) override;

  Share& share() { return *share_; }

 private:
  Result<Opened> open_now(const Credentials& who, std::string_view path, const OpenHow& how,
                          Blocking blocking);
  Result<std::optional<ports::SymlinkStop>> find_symlink_now(const Credentials& who,
                                                             std::string_view path,
                                                             Blocking blocking);
  Result<Opened> open_stream(const Credentials& who, Found found, const Stat& st,
                             const std::string& stream, DataAccess access);
  Result<Opened> create_now(const Credentials& who, std::string_view path, const CreateHow& how,
                            Blocking blocking);
  Result<UniqueFd> make_unless_there(const Credentials& who, const Place& place,
                                     const CreateHow& how, Blocking blocking);
  Result<Opened> create_stream(const Credentials& who, const std::string& disk_path,
                               const CreateHow& how, Blocking blocking);
  Result<Opened> opened(PosixFile::Init init);
  Result<Opened> finish_open(PosixFile::Init init, const OpenHow& how);
  Result<FileInfo> overwrite_now(const Credentials& who, PosixFile& file, const CreateHow& how);
  Result<void> remove_stream_now(const Credentials& who, PosixFile& file);
  /// Returns the directory of the name that is gone, perhaps by O_PATH.
  Result<UniqueFd> remove_now(const Credentials& who, PosixFile& file);
  Result<std::string> rename_now(const Credentials& who, PosixFile& file, std::string_view new_path,
                                 bool replace, Blocking blocking);
  /// The unnamed stream, which must be empty, gets the content; the handle leads nowhere then.
  Result<void> make_stream_the_data(const Credentials& who, PosixFile& stream, bool replace);
  Result<void> rename_stream_now(const Credentials& who, PosixFile& stream,
                                 std::string_view new_stream, bool replace);
  Result<void> link_now(const Credentials& who, PosixFile& file, std::string_view new_path,
                        bool replace, Blocking blocking);
  Result<ports::VolumeInfo> volume_info_now();

  const std::shared_ptr<Share> share_;
  const Names names_;
  const std::shared_ptr<LocalWatcher> watcher_ = std::make_shared<LocalWatcher>(share_, *this);
};

}  // namespace holdfast::platform::posix
