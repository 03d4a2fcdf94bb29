// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "base/mutex.h"
#include "core/apple/apple_double.h"
#include "ports/async_lock.h"
#include "service/apple/apple_vfs.h"

namespace holdfast::service::apple {

using core::apple::AfpInfo;
using ports::IoContext;

/// Where the octets of a resource fork are.
struct Fork {
  ports::FilePtr file;
  /// The first octet of it in `file`: behind the head of a ._ file; 0: it has a stream of its own.
  std::uint64_t begin = 0;
  std::uint64_t length = 0;
};

/// The file system of a share with what macOS means by its streams. Paths are in their real case.
class AppleVfs final : public AppleShare, public std::enable_shared_from_this<AppleVfs> {
 public:
  AppleVfs(std::shared_ptr<ports::Vfs> inner, const AppleOptions& options)
      : inner_(std::move(inner)), options_(options) {}

  // ports::Vfs
  Task<Result<ports::Opened>> open(IoContext io, std::string_view path,
                                   const ports::OpenHow& how) override;
  Task<Result<std::optional<ports::SymlinkStop>>> find_symlink(IoContext io,
                                                               std::string_view path) override {
    return inner_->find_symlink(io, path);
  }
  Task<Result<ports::Opened>> create(IoContext io, std::string_view path,
                                     const ports::CreateHow& how) override;
  Task<Result<ports::FileInfo>> overwrite(IoContext io, ports::File& file,
                                          const ports::CreateHow& how) override;
  Task<Result<void>> remove(IoContext io, ports::File& file) override;
  Task<Result<bool>> remove_durably(IoContext io, ports::File& file) override;
  Task<Result<std::string>> rename(IoContext io, ports::File& file, std::string_view new_path,
                                   bool replace_if_exists) override;
  Task<Result<void>> rename_stream(IoContext io, ports::File& stream, std::string_view new_stream,
                                   bool replace_if_exists) override;
  Task<Result<void>> link(IoContext io, ports::File& file, std::string_view new_path,
                          bool replace_if_exists) override {
    return inner_->link(io, file.underlying(), new_path, replace_if_exists);
  }
  Task<Result<ports::VolumeInfo>> volume_info(IoContext io) override;
  std::shared_ptr<ports::Vfs> with_exact_names() override { return inner_->with_exact_names(); }
  Task<std::shared_ptr<ports::ChangeWatch>> watch_local_changes(
      IoContext io, ports::FilePtr directory, bool tree,
      std::weak_ptr<ports::LocalChangeSink> sink) override {
    ports::FilePtr below(directory, &directory->underlying());
    return inner_->watch_local_changes(io, std::move(below), tree, std::move(sink));
  }

  // ports::AppleVolume
  Task<Result<ports::AppleEntry>> entry(IoContext io, std::string_view path) override;
  std::shared_ptr<ports::Vfs> over(std::shared_ptr<ports::Vfs> other) const override {
    return std::make_shared<AppleVfs>(std::move(other),
                                      AppleOptions{options_.netatalk_metadata, 0, true});
  }

  // For its files. base: the object itself, as the inner file system opened it.
  Task<Result<std::optional<AfpInfo>>> load_info(IoContext io, ports::File& base);
  /// What says nothing is taken away.
  Task<Result<void>> store_info(IoContext io, ports::File& base, const AfpInfo& info);
  Task<Result<void>> erase_info(IoContext io, ports::File& base);
  /// kObjectNameNotFound: there is no place for it yet. One of length 0 is a place, but no fork.
  /// may_convert: a ._ file of macOS is taken apart first.
  Task<Result<Fork>> open_fork(IoContext io, std::string path, ports::DataAccess access,
                               bool may_convert = true);
  Task<Result<Fork>> make_fork(IoContext io, ports::File& base);
  /// The head of a ._ file says how long its resource fork is.
  Task<Result<void>> note_length(IoContext io, const Fork& fork);
  /// What is said of an object is durable when it returns.
  Task<Result<void>> flush_object(IoContext io, std::string path);
  Task<Result<std::vector<ports::StreamInfo>>> streams_of(IoContext io, ports::File& base);
  /// The ._ file of a path, opened to read it: nullptr when there is none, or when it is none.
  Task<ports::FilePtr> companion(IoContext io, std::string path, ports::DataAccess access);
  /// Is path a ._ file that belongs to another one?
  Task<bool> belongs_to_another(IoContext io, std::string path);

 private:
  Task<Result<ports::Opened>> open_info(IoContext io, std::string_view path,
                                        const ports::OpenHow& how);
  Task<Result<ports::Opened>> open_fork_file(IoContext io, std::string_view path,
                                             const ports::OpenHow& how);
  Task<Result<ports::Opened>> create_special(IoContext io, std::string_view path,
                                             const ports::CreateHow& how);
  /// Takes apart what macOS has put into a ._ file (conversion.cc).
  Task<void> convert(IoContext io, std::string path);
  Task<bool> convert_parts(IoContext io, const std::string& path, ports::File& companion,
                           const core::apple::DoubleHead& head);
  Task<bool> make_plain(IoContext io, const std::string& path, ports::File& companion,
                        const core::apple::DoubleHead& head);
  Task<Result<void>> put_stream(IoContext io, const std::string& path, const std::string& stream,
                                Bytes value);
  /// Octets that Time Machine's images take at most (time_machine.cc).
  Task<std::uint64_t> taken_by_images(IoContext io);
  Task<std::uint64_t> taken_by_image(IoContext io, const std::string& image);

  struct Bands {
    NtTime read_as_of;
    std::uint64_t octets = 0;
  };

  const std::shared_ptr<ports::Vfs> inner_;
  const AppleOptions options_;
  /// ._ files are made and replaced by one at a time.
  ports::AsyncLock forks_;
  Mutex bands_mutex_;
  std::map<std::string, Bands> bands_;
};

/// The path of an open file, for those who do nothing without one.
Task<std::string> path_or_nothing(IoContext io, ports::File& file);

ports::FilePtr make_plain_file(std::shared_ptr<AppleVfs> vfs, ports::FilePtr file);
ports::FilePtr make_info_file(std::shared_ptr<AppleVfs> vfs, ports::FilePtr base);
ports::FilePtr make_fork_file(std::shared_ptr<AppleVfs> vfs, ports::FilePtr base,
                              std::optional<Fork> fork);

/// What an open of a special stream tells of it.
ports::FileInfo info_of_stream(const ports::FileInfo& base, std::uint64_t size,
                               std::uint64_t allocation);

}  // namespace holdfast::service::apple
