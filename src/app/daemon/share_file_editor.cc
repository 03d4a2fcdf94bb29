// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/share_file_editor.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/config/loader.h"
#include "app/config/schema.h"
#include "app/config/share_edit.h"
#include "app/daemon/state_dir.h"
#include "base/utf16.h"

namespace holdfast::app {

using Outcome = service::ShareEditor::Outcome;

/// The file as it is, and the share that is asked for.
struct ShareFileEditor::File {
  std::string text;
  Config config;

  const ShareConfig* find(std::string_view name) const {
    auto found = std::ranges::find_if(
        config.shares, [&](const ShareConfig& share) { return same_name(share.name, name); });
    return found == config.shares.end() ? nullptr : &*found;
  }
};

namespace {

void apply(const service::ShareChange& change, ShareConfig& share) {
  if (change.comment) share.comment = *change.comment;
  if (change.access_based_enumeration)
    share.access_based_enumeration = *change.access_based_enumeration;
  if (change.encrypted)
    share.encryption = *change.encrypted ? core::Requirement::kRequired : ShareConfig().encryption;
  if (change.compress_data) share.compress_data = *change.compress_data;
}

}  // namespace

void ShareFileEditor::say(Severity severity, std::string text) {
  events_.emit(Event{severity, "share.edited", std::move(text), {}});
}

Outcome ShareFileEditor::read(File& file) {
  if (!allowed_) return Outcome::kNotAllowed;
  std::ifstream in(config_file_, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  file.text = text.str();
  LoadResult loaded = parse_config(file.text, config_file_);
  if (!in || !loaded.ok()) {
    say(Severity::kError, "A client asked for a change of shares, but " + config_file_ +
                              " cannot be read or has mistakes.");
    return Outcome::kFailed;
  }
  file.config = std::move(loaded.config);
  return Outcome::kDone;
}

Outcome ShareFileEditor::write(const std::string& text, const std::string& done) {
  LoadResult checked = parse_config(text, config_file_);
  if (!checked.ok()) {
    say(Severity::kWarning,
        "A client asked for a change of shares that is none: " + checked.report());
    return Outcome::kFailed;
  }
  if (auto written = replace_file(config_file_, text, 0644); !written) {
    say(Severity::kError, "A client asked for a change of shares: " + written.error());
    return Outcome::kFailed;
  }
  say(Severity::kNotice, done);
  changed_();
  return Outcome::kDone;
}

Outcome ShareFileEditor::add(const service::ShareChange& change) {
  Lock lock(mutex_);
  File file;
  if (Outcome o = read(file); o != Outcome::kDone) return o;
  if (!share_name_error(change.name).empty()) return Outcome::kBadName;
  if (file.find(change.name) != nullptr) return Outcome::kExists;
  std::error_code error;
  const std::filesystem::path path(change.path.value_or(""));
  if (!path.is_absolute() || !std::filesystem::is_directory(path, error))
    return Outcome::kNoDirectory;
  ShareConfig share;
  share.name = change.name;
  share.path = path.lexically_normal().string();
  apply(change, share);
  return write(with_share(file.text, share),
               "A client added share " + share.name + " (" + share.path + ").");
}

Outcome ShareFileEditor::change(const service::ShareChange& change) {
  Lock lock(mutex_);
  File file;
  if (Outcome o = read(file); o != Outcome::kDone) return o;
  const ShareConfig* now = file.find(change.name);
  if (now == nullptr) return Outcome::kMissing;
  ShareConfig share = *now;
  apply(change, share);
  if (share == *now) return Outcome::kDone;
  auto without = without_share(file.text, share.name);
  if (!without) return Outcome::kFailed;
  return write(with_share(*without, share), "A client changed share " + share.name + ".");
}

Outcome ShareFileEditor::remove(const std::string& name) {
  Lock lock(mutex_);
  File file;
  if (Outcome o = read(file); o != Outcome::kDone) return o;
  const ShareConfig* now = file.find(name);
  if (now == nullptr) return Outcome::kMissing;
  auto without = without_share(file.text, now->name);
  if (!without) return Outcome::kFailed;
  return write(*without, "A client removed share " + now->name + ".");
}

}  // namespace holdfast::app
