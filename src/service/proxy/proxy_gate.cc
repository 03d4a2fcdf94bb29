// SPDX-License-Identifier: Apache-2.0
#include "service/proxy/proxy_gate.h"

#include <algorithm>

#include "base/failover_limits.h"
#include "wire/proxy/proxy_header.h"

namespace holdfast::service {
namespace {

namespace proxy = wire::proxy;

ports::Endpoint to_endpoint(const proxy::Address& address) {
  ports::Endpoint out;
  out.address = address.octets;
  out.port = address.port;
  return out;
}

}  // namespace

/// The handler of the stream on the wire: reads the header, then passes everything on.
class ProxiedLink final : public ports::StreamHandler,
                          public std::enable_shared_from_this<ProxiedLink> {
 public:
  ProxiedLink(std::shared_ptr<ProxyGate> gate, ports::Executor& loop,
              std::shared_ptr<ports::Stream> stream)
      : gate_(std::move(gate)), loop_(loop), stream_(std::move(stream)) {}

  void begin();

  MutBytes receive_target() override;
  void on_received(Bytes data) override;
  void on_send_progress() override {
    if (user_ != nullptr) user_->on_send_progress();
  }
  void on_closed(ports::CloseReason reason) override;

  // For the stream that is handed on.
  ports::Stream& stream() { return *stream_; }
  void start(std::shared_ptr<ports::StreamHandler> user);
  bool started() const { return user_ != nullptr; }
  void pause();
  void resume();
  /// ports::Stream::image().
  std::optional<ports::StreamImage> image() const;

 private:
  void read_header(Bytes data);
  void hand_on(const proxy::Header& header);
  void refuse(std::string_view why);
  void deliver_rest_soon();
  void deliver_rest();
  void stop_timer();

  std::shared_ptr<ProxyGate> gate_;
  ports::Executor& loop_;
  std::shared_ptr<ports::Stream> stream_;
  std::shared_ptr<ports::StreamHandler> user_;
  ports::TimerId timer_ = 0;
  /// The header, and then what came behind it and has not been delivered.
  ByteVec octets_;
  bool has_header_ = false;
  bool refused_ = false;
  bool closed_ = false;
  /// By the user; while octets_ wait, or nobody has started the stream, it is paused by us.
  bool paused_ = false;
};

namespace {

/// What the server gets.
class ProxiedStream final : public ports::Stream {
 public:
  ProxiedStream(std::shared_ptr<ProxiedLink> link, const ports::TcpConnection& addresses)
      : link_(std::move(link)), addresses_(addresses) {}
  ~ProxiedStream() override {
    if (!link_->started()) link_->stream().close();
  }

  void start(std::shared_ptr<ports::StreamHandler> handler) override {
    link_->start(std::move(handler));
  }
  void send(Buffer data) override { link_->stream().send(std::move(data)); }
  std::size_t queued() const override { return link_->stream().queued(); }
  std::size_t unconfirmed() const override { return link_->stream().unconfirmed(); }
  void pause_receiving() override { link_->pause(); }
  void resume_receiving() override { link_->resume(); }
  void suspend(UniqueFunction done) override { link_->stream().suspend(std::move(done)); }
  void resume() override { link_->stream().resume(); }
  std::optional<ports::StreamImage> image() const override { return link_->image(); }
  void close() override { link_->stream().close(); }
  void abort() override { link_->stream().abort(); }
  void outlive(bool yes) override { link_->stream().outlive(yes); }
  ports::Endpoint peer() const override { return addresses_.peer; }
  ports::Endpoint local() const override { return addresses_.local; }

 private:
  std::shared_ptr<ProxiedLink> link_;
  ports::TcpConnection addresses_;
};

}  // namespace

void ProxiedLink::begin() {
  timer_ = loop_.start_timer(limits::kProxyHeaderTimeout_us, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (self == nullptr) return;
    self->timer_ = 0;
    self->refuse("no PROXY header within the time limit");
  });
  stream_->start(shared_from_this());
}

void ProxiedLink::stop_timer() {
  if (timer_ != 0) loop_.cancel_timer(std::exchange(timer_, 0));
}

MutBytes ProxiedLink::receive_target() {
  return user_ != nullptr && octets_.empty() ? user_->receive_target() : MutBytes{};
}

void ProxiedLink::on_received(Bytes data) {
  if (refused_ || closed_) return;
  if (!has_header_) return read_header(data);
  if (user_ != nullptr && octets_.empty()) return user_->on_received(data);
  // The loop had them before it was told to pause.
  octets_.insert(octets_.end(), data.begin(), data.end());
}

