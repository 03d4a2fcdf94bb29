// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "app/config/config.h"
#include "base/event.h"
#include "base/mutex.h"
#include "service/pipes/share_editor.h"

namespace holdfast::app {

/// Changes shares by changing the configuration file, as `holdfast share` does, for clients whose
/// administrators use `net rpc share` or Windows' own tools.
///
/// Called on loops: it reads and writes a small file there, which is rare enough to be borne.
class ShareFileEditor final : public service::ShareEditor {
 public:
  /// changed: called on any thread after the file was changed.
  ShareFileEditor(std::string config_file, EventSink& events, std::function<void()> changed)
      : config_file_(std::move(config_file)), events_(events), changed_(std::move(changed)) {}

  /// security.remote_share_changes.
  void allow(bool allowed) { allowed_ = allowed; }

  Outcome add(const service::ShareChange& share) override;
  Outcome change(const service::ShareChange& share) override;
  Outcome remove(const std::string& name) override;

 private:
  struct File;
  Outcome read(File& file);
  /// Writes the text if it is a right configuration.
  Outcome write(const std::string& text, const std::string& done);
  void say(Severity severity, std::string text);

  const std::string config_file_;
  EventSink& events_;
  const std::function<void()> changed_;
  std::atomic<bool> allowed_{false};
  Mutex mutex_;
};

}  // namespace holdfast::app
