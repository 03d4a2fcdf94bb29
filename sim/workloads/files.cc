// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf16.h"
#include "sim/client/operations.h"
#include "sim/workloads/model.h"
#include "sim/workloads/workload.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
using smb2::CreateAction, smb2::CreateDisposition;
namespace Options = smb2::CreateOptions;
namespace Attributes = smb2::FileAttributes;

constexpr std::size_t kLargestFile = 300'000;

/// A client that works in a directory of its own and knows what must be there.
class FileStory {
 public:
  FileStory(Scene& scene, Client& client, bool faults)
      : scene_(scene), client_(client), rng_(client.rng()), faults_(faults) {
    root_ = std::make_shared<ModelNode>();
    root_->name = "home of " + client.options().name;
    root_->is_directory = true;
  }

  Task<void> run(std::uint64_t operations);

 private:
  struct Handle {
    smb2::FileId id;
    ModelPtr node;
  };

  bool failed() const { return scene_.world().failed(); }
  void wrong(const std::string& what) { scene_.world().fail(client_.options().name + " " + what); }
  bool expect(NtStatus is, NtStatus should, const std::string& what) {
    if (is == should) return true;
    // A disk that fails says so; what it did is then uncertain.
    if (faults_ && (is == NtStatus::kDiskFull || is == NtStatus::kIoDeviceError)) return false;
    wrong(what + ": " + to_string(is) + " instead of " + to_string(should));
    return false;
  }

  std::string some_name();
  ModelPtr some_directory();
  ModelPtr some_node(bool files_only);
  Handle* some_handle(bool files_only);
  ByteVec some_octets(std::size_t most);

  Task<void> one_operation();
  Task<void> create();
  Task<void> create_at(ModelPtr parent, std::string name, CreateDisposition how, bool directory,
                       std::uint32_t attributes);
  NtStatus expected_create(const ModelPtr& node, CreateDisposition how, bool directory,
                           std::uint32_t attributes) const;
  void apply_create(const ModelPtr& parent, const ModelPtr& found, const OpenArgs& args,
                    const std::string& name, const OpenFile& opened);
  Task<void> close_one(std::size_t index);
  Task<void> write_some();
  Task<void> read_some();
  Task<void> read_all(ModelPtr node);
  Task<void> truncate();
  Task<void> rename_one();
  NtStatus expected_rename(const ModelPtr& node, const ModelPtr& parent, const std::string& name,
                           bool replace) const;
  Task<void> remove_one();
  Task<void> list_one(ModelPtr directory);
  Task<void> change_attributes();
  Task<void> change_ea();
  Task<void> use_stream();
  Task<void> use_compound();
  Task<void> reconcile(Handle handle);
  Task<void> check_everything(ModelPtr directory);

  Scene& scene_;
  Client& client_;
  Rng& rng_;
  bool faults_;
  ModelPtr root_;
  std::vector<Handle> handles_;
};

std::string FileStory::some_name() {
  static const char* kNames[] = {"a",     "B",     "note.txt", "NOTE.TXT",
                                 "Ärger", "äRGER", "名前",     "long name with spaces",
                                 "x.1",   "X.1",   "c",        "tmp"};
  return kNames[rng_.below(std::size(kNames))];
}

ModelPtr FileStory::some_directory() {
  std::vector<ModelPtr> list{root_};
  for (const auto& [folded, child] : root_->children)
    if (child->is_directory && !child->delete_pending) list.push_back(child);
  return list[rng_.below(list.size())];
}

ModelPtr FileStory::some_node(bool files_only) {
  std::vector<ModelPtr> list;
  ModelPtr directory = some_directory();
  for (const auto& [folded, child] : directory->children)
    if (!files_only || !child->is_directory) list.push_back(child);
  return list.empty() ? nullptr : list[rng_.below(list.size())];
}

FileStory::Handle* FileStory::some_handle(bool files_only) {
  if (handles_.empty()) return nullptr;
  Handle& handle = handles_[rng_.below(handles_.size())];
  return files_only && handle.node->is_directory ? nullptr : &handle;
}