void ProxiedLink::read_header(Bytes data) {
  // Octets beyond the longest header cannot belong to it, so they are kept only once it is known.
  std::size_t room = limits::kMaxProxyHeader - octets_.size();
  Bytes taken = data.first(std::min(room, data.size()));
  octets_.insert(octets_.end(), taken.begin(), taken.end());
  proxy::Parsed parsed = proxy::parse_proxy_header(octets_);
  if (parsed.progress == proxy::Progress::kIncomplete) return;
  if (parsed.progress == proxy::Progress::kMalformed)
    return refuse("a malformed PROXY header: " + std::string(parsed.error));
  Bytes behind = data.subspan(taken.size());
  octets_.insert(octets_.end(), behind.begin(), behind.end());
  octets_.erase(octets_.begin(), octets_.begin() + static_cast<std::ptrdiff_t>(parsed.size));
  has_header_ = true;
  stop_timer();
  // Until somebody takes it.
  stream_->pause_receiving();
  hand_on(parsed.header);
}

void ProxiedLink::hand_on(const proxy::Header& header) {
  ports::TcpConnection on_the_wire{stream_->local(), stream_->peer()};
  ports::TcpConnection said = on_the_wire;
  if (header.has_addresses) said = {to_endpoint(header.destination), to_endpoint(header.source)};
  gate_->next_(loop_, std::make_shared<ProxiedStream>(shared_from_this(), said), on_the_wire);
}

void ProxiedLink::refuse(std::string_view why) {
  if (has_header_ || refused_ || closed_) return;
  refused_ = true;
  stop_timer();
  gate_->refused(loop_, stream_->peer(), why);
  stream_->abort();
}

void ProxiedLink::start(std::shared_ptr<ports::StreamHandler> user) {
  user_ = std::move(user);
  if (closed_) {
    // It ended before anybody wanted it; the end is told from the loop, as every stream does.
    loop_.post([self = shared_from_this()] {
      std::exchange(self->user_, nullptr)->on_closed(ports::CloseReason::kError);
    });
    return;
  }
  resume();
}

void ProxiedLink::deliver_rest_soon() {
  loop_.post([self = shared_from_this()] { self->deliver_rest(); });
}

void ProxiedLink::deliver_rest() {
  if (user_ == nullptr || paused_ || closed_ || octets_.empty()) return;
  ByteVec rest = std::exchange(octets_, {});
  user_->on_received(rest);
  if (!paused_) stream_->resume_receiving();
}

std::optional<ports::StreamImage> ProxiedLink::image() const {
  std::optional<ports::StreamImage> image = stream_->image();
  if (image) image->received.insert(image->received.begin(), octets_.begin(), octets_.end());
  return image;
}

void ProxiedLink::pause() {
  paused_ = true;
  stream_->pause_receiving();
}

void ProxiedLink::resume() {
  paused_ = false;
  if (octets_.empty())
    stream_->resume_receiving();
  else
    deliver_rest_soon();
}

void ProxiedLink::on_closed(ports::CloseReason reason) {
  closed_ = true;
  stop_timer();
  if (!has_header_ && !refused_ && !octets_.empty())
    gate_->refused(loop_, stream_->peer(), "it ended within the PROXY header");
  octets_.clear();
  if (auto user = std::exchange(user_, nullptr)) user->on_closed(reason);
}

ProxyGate::ProxyGate(std::vector<ports::AddressRange> trusted, EventSink& events, Next next)
    : trusted_(std::move(trusted)), events_(events), next_(std::move(next)) {}

void ProxyGate::accept(ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
  ports::Endpoint peer = stream->peer();
  bool trusted = std::ranges::any_of(
      trusted_, [&](const ports::AddressRange& range) { return range.contains(peer); });
  if (!trusted) {
    refused(loop, peer, "it is not one of the proxies of listen.proxy_from");
    return stream->abort();
  }
  std::make_shared<ProxiedLink>(shared_from_this(), loop, std::move(stream))->begin();
}

void ProxyGate::refused(ports::Executor& loop, const ports::Endpoint& peer, std::string_view why) {
  std::uint64_t count = refusals_.fetch_add(1) + 1;
  std::uint64_t now = loop.clock().monotonic_us();
  std::uint64_t due = next_event_us_.load();
  if (now < due ||
      !next_event_us_.compare_exchange_strong(due, now + limits::kProxyRefusalEventEvery_us))
    return;
  events_.emit({Severity::kWarning,
                "connection.refused.proxy",
                "Refused a connection from " + peer.to_string() + ": " + std::string(why) + ".",
                {{"peer", peer.to_string()},
                 {"reason", std::string(why)},
                 {"refused", std::to_string(count)}}});
}

}  // namespace holdfast::service
