// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "wire/smb2/smb1_negotiate.h"
#include "wire/smb2/testing/all_messages.h"
#include "wire/testing/generator.h"

/// smb2_seeds FOLDER: writes one seed of each message for the fuzzers of src/wire/smb2, to
/// FOLDER/<fuzzer>/<message>. Run with fuzz/corpus when a message is added or changed.
namespace holdfast::wire::smb2 {
namespace {

using testing::encoded;
using wire::testing::Generator;

class Seeds {
 public:
  explicit Seeds(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void write(const std::string& fuzzer, const std::string& name, Bytes octets) {
    const auto path = folder_ / fuzzer;
    std::filesystem::create_directories(path);
    std::ofstream file(path / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(octets.data()),
               static_cast<std::streamsize>(octets.size()));
    failed_ = failed_ || !file;
  }
  bool failed() const { return failed_; }

 private:
  std::filesystem::path folder_;
  bool failed_ = false;
};

/// "ReadRequest" of "ReadRequest{...}".
template <class T>
std::string name_of(const T& message) {
  const std::string text = print(message);
  return text.substr(0, text.find('{'));
}

/// The best of a few random ones: the longest, which has most of the optional parts.
template <class T>
T choose(Generator& generator) {
  T best = generator.make<T>();
  for (int i = 0; i < 20; ++i) {
    T other = generator.make<T>();
    if (encoded(other).size() > encoded(best).size()) best = other;
  }
  return best;
}

template <class List>
void write_chosen(Seeds& seeds, Generator& generator, const char* fuzzer) {
  std::uint8_t index = 0;
  List::for_each([&]<class T>() {
    const T message = choose<T>(generator);
    ByteVec octets = encoded(message);
    octets.erase(octets.begin(),
                 octets.begin() + static_cast<std::ptrdiff_t>(wire_begin(&message)));
    octets.insert(octets.begin(), index++);
    seeds.write(fuzzer, name_of(message), octets);
  });
}

ByteVec framed(Bytes content) {
  ByteVec out = {0, static_cast<std::uint8_t>(content.size() >> 16),
                 static_cast<std::uint8_t>(content.size() >> 8),
                 static_cast<std::uint8_t>(content.size())};
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

/// CREATE, QUERY_INFO and CLOSE in one compound.
ByteVec compound(Generator& generator) {
  Buffer frame;
  auto add = [&](Command command, const auto& body, bool last) {
    Buffer buffer;
    Writer writer(buffer);
    Header header;
    header.command = command;
    encode(header, writer);
    encode(body, writer);
    writer.align(8);
    if (!last) writer.patch_u32(20, static_cast<std::uint32_t>(writer.position()));
    frame.append(buffer.view());
  };
  add(Command::kCreate, choose<CreateRequest>(generator), false);
  add(Command::kQueryInfo, choose<QueryInfoRequest>(generator), false);
  add(Command::kClose, choose<CloseRequest>(generator), true);
  return to_vec(frame.view());
}

void write_frames(Seeds& seeds, Generator& generator) {
  Smb1NegotiateRequest smb1;
  smb1.dialects = {"NT LM 0.12", "SMB 2.002", "SMB 2.???"};
  seeds.write("smb2_frame_fuzz", "smb1", framed(encoded(smb1)));
  seeds.write("smb2_frame_fuzz", "compound", framed(compound(generator)));
  seeds.write("smb2_frame_fuzz", "transform", framed(encoded(choose<TransformHeader>(generator))));
  seeds.write("smb2_frame_fuzz", "compression",
              framed(encoded(choose<CompressionChain>(generator))));
}

void write_negotiate(Seeds& seeds, Generator& generator) {
  NegotiateRequest request;
  request.dialects = {Dialect::kSmb202, Dialect::kSmb210, Dialect::kSmb300, Dialect::kSmb302,
                      Dialect::kSmb311};
  const ByteVec payloads[] = {
      encoded(choose<PreauthIntegrityCapabilities>(generator)),
      encoded(choose<EncryptionCapabilities>(generator)),
      encoded(choose<CompressionCapabilities>(generator)),
      encoded(choose<NetnameNegotiateContextId>(generator)),
      encoded(choose<TransportCapabilities>(generator)),
      encoded(choose<RdmaTransformCapabilities>(generator)),
      encoded(choose<SigningCapabilities>(generator)),
  };
  constexpr NegotiateContextType kTypes[] = {
      NegotiateContextType::kPreauthIntegrityCapabilities,
      NegotiateContextType::kEncryptionCapabilities,
      NegotiateContextType::kCompressionCapabilities,
      NegotiateContextType::kNetnameNegotiateContextId,
      NegotiateContextType::kTransportCapabilities,
      NegotiateContextType::kRdmaTransformCapabilities,
      NegotiateContextType::kSigningCapabilities,
  };
  for (std::size_t i = 0; i < std::size(kTypes); ++i)
    request.negotiate_contexts.push_back({kTypes[i], payloads[i]});
  const ByteVec octets = encoded(request);
  seeds.write("smb2_negotiate_context_fuzz", "all", Bytes(octets).subspan(kHeaderSize));
}

void write_create_contexts(Seeds& seeds, Generator& generator) {
  CreateContextList list;
  list.ea_buffer = generator.octets(16);
  list.sd_buffer = generator.octets(20);
  list.durable_handle_request = DurableHandleRequest{};
  list.durable_handle_reconnect = generator.make<DurableHandleReconnect>();
  list.allocation_size = generator.make<AllocationSizeContext>();
  list.query_maximal_access = generator.make<QueryMaximalAccessRequest>();
  list.timewarp_token = generator.make<TimewarpToken>();
  list.query_on_disk_id = true;
  list.lease = choose<LeaseContext>(generator);
  list.durable_handle_request_v2 = generator.make<DurableHandleRequestV2>();
  list.durable_handle_reconnect_v2 = generator.make<DurableHandleReconnectV2>();
  list.app_instance_id = generator.make<AppInstanceId>();
  list.app_instance_version = generator.make<AppInstanceVersion>();
  list.posix = generator.make<PosixCreateRequest>();
  list.aapl = choose<AaplRequest>(generator);
  CreateContextResponseList response;
  response.query_maximal_access = generator.make<QueryMaximalAccessResponse>();
  response.query_on_disk_id = generator.make<QueryOnDiskIdResponse>();
  response.durable_handle_v2 = generator.make<DurableHandleResponseV2>();
  response.lease = choose<LeaseContext>(generator);
  response.posix = choose<PosixCreateResponse>(generator);
  response.aapl = choose<AaplResponse>(generator);
  Buffer requests;
  Writer request_writer(requests);
  encode(list, request_writer);
  seeds.write("smb2_create_context_fuzz", "request", requests.view());
  Buffer responses;
  Writer response_writer(responses);
  encode(response, response_writer);
  seeds.write("smb2_create_context_fuzz", "response", responses.view());
}

}  // namespace
}  // namespace holdfast::wire::smb2

int main(int argc, char** argv) {
  using namespace holdfast::wire;
  using namespace holdfast::wire::smb2;
  if (argc != 2) {
    std::fprintf(stderr, "usage: smb2_seeds FOLDER\n");
    return 2;
  }
  Seeds seeds(argv[1]);
  holdfast::wire::testing::Generator generator(2026);
  write_chosen<smb2::testing::Requests>(seeds, generator, "smb2_request_fuzz");
  write_chosen<smb2::testing::Responses>(seeds, generator, "smb2_response_fuzz");
  write_chosen<smb2::testing::Structures>(seeds, generator, "smb2_structure_fuzz");
  write_frames(seeds, generator);
  write_negotiate(seeds, generator);
  write_create_contexts(seeds, generator);
  return seeds.failed() ? 1 : 0;
}