ByteVec FileStory::some_octets(std::size_t most) {
  ByteVec data(rng_.between(1, most));
  std::uint64_t state = rng_.u64();
  // Some of it is worth compressing.
  const unsigned shift = state % 2 == 0 ? 56 : 62;
  for (std::uint8_t& octet : data)
    octet = static_cast<std::uint8_t>(
        (state = state * 6364136223846793005ull + 1442695040888963407ull) >> shift);
  return data;
}

// ---- create and close ----

NtStatus FileStory::expected_create(const ModelPtr& node, CreateDisposition how, bool directory,
                                    std::uint32_t attributes) const {
  if (node == nullptr)
    return how == CreateDisposition::kOpen || how == CreateDisposition::kOverwrite
               ? NtStatus::kObjectNameNotFound
               : NtStatus::kSuccess;
  if (how == CreateDisposition::kCreate)
    return node->delete_pending ? NtStatus::kDeletePending : NtStatus::kObjectNameCollision;
  if (directory != node->is_directory)
    return directory ? NtStatus::kNotADirectory : NtStatus::kFileIsADirectory;
  bool overwrites = how != CreateDisposition::kOpen && how != CreateDisposition::kOpenIf;
  if (overwrites && (node->attributes & Attributes::kHidden & ~attributes) != 0)
    return NtStatus::kAccessDenied;
  return node->delete_pending ? NtStatus::kDeletePending : NtStatus::kSuccess;
}

void FileStory::apply_create(const ModelPtr& parent, const ModelPtr& found, const OpenArgs& args,
                             const std::string& name, const OpenFile& opened) {
  ModelPtr node = found;
  CreateAction action = CreateAction::kOpened;
  if (node == nullptr) {
    node = std::make_shared<ModelNode>();
    node->name = name;
    node->parent = parent.get();
    node->is_directory = (args.options & Options::kDirectoryFile) != 0;
    node->attributes = args.attributes | (node->is_directory ? 0 : Attributes::kArchive);
    parent->children[fold_name(name)] = node;
    action = CreateAction::kCreated;
  } else if (args.disposition != CreateDisposition::kOpen &&
             args.disposition != CreateDisposition::kOpenIf) {
    node->data = {};
    node->streams.clear();
    node->eas.clear();
    node->attributes = args.attributes | Attributes::kArchive;
    action = args.disposition == CreateDisposition::kSupersede ? CreateAction::kSuperseded
                                                               : CreateAction::kOverwritten;
  }
  ++node->handles;
  handles_.push_back({opened.id, node});
  if (opened.action != action) wrong("CREATE of " + node->path() + " did something else");
  if (opened.size != node->data.octets.size())
    wrong("CREATE of " + node->path() + " tells size " + std::to_string(opened.size) +
          " instead of " + std::to_string(node->data.octets.size()));
}

Task<void> FileStory::create_at(ModelPtr parent, std::string name, CreateDisposition how,
                                bool directory, std::uint32_t attributes) {
  auto entry = parent->children.find(fold_name(name));
  ModelPtr node = entry == parent->children.end() ? nullptr : entry->second;
  OpenArgs args;
  args.path = parent->path() + "\\" + name;
  args.disposition = how;
  args.attributes = attributes;
  args.options = directory ? Options::kDirectoryFile : Options::kNonDirectoryFile;
  NtStatus should = expected_create(node, how, directory, attributes);
  Result<OpenFile> opened = co_await open(client_, args);
  NtStatus is = opened ? NtStatus::kSuccess : opened.error();
  if (!expect(is, should, "CREATE of " + args.path)) {
    // A failed overwrite may have happened.
    if (node != nullptr && faults_) node->data.unknown.assign(node->data.octets.size(), true);
    co_return;
  }
  if (opened) apply_create(parent, node, args, name, *opened);
}

Task<void> FileStory::create() {
  if (handles_.size() >= 8) co_return co_await close_one(rng_.below(handles_.size()));
  bool directory = rng_.one_in(5);
  ModelPtr parent = directory ? root_ : some_directory();
  auto how = static_cast<CreateDisposition>(rng_.below(6));
  if (directory)
    how = static_cast<CreateDisposition>(rng_.between(1, 3));  // the others are for files
  std::uint32_t attributes = rng_.one_in(8) && !directory ? Attributes::kHidden : 0;
  co_await create_at(parent, some_name(), how, directory, attributes);
}

