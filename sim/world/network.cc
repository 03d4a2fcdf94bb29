// SPDX-License-Identifier: Apache-2.0
#include "sim/world/network.h"

#include <algorithm>

#include "sim/world/stream.h"

namespace holdfast::sim {

// ---- SimStream ----

SimStream::SimStream(SimNetwork& network, SimExecutor& loop, std::uint64_t number,
                     ports::Endpoint peer, ports::Endpoint local)
    : network_(network),
      loop_(loop),
      rng_(loop.world().seed(), 1'000 + number),
      number_(number),
      peer_(peer),
      local_(local) {
  ++network_.open_sides_;
}

SimStream::~SimStream() {
  if (!ended_) --network_.open_sides_;
}

std::size_t SimStream::piece_of(std::size_t available) {
  if (rng_.per_mille(network_.conditions_.tiny_pieces_per_mille))
    return std::min<std::size_t>(available, rng_.between(1, 5));
  if (rng_.one_in(2)) return available;
  return rng_.between(1, available);
}

void SimStream::start(std::shared_ptr<ports::StreamHandler> handler) {
  if (ended_) {
    loop_.post([h = std::move(handler)] { h->on_closed(ports::CloseReason::kError); });
    return;
  }
  handler_ = std::move(handler);
  self_ = shared_from_this();
  started_ = true;
  deliver_later();
}

void SimStream::send(Buffer data) {
  if (closing_ || ended_) return;
  NetworkPlants& plants = network_.plants_;
  if (is_server_ && plants.drop_frame_one_in != 0 && rng_.one_in(plants.drop_frame_one_in)) return;
  if (is_server_ && plants.flip_bit_one_in != 0 && rng_.one_in(plants.flip_bit_one_in))
    data.data()[data.size() - 1 - rng_.below(data.size() / 2)] ^= 0x10;
  if (is_server_ && plants.repeat_frame_one_in != 0 && rng_.one_in(plants.repeat_frame_one_in))
    out_.insert(out_.end(), data.data(), data.data() + data.size());
  out_.insert(out_.end(), data.data(), data.data() + data.size());
  longest_out_ = std::max(longest_out_, out_.size());
  pump_later();
}

void SimStream::pump_later() {
  if (pump_scheduled_ || ended_) return;
  pump_scheduled_ = true;
  loop_.world().schedule(rng_.below(20), [self = shared_from_this()] { self->pump(); });
}

/// Takes what fits the window to the network, then the end of the stream if it is closed.
void SimStream::pump() {
  pump_scheduled_ = false;
  if (ended_) return;
  const NetworkConditions& how = network_.conditions_;
  auto arrival = [&] {
    std::uint64_t at =
        loop_.world().now_us() + rng_.between(how.latency_min_us, how.latency_max_us);
    return last_arrival_us_ = std::max(at, last_arrival_us_ + 1);
  };
  std::shared_ptr<SimStream> peer = cut_ ? nullptr : other_.lock();
  std::size_t room = how.window - std::min(how.window, under_way_);
  std::size_t before = out_.size();
  while (!out_.empty() && room != 0) {
    std::size_t size = std::min(piece_of(out_.size()), room);
    ByteVec piece(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(size));
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(size));
    room -= size;
    under_way_ += size;
    std::uint64_t delay = arrival() - loop_.world().now_us();
    if (peer != nullptr)
      loop_.world().schedule(delay, [peer, octets = std::move(piece)]() mutable {
        peer->arrive(std::move(octets), false);
      });
  }
  if (out_.empty() && closing_ && !finished_sent_) {
    finished_sent_ = true;
    std::uint64_t delay = arrival() - loop_.world().now_us();
    if (peer != nullptr) loop_.world().schedule(delay, [peer] { peer->arrive({}, true); });
    // A client that does not end its side, too, is waited for.
    return lose(rng_.below(rng_.one_in(2) ? 50 : 1'000'000), ports::CloseReason::kLocal);
  }
  if (out_.size() < before && handler_ != nullptr && out_.size() <= longest_out_ / 2) {
    longest_out_ = 0;
    loop_.enter([self = shared_from_this()] {
      if (self->handler_ != nullptr) self->handler_->on_send_progress();
    });
  }
}

void SimStream::arrive(ByteVec piece, bool last) {
  if (ended_ || cut_) return;
  in_.insert(in_.end(), piece.begin(), piece.end());
  if (last) peer_finished_ = true;
  deliver_later();
}

void SimStream::deliver_later() {
  if (deliver_scheduled_ || !started_ || ended_ || paused_) return;
  if (in_.empty() && !peer_finished_) return;
  deliver_scheduled_ = true;
  loop_.world().schedule(rng_.below(20), [self = shared_from_this()] { self->deliver(); });
}

void SimStream::deliver() {
  deliver_scheduled_ = false;
  if (ended_ || paused_) return;
  if (handler_ != nullptr && loop_.is_stopped()) {
    deliver_scheduled_ = true;
    loop_.post([self = shared_from_this()] { self->deliver(); });
    return;
  }
  Process::Scope scope(loop_.process());
  if (in_.empty()) {
    if (peer_finished_) end(ports::CloseReason::kPeer);
    return;
  }
  // After close() nobody listens; the octets are read and dropped.
  if (closing_) {
    in_.clear();
    return deliver_later();
  }
  std::size_t size = piece_of(in_.size());
  MutBytes target = handler_->receive_target();
  if (rng_.per_mille(network_.conditions_.ignore_target_per_mille)) target = {};
  if (!target.empty()) size = std::min(size, target.size());
  ByteVec own;
  if (target.empty()) {
    own.resize(size);  // of exactly this size, so that a sanitizer sees who reads on
    target = own;
  }
  std::copy_n(in_.begin(), size, target.begin());
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(size));
  loop_.world().trace("octets arrive", number_, size);
  if (std::shared_ptr<SimStream> sender = other_.lock()) {
    sender->under_way_ -= std::min(sender->under_way_, size);
    if (!sender->out_.empty() || sender->closing_) sender->pump_later();
  }
  handler_->on_received(Bytes(target).first(size));
  deliver_later();
}

