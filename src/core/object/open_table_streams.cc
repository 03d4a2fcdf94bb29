// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/object/open_table.h"
#include "core/object/open_table_state.h"

/// A file and its named streams. Each has opens, share modes and a delete-pending of its own, but
/// - a stream that is open without sharing deletion keeps the file from being opened for deletion,
/// - a file that is to be deleted stays until its last stream is closed, and nobody gets in.
namespace holdfast::core {

namespace {

namespace Access = wire::smb2::FileAccess;
namespace Sharing = wire::smb2::ShareAccess;

}  // namespace

NtStatus OpenTable::Stripe::check_streams(const ObjectId& object, const Link& link,
                                          std::uint32_t access) {
  if (!object.stream.empty()) {
    auto file = files.find({object.key, ""});
    bool going = file != files.end() && file->second.going_as(link) != nullptr;
    return going ? NtStatus::kDeletePending : NtStatus::kSuccess;
  }
  auto found = streams.find(object.key);
  if (found == streams.end() || (access & Access::kDelete) == 0) return NtStatus::kSuccess;
  for (const std::string& name : found->second.open) {
    auto stream = files.find({object.key, name});
    if (stream == files.end()) continue;
    for (OpenId id : stream->second.opens) {
      const OpenSpec& other = find(id)->spec;
      if (share_modes_conflict(Access::kDelete, Sharing::kAll, other.access, other.share_access))
        return NtStatus::kSharingViolation;
    }
  }
  return NtStatus::kSuccess;
}

void OpenTable::Stripe::entered_stream(const ObjectId& object) {
  if (object.stream.empty()) return;
  std::vector<std::string>& open = streams[object.key].open;
  if (std::find(open.begin(), open.end(), object.stream) == open.end())
    open.push_back(object.stream);
}

void OpenTable::Stripe::left(CloseOutcome& out) {
  auto found = streams.find(out.object.key);
  if (found == streams.end()) return;
  FileStreams& of_file = found->second;
  if (out.object.stream.empty()) {
    // A second name does not wait for what the first waits for.
    if (!out.remove || of_file.going) return;
    of_file.going = out;
    of_file.going->wakes.clear();
    out.remove = false;
    return;
  }
  std::erase(of_file.open, out.object.stream);
  if (!of_file.open.empty()) return;
  if (of_file.going) {
    // The file takes its streams with it.
    std::vector<Wake> wakes = std::move(out.wakes);
    if (auto stream = files.find(out.object); stream != files.end()) {
      std::vector<Wake>& held = stream->second.wakes_after_removal;
      wakes.insert(wakes.end(), held.begin(), held.end());
      files.erase(stream);
    }
    out = std::move(*of_file.going);
    out.remove = true;
    out.wakes = std::move(wakes);
  }
  streams.erase(found);
}

void OpenTable::renamed(OpenId id, const std::string& new_path) {
  std::vector<OpenSpec> directories;
  {
    Stripe* stripe = stripe_of(id);
    Lock lock(stripe->mutex);
    Open* open = stripe->find(id);
    if (open == nullptr || open->spec.pipe != nullptr) return;
    const ports::FileKey key = open->spec.object.key;
    const Link old_name = name_of(open->spec);
    auto rename_opens = [&](const ObjectId& object) {
      auto file = stripe->files.find(object);
      if (file == stripe->files.end()) return;
      // A CLOSE that had the name marked while the file got another one: the link is the same.
      for (Going& going : file->second.going)
        if (going.link == old_name && !going.removing) going.link.path = new_path;
      for (OpenId other : file->second.opens) {
        OpenSpec& spec = stripe->find(other)->spec;
        if (name_of(spec) != old_name) continue;
        if (leases_directory(spec)) directories.push_back(spec);
        spec.path = new_path;
        stripe->find(other)->renaming_to.clear();
        changed(*stripe, other, *stripe->find(other));
      }
    };
    rename_opens({key, ""});
    auto streams = stripe->streams.find(key);
    if (streams != stripe->streams.end())
      for (const std::string& name : streams->second.open) rename_opens({key, name});
  }
  for (const OpenSpec& spec : directories) {
    directory_leases_.remove(spec.share->vfs.get(), spec.path, spec.object);
    directory_leases_.add(spec.share->vfs.get(), new_path, spec.object);
  }
}

NtStatus OpenTable::rename_stream(OpenId id, const std::string& new_stream) {
  ObjectId from, to;
  {
    Stripe* stripe = stripe_of(id);
    Lock lock(stripe->mutex);
    Open* open = stripe->find(id);
    if (open == nullptr || open->spec.pipe != nullptr) return NtStatus::kFileClosed;
    from = open->spec.object;
    to = {from.key, new_stream};
    if (from == to) return NtStatus::kSuccess;
    if (stripe->files.contains(to)) return NtStatus::kAccessDenied;
    auto node = stripe->files.extract(from);
    node.key() = to;
    for (OpenId other : node.mapped().opens) {
      stripe->find(other)->spec.object = to;
      changed(*stripe, other, *stripe->find(other));
    }
    stripe->files.insert(std::move(node));
    for (std::string& name : stripe->streams[from.key].open)
      if (name == from.stream) name = new_stream;
  }
  leases_.moved(from, to);
  return NtStatus::kSuccess;
}

}  // namespace holdfast::core