Task<void> FileStory::close_one(std::size_t index) {
  Handle handle = handles_[index];
  handles_.erase(handles_.begin() + static_cast<std::ptrdiff_t>(index));
  expect(co_await close(client_, handle.id), NtStatus::kSuccess, "CLOSE of " + handle.node->path());
  ModelNode& node = *handle.node;
  if (--node.handles != 0 || !node.delete_pending) co_return;
  node.parent->children.erase(fold_name(node.name));
}

// ---- data ----

Task<void> FileStory::reconcile(Handle handle) {
  ModelData& data = handle.node->data;
  Result<wire::fscc::StandardInformation> info = co_await standard_info(client_, handle.id);
  if (!info) {
    expect(info.error(), NtStatus::kSuccess, "QUERY_INFO");
    co_return;
  }
  data.resize(info->end_of_file, false);
}

Task<void> FileStory::write_some() {
  Handle* found = some_handle(true);
  if (found == nullptr) co_return;
  Handle handle = *found;
  ModelData& data = handle.node->data;
  std::size_t offset = rng_.below(rng_.one_in(4) ? kLargestFile / 2 : data.octets.size() + 1);
  std::size_t most = rng_.one_in(10) && client_.max_transact() > 65'536 ? 150'000 : 5'000;
  ByteVec octets = some_octets(most);
  NtStatus status = co_await write(client_, handle.id, offset, octets, rng_.one_in(6));
  bool certain = expect(status, NtStatus::kSuccess, "WRITE to " + handle.node->path());
  std::size_t old_size = data.octets.size();
  data.write(offset, octets, certain);
  if (certain || failed()) co_return;
  // Whether the hole in front of it came to be is uncertain too.
  for (std::size_t i = old_size; i < data.octets.size(); ++i) data.unknown[i] = true;
  co_await reconcile(handle);
}