void SimStream::resume_receiving() {
  paused_ = false;
  deliver_later();
}

void SimStream::close() {
  if (closing_ || ended_) return;
  closing_ = true;
  pump_later();
}

void SimStream::abort() {
  if (ended_) return;
  closing_ = true;
  out_.clear();
  finished_sent_ = true;
  if (std::shared_ptr<SimStream> peer = other_.lock(); peer != nullptr && !cut_)
    peer->lose(
        rng_.between(network_.conditions_.latency_min_us, network_.conditions_.latency_max_us),
        ports::CloseReason::kError);
  lose(rng_.below(20), ports::CloseReason::kLocal);
}

void SimStream::lose(std::uint64_t delay_us, ports::CloseReason reason) {
  loop_.world().schedule(delay_us, [self = shared_from_this(), reason] { self->end(reason); });
}

void SimStream::end(ports::CloseReason reason) {
  if (ended_) return;
  ended_ = true;
  --network_.open_sides_;
  loop_.world().trace("stream ends", number_, static_cast<std::uint64_t>(reason));
  std::shared_ptr<SimStream> self = std::exchange(self_, nullptr);
  std::shared_ptr<ports::StreamHandler> handler = std::exchange(handler_, nullptr);
  out_.clear();
  if (handler == nullptr) return;
  if (closing_) reason = ports::CloseReason::kLocal;
  loop_.enter([h = std::move(handler), reason] { h->on_closed(reason); });
}

void SimStream::let_go() {
  std::shared_ptr<SimStream> self = std::exchange(self_, nullptr);
  handler_ = nullptr;
}