Task<void> FileStory::read_some() {
  Handle* found = some_handle(true);
  if (found == nullptr) co_return;
  Handle handle = *found;
  const ModelData& data = handle.node->data;
  std::size_t size = data.octets.size();
  std::size_t offset = rng_.below(size + 100);
  auto length = static_cast<std::uint32_t>(
      rng_.between(1, client_.max_transact() > 65'536 && rng_.one_in(8) ? 200'000 : 8'000));
  Result<ByteVec> octets = co_await read(client_, handle.id, offset, length);
  std::string what = "READ of " + handle.node->path() + " at " + std::to_string(offset);
  if (!octets) {
    expect(octets.error(), offset >= size ? NtStatus::kEndOfFile : NtStatus::kSuccess, what);
    co_return;
  }
  std::size_t should = offset >= size ? 0 : std::min<std::size_t>(length, size - offset);
  if (octets->size() != should)
    co_return wrong(what + ": " + std::to_string(octets->size()) + " octets instead of " +
                    std::to_string(should));
  std::size_t difference = data.first_difference(offset, *octets);
  if (difference != std::string::npos)
    wrong(what + ": octet " + std::to_string(difference) + " is not what was written");
}

Task<void> FileStory::read_all(ModelPtr node) {
  OpenArgs args;
  args.path = node->path();
  args.disposition = CreateDisposition::kOpen;
  Result<OpenFile> file = co_await open(client_, args);
  if (!expect(file ? NtStatus::kSuccess : file.error(), NtStatus::kSuccess,
              "CREATE of " + args.path))
    co_return;
  std::size_t at = 0;
  while (at < node->data.octets.size()) {
    Result<ByteVec> octets = co_await read(client_, file->id, at, 65'536);
    if (!octets) {
      expect(octets.error(), NtStatus::kSuccess, "READ of " + args.path);
      break;
    }
    std::size_t difference = node->data.first_difference(at, *octets);
    if (difference != std::string::npos || octets->empty()) {
      wrong("at the end finds octet " + std::to_string(difference) + " of " + args.path + " wrong");
      break;
    }
    at += octets->size();
  }
  (void)co_await close(client_, file->id);
}

Task<void> FileStory::truncate() {
  Handle* found = some_handle(true);
  if (found == nullptr) co_return;
  Handle handle = *found;
  std::size_t size =
      rng_.below(rng_.one_in(3) ? kLargestFile : handle.node->data.octets.size() + 10);
  NtStatus status = co_await set_end_of_file(client_, handle.id, size);
  if (expect(status, NtStatus::kSuccess, "SET_INFO (end of file) of " + handle.node->path()))
    handle.node->data.resize(size, true);
}

// ---- names ----

NtStatus FileStory::expected_rename(const ModelPtr& node, const ModelPtr& parent,
                                    const std::string& name, bool replace) const {
  if (node->delete_pending) return NtStatus::kAccessDenied;
  // All handles of this story may delete, and a directory that somebody may delete takes no names.
  if (parent->handles != 0) return NtStatus::kSharingViolation;
  auto entry = parent->children.find(fold_name(name));
  if (entry != parent->children.end() && entry->second != node) {
    const ModelNode& target = *entry->second;
    if (!replace) return NtStatus::kObjectNameCollision;
    if (target.is_directory || target.handles != 0) return NtStatus::kAccessDenied;
  }
  return node->is_directory && node->any_open_below() ? NtStatus::kAccessDenied
                                                      : NtStatus::kSuccess;
}

Task<void> FileStory::rename_one() {
  Handle* found = some_handle(false);
  if (found == nullptr) co_return;
  Handle handle = *found;
  ModelPtr node = handle.node;
  ModelPtr parent = node->is_directory ? root_ : some_directory();
  std::string name = some_name();
  bool replace = rng_.one_in(2);
  NtStatus should = expected_rename(node, parent, name, replace);
  std::string what = "rename of " + node->path() + " to " + parent->path() + "\\" + name;
  NtStatus is = co_await rename(client_, handle.id, parent->path() + "\\" + name, replace);
  if (!expect(is, should, what) || is != NtStatus::kSuccess) co_return;
  node->parent->children.erase(fold_name(node->name));
  node->name = name;
  node->parent = parent.get();
  parent->children[fold_name(name)] = node;
}

Task<void> FileStory::remove_one() {
  Handle* found = some_handle(false);
  if (found == nullptr) co_return;
  Handle handle = *found;
  ModelNode& node = *handle.node;
  bool remove = !node.delete_pending || rng_.one_in(2);
  NtStatus should = remove && node.is_directory && !node.children.empty()
                        ? NtStatus::kDirectoryNotEmpty
                        : NtStatus::kSuccess;
  NtStatus is = co_await set_delete(client_, handle.id, remove);
  if (expect(is, should, "SET_INFO (disposition) of " + node.path()) && is == NtStatus::kSuccess)
    node.delete_pending = remove;
}

Task<void> FileStory::list_one(ModelPtr directory) {
  OpenArgs args;
  args.path = directory->path();
  args.disposition = CreateDisposition::kOpen;
  args.access = access::kRead;
  args.options = Options::kDirectoryFile;
  Result<OpenFile> handle = co_await open(client_, args);
  if (!expect(handle ? NtStatus::kSuccess : handle.error(),
              directory->delete_pending ? NtStatus::kDeletePending : NtStatus::kSuccess,
              "CREATE of " + args.path) ||
      !handle)
    co_return;
  auto entries = co_await list(client_, handle->id, "*", rng_.one_in(2) ? 600 : 60'000);
  if (entries) {
    std::map<std::string, std::uint64_t> seen;
    for (const auto& e : *entries) seen[e.file_name] = e.end_of_file;
    for (const auto& [folded, child] : directory->children) {
      auto entry = seen.find(child->name);
      if (entry == seen.end()) {
        wrong("does not find " + child->path() + " in a listing");
      } else if (!child->is_directory && entry->second != child->data.octets.size()) {
        wrong("finds a wrong size of " + child->path() + " in a listing");
      }
    }
    if (seen.size() != directory->children.size() || seen.size() != entries->size())
      wrong("finds " + std::to_string(entries->size()) + " entries in " + args.path +
            " instead of " + std::to_string(directory->children.size()));
  } else {
    expect(entries.error(), NtStatus::kSuccess, "QUERY_DIRECTORY of " + args.path);
  }
  (void)co_await close(client_, handle->id);
}

// ---- attributes, extended attributes, streams, compounds ----

Task<void> FileStory::change_attributes() {
  Handle* found = some_handle(true);
  if (found == nullptr) co_return;
  Handle handle = *found;
  std::uint32_t wanted = rng_.one_in(2) ? Attributes::kHidden : Attributes::kArchive;
  if (expect(co_await set_attributes(client_, handle.id, wanted), NtStatus::kSuccess,
             "SET_INFO (basic) of " + handle.node->path()))
    handle.node->attributes = wanted;
  Result<wire::fscc::BasicInformation> info = co_await basic_info(client_, handle.id);
  if (!info) {
    expect(info.error(), NtStatus::kSuccess, "QUERY_INFO (basic)");
  } else if (info->file_attributes != handle.node->attributes) {
    wrong("finds other attributes on " + handle.node->path() + " than it set");
  }
}

Task<void> FileStory::change_ea() {
  Handle* found = some_handle(false);
  if (found == nullptr) co_return;
  Handle handle = *found;
  std::string name = rng_.one_in(2) ? "FIRST" : "SECOND";
  ByteVec value = rng_.one_in(4) ? ByteVec{} : some_octets(200);
  if (expect(co_await set_ea(client_, handle.id, name, value), NtStatus::kSuccess,
             "SET_INFO (EA)")) {
    handle.node->eas[name] = value;
    if (value.empty()) handle.node->eas.erase(name);
  }
  auto list = co_await eas(client_, handle.id);
  if (!list) {
    if (!handle.node->eas.empty() || list.error() != NtStatus::kNoEasOnFile)
      expect(list.error(), NtStatus::kSuccess, "QUERY_INFO (EA)");
    co_return;
  }
  std::map<std::string, ByteVec> seen;
  for (const auto& ea : *list) seen[ea.name] = ea.value;
  if (seen != handle.node->eas) wrong("finds other EAs on " + handle.node->path() + " than it set");
}

Task<void> FileStory::use_stream() {
  ModelPtr node = some_node(true);
  if (node == nullptr || node->delete_pending) co_return;
  std::string stream = rng_.one_in(2) ? "one" : "two";
  OpenArgs args;
  args.path = node->path() + ":" + stream;
  Result<OpenFile> file = co_await open(client_, args);
  if (!expect(file ? NtStatus::kSuccess : file.error(), NtStatus::kSuccess,
              "CREATE of " + args.path))
    co_return;
  ModelData& data = node->streams[stream];
  std::size_t offset = rng_.below(data.octets.size() + 1);
  ByteVec octets = some_octets(3'000);
  NtStatus status = co_await write(client_, file->id, offset, octets);
  bool certain = expect(status, NtStatus::kSuccess, "WRITE to " + args.path);
  data.write(offset, octets, certain);
  if (certain) {
    Result<ByteVec> back = co_await read(client_, file->id, 0, 60'000);
    if (back && (data.first_difference(0, *back) != std::string::npos ||
                 (back->size() < 60'000 && back->size() != data.octets.size())))
      wrong("reads something else from " + args.path + " than it wrote");
    if (!back) expect(back.error(), NtStatus::kSuccess, "READ of " + args.path);
  } else if (Result<wire::fscc::StandardInformation> info =
                 co_await standard_info(client_, file->id);
             info) {
    data.resize(info->end_of_file, false);
  }
  expect(co_await close(client_, file->id), NtStatus::kSuccess, "CLOSE of " + args.path);
}

/// CREATE, QUERY_INFO or WRITE, CLOSE in one frame.
Task<void> FileStory::use_compound() {
  ModelPtr parent = some_directory();
  std::string name = some_name();
  auto entry = parent->children.find(fold_name(name));
  if (entry != parent->children.end()) co_return;
  OpenArgs args;
  args.path = parent->path() + "\\" + name;
  args.options = Options::kNonDirectoryFile;
  args.disposition = CreateDisposition::kCreate;
  ByteVec octets = some_octets(2'000);
  std::vector<Part> parts;
  parts.push_back(create_part(args));
  parts.push_back(write_part(smb2::FileId::all_ones(), 0, octets));
  parts.push_back(close_part(smb2::FileId::all_ones()));
  parts[1].related = parts[2].related = true;
  std::vector<Answer> answers = co_await client_.compound(std::move(parts));
  if (!expect(answers[0].status, NtStatus::kSuccess, "CREATE in a compound")) co_return;
  bool written = expect(answers[1].status, NtStatus::kSuccess, "WRITE in a compound");
  expect(answers[2].status, NtStatus::kSuccess, "CLOSE in a compound");
  auto node = std::make_shared<ModelNode>();
  node->name = name;
  node->parent = parent.get();
  node->attributes = Attributes::kArchive;
  parent->children[fold_name(name)] = node;
  if (written) co_return node->data.write(0, octets, true);
  Result<OpenFile> again =
      co_await open(client_, args.path.empty() ? args : OpenArgs{.path = args.path, .lease = {}});
  if (!again) co_return;
  node->data.resize(again->size, false);
  (void)co_await close(client_, again->id);
}

Task<void> FileStory::one_operation() {
  switch (rng_.below(16)) {
    case 0:
    case 1:
    case 2: co_return co_await create();
    case 3:
      if (!handles_.empty()) co_await close_one(rng_.below(handles_.size()));
      co_return;
    case 4:
    case 5:
    case 6: co_return co_await write_some();
    case 7:
    case 8: co_return co_await read_some();
    case 9: co_return co_await truncate();
    case 10: co_return co_await rename_one();
    case 11: co_return co_await remove_one();
    case 12: co_return co_await list_one(some_directory());
    case 13: co_return co_await (rng_.one_in(2) ? change_attributes() : change_ea());
    case 14: co_return co_await use_stream();
    default: co_return co_await use_compound();
  }
}

Task<void> FileStory::check_everything(ModelPtr directory) {
  co_await list_one(directory);
  std::vector<ModelPtr> children;
  for (const auto& [folded, child] : directory->children) children.push_back(child);
  for (const ModelPtr& child : children) {
    if (failed()) co_return;
    if (child->is_directory) {
      co_await check_everything(child);
    } else {
      co_await read_all(child);
    }
  }
}

Task<void> FileStory::run(std::uint64_t operations) {
  for (NtStatus status : {co_await client_.connect(), co_await client_.logon(),
                          co_await client_.tree_connect("data")})
    expect(status, NtStatus::kSuccess, "cannot log on");
  OpenArgs home;
  home.path = root_->name;
  home.options = Options::kDirectoryFile;
  Result<OpenFile> directory = co_await open(client_, home);
  for (int tries = 0; !directory && faults_ && tries < 20 && !failed(); ++tries)
    directory = co_await open(client_, home);
  if (!directory) co_return wrong("cannot make its directory: " + to_string(directory.error()));
  (void)co_await close(client_, directory->id);
  for (std::uint64_t i = 0; i < operations && !failed(); ++i) co_await one_operation();
  while (!handles_.empty() && !failed()) co_await close_one(handles_.size() - 1);
  if (!failed()) co_await check_everything(root_);
  if (failed()) co_return;
  if (rng_.one_in(2)) expect(co_await client_.logoff(), NtStatus::kSuccess, "LOGOFF");
  client_.disconnect();
}

}  // namespace

void run_files(Scene& scene, const RunOptions&) {
  bool faults = scene.rng().one_in(3);
  if (faults) {
    scene.vfs().faults().io_error_per_mille = scene.rng().below(30);
    scene.vfs().faults().disk_full_per_mille = scene.rng().below(30);
  }
  scene.vfs().faults().slow_flush_per_mille = 50;
  scene.network().conditions().window = scene.rng().between(2'000, 300'000);
  std::vector<std::unique_ptr<FileStory>> stories;
  for (const char* name : {"first", "second"}) {
    Client& client = scene.add_client(scene.some_options(name));
    stories.push_back(std::make_unique<FileStory>(scene, client, faults));
    scene.start(stories.back()->run(scene.rng().between(20, 200)));
  }
  scene.run();
  scene.expect_nothing_left();
}

}  // namespace holdfast::sim