void SimStream::process_ended(ProcessEnd how) {
  std::shared_ptr<SimStream> self = shared_from_this();
  let_go();
  if (ended_) return;
  if (how == ProcessEnd::kPowerLost) {
    cut_ = true;
    // The machine that has its address answers the next segment with a reset; else nobody does.
    if (std::shared_ptr<SimStream> peer = other_.lock(); peer != nullptr && !peer->cut_)
      peer->lose(rng_.between(100, rng_.one_in(2) ? 20'000 : 3'000'000),
                 ports::CloseReason::kError);
    return end(ports::CloseReason::kError);
  }
  // What it had not given to the kernel is lost.
  out_.resize(rng_.below(out_.size() + 1));
  in_.clear();
  if (rng_.one_in(2)) return abort();
  closing_ = true;
  paused_ = false;
  started_ = true;
  pump_later();
}

// ---- SimNetwork ----

SimNetwork::SimNetwork(World& world) : world_(world), rng_(world.seed(), 2) {}
SimNetwork::~SimNetwork() {
  // A stream keeps itself and its user until it ends; those of machines that were lost never do.
  for (const auto& weak : streams_)
    if (auto stream = weak.lock()) stream->let_go();
}

void SimNetwork::remember(const std::shared_ptr<SimStream>& stream) {
  if (streams_.size() >= next_sweep_) {
    std::erase_if(streams_, [](const auto& s) { return s.expired(); });
    next_sweep_ = 2 * streams_.size() + 64;
  }
  streams_.push_back(stream);
}

void SimNetwork::listen(std::size_t host, std::vector<SimExecutor*> loops,
                        ports::AcceptHandler accept) {
  if (hosts_.size() <= host) hosts_.resize(host + 1);
  hosts_[host] = {std::move(loops), std::move(accept)};
}

void SimNetwork::stop_listening(std::size_t host) {
  if (host < hosts_.size()) hosts_[host] = {};
}

std::shared_ptr<ports::Stream> SimNetwork::connect(ports::Executor& client_loop,
                                                   ports::Endpoint from) {
  auto& loop = static_cast<SimExecutor&>(client_loop);
  std::optional<std::size_t> host = route ? route(loop.index()) : 0;
  std::uint64_t number = 2 * next_connection_++;
  ports::Endpoint here = ports::Endpoint::v4(192, 0, 2, 1, 445);
  auto client = std::make_shared<SimStream>(*this, loop, number, here, from);
  client->client = loop.index();
  remember(client);
  if (!host || *host >= hosts_.size() || hosts_[*host].loops.empty()) {
    // Refused, or nobody says anything at all.
    client->lose(rng_.between(conditions_.latency_min_us, host ? 2'000 : 3'000'000),
                 ports::CloseReason::kError);
    return client;
  }
  client->host = *host;
  const std::vector<SimExecutor*>& loops = hosts_[*host].loops;
  SimExecutor& server_loop = *loops[rng_.below(loops.size())];
  auto server = std::make_shared<SimStream>(*this, server_loop, number + 1, from, here);
  remember(server);
  client->join(server);
  server->join(client);
  server->set_server_side();
  server->client = loop.index();
  server->host = *host;
  std::uint64_t delay = rng_.between(conditions_.latency_min_us, conditions_.latency_max_us);
  if (server_loop.process() != nullptr) {
    std::erase_if(servers_, [](const auto& s) { return s.expired(); });
    servers_.push_back(server);
  }
  world_.schedule(delay, [this, at = *host, server, client] { arrived(at, server, client); });
  return client;
}

void SimNetwork::arrived(std::size_t host, const std::shared_ptr<SimStream>& server,
                         const std::shared_ptr<SimStream>& client) {
  SimExecutor& loop = server->loop();
  if (loop.process() != nullptr && !loop.process()->is_alive()) {
    // Somebody else may listen there by now; this one has gone astray.
    if (server->has_ended()) return;
    return client->lose(rng_.below(1'000), ports::CloseReason::kError);
  }
  loop.post([this, host, server] {
    if (hosts_[host].accept == nullptr) return server->abort();
    hosts_[host].accept(server->loop(), server);
  });
}

std::vector<std::shared_ptr<SimStream>> SimNetwork::streams_of(const Process& process) {
  std::vector<std::shared_ptr<SimStream>> found;
  for (const auto& weak : servers_)
    if (auto stream = weak.lock(); stream != nullptr && stream->loop().process() == &process)
      found.push_back(std::move(stream));
  return found;
}

void SimNetwork::process_ended(const std::vector<std::shared_ptr<SimStream>>& streams,
                               ProcessEnd how) {
  for (const auto& stream : streams) stream->process_ended(how);
}

void SimNetwork::partition_changed() {
  for (const auto& weak : servers_) {
    auto server = weak.lock();
    if (server == nullptr || server->has_ended() || server->is_cut()) continue;
    if (!reaches || reaches(server->client, server->host)) continue;
    world_.trace("cut off", server->client, server->host);
    server->cut();
    server->lose(rng_.between(1'000, 40'000'000), ports::CloseReason::kError);
    if (auto client = server->other(); client != nullptr && !client->is_cut()) {
      client->cut();
      client->lose(rng_.between(1'000, rng_.one_in(2) ? 100'000 : 5'000'000),
                   ports::CloseReason::kError);
    }
  }
}

void SimNetwork::reset(ports::Stream& stream) {
  auto& side = static_cast<SimStream&>(stream);
  world_.trace("network resets", 0, 0);
  side.cut();
  side.lose(rng_.below(1'000), ports::CloseReason::kError);
  if (std::shared_ptr<SimStream> other = side.other()) {
    other->cut();
    other->lose(rng_.below(1'000), ports::CloseReason::kError);
  }
}

void SimNetwork::half_open(ports::Stream& stream, std::uint64_t keep_alive_us) {
  auto& side = static_cast<SimStream&>(stream);
  world_.trace("half-open", 0, 0);
  side.cut();
  side.lose(rng_.below(1'000), ports::CloseReason::kError);
  if (std::shared_ptr<SimStream> other = side.other()) {
    other->cut();
    other->lose(keep_alive_us, ports::CloseReason::kError);
  }
}

}  // namespace holdfast::sim
