// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/create_context.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {
namespace {

using Kind = CreateContextFault::Kind;
using namespace std::string_view_literals;

constexpr std::size_t kContextHeaderSize = 16;
/// Shorter names are malformed; longer unknown ones are somebody's extension.
constexpr std::size_t kMinNameLength = 4;

struct KnownContext {
  std::string_view octets;
  std::string_view name;
};

/// By CreateContextTag. MS-SMB2 2.2.13.2 gives the GUIDs as these octets.
constexpr KnownContext kKnown[] = {
    {"ExtA"sv, "ExtA"},
    {"SecD"sv, "SecD"},
    {"DHnQ"sv, "DHnQ"},
    {"DHnC"sv, "DHnC"},
    {"AlSi"sv, "AlSi"},
    {"MxAc"sv, "MxAc"},
    {"TWrp"sv, "TWrp"},
    {"QFid"sv, "QFid"},
    {"RqLs"sv, "RqLs"},
    {"DH2Q"sv, "DH2Q"},
    {"DH2C"sv, "DH2C"},
    {"\x45\xBC\xA6\x6A\xEF\xA7\xF7\x4A\x90\x08\xFA\x46\x2E\x14\x4D\x74"sv, "AppInstanceId"},
    {"\xB9\x82\xD0\xB7\x3B\x56\x07\x4F\xA0\x7B\x52\x4A\x81\x16\xA0\x10"sv, "AppInstanceVersion"},
    {"\x9C\xCB\xCF\x9E\x04\xC1\xE6\x43\x98\x0E\x15\x8D\xA1\xF6\xEC\x83"sv, "SvhdxOpenDevice"},
    {"\x93\xAD\x25\x50\x9C\xB4\x11\xE7\xB4\x23\x83\xDE\x96\x8B\xCD\x7C"sv, "POSIX"},
    {"AAPL"sv, "AAPL"},
};
static_assert(std::size(kKnown) == static_cast<std::size_t>(CreateContextTag::kUnknown));

CreateContextTag tag_of(Bytes name) {
  for (std::size_t i = 0; i < std::size(kKnown); ++i)
    if (as_text(name) == kKnown[i].octets) return static_cast<CreateContextTag>(i);
  return CreateContextTag::kUnknown;
}

/// Splits a chain into contexts (MS-SMB2 2.2.13.2). Name and data lie within their own context.
Kind split(Bytes chain, std::vector<RawCreateContext>& out) {
  while (!chain.empty()) {
    if (out.size() == kMaxCreateContexts) return Kind::kTooMany;
    Reader whole(chain);
    const std::uint32_t next = whole.u32();
    if (!whole.ok() || next > chain.size() || (next != 0 && next < kContextHeaderSize))
      return Kind::kBadChain;
    Reader reader(next == 0 ? chain : chain.first(next));
    reader.skip(4);
    const std::uint16_t name_offset = reader.u16();
    const std::uint16_t name_length = reader.u16();
    reader.skip(2);
    const std::uint16_t data_offset = reader.u16();
    const std::uint32_t data_length = reader.u32();
    RawCreateContext context;
    context.name = reader.at(name_offset, name_length);
    context.data = reader.at(data_offset, data_length);
    if (!reader.ok() || name_length < kMinNameLength || name_offset < kContextHeaderSize ||
        (data_length != 0 && data_offset < kContextHeaderSize))
      return Kind::kBadChain;
    context.tag = tag_of(context.name);
    out.push_back(context);
    if (next == 0) return Kind::kNone;
    chain = chain.subspan(next);
    if (chain.empty()) return Kind::kBadChain;
  }
  return Kind::kNone;
}

template <class T>
Kind take(Bytes data, std::optional<T>& out) {
  if (out.has_value()) return Kind::kDuplicate;
  T value;
  if constexpr (std::is_same_v<T, Bytes>) {
    value = data;
  } else {
    if (!decode(data, value)) return Kind::kMalformed;
  }
  out = value;
  return Kind::kNone;
}

Kind take_one(const RawCreateContext& context, CreateContextList& out) {
  const Bytes data = context.data;
  switch (context.tag) {
    case CreateContextTag::kEaBuffer: return take(data, out.ea_buffer);
    case CreateContextTag::kSdBuffer: return take(data, out.sd_buffer);
    case CreateContextTag::kDurableHandleRequest: return take(data, out.durable_handle_request);
    case CreateContextTag::kDurableHandleReconnect: return take(data, out.durable_handle_reconnect);
    case CreateContextTag::kAllocationSize: return take(data, out.allocation_size);
    case CreateContextTag::kQueryMaximalAccess: return take(data, out.query_maximal_access);
    case CreateContextTag::kTimewarpToken: return take(data, out.timewarp_token);
    case CreateContextTag::kLease: return take(data, out.lease);
    case CreateContextTag::kDurableHandleRequestV2:
      return take(data, out.durable_handle_request_v2);
    case CreateContextTag::kDurableHandleReconnectV2:
      return take(data, out.durable_handle_reconnect_v2);
    case CreateContextTag::kAppInstanceId: return take(data, out.app_instance_id);
    case CreateContextTag::kAppInstanceVersion: return take(data, out.app_instance_version);
    case CreateContextTag::kSvhdxOpenDevice: return take(data, out.svhdx_open_device);
    case CreateContextTag::kPosix: return take(data, out.posix);
    case CreateContextTag::kAapl: return take(data, out.aapl);
    case CreateContextTag::kQueryOnDiskId:
      if (out.query_on_disk_id) return Kind::kDuplicate;
      out.query_on_disk_id = true;
      return Kind::kNone;
    case CreateContextTag::kUnknown: return Kind::kNone;
  }
  return Kind::kNone;
}

Kind take_one(const RawCreateContext& context, CreateContextResponseList& out) {
  const Bytes data = context.data;
  switch (context.tag) {
    case CreateContextTag::kQueryMaximalAccess: return take(data, out.query_maximal_access);
    case CreateContextTag::kQueryOnDiskId: return take(data, out.query_on_disk_id);
    case CreateContextTag::kDurableHandleRequest: return take(data, out.durable_handle);
    case CreateContextTag::kDurableHandleRequestV2: return take(data, out.durable_handle_v2);
    case CreateContextTag::kLease: return take(data, out.lease);
    case CreateContextTag::kSvhdxOpenDevice: return take(data, out.svhdx_open_device);
    case CreateContextTag::kPosix: return take(data, out.posix);
    case CreateContextTag::kAapl: return take(data, out.aapl);
    default: return Kind::kNone;
  }
}

template <class List>
CreateContextFault decode_list(Bytes chain, List& out) {
  out = List{};
  CreateContextFault first;
  first.kind = split(chain, out.order);
  if (!first.ok()) return first;
  for (const RawCreateContext& context : out.order) {
    const Kind kind = take_one(context, out);
    if (kind != Kind::kNone && first.ok()) first = {kind, context.tag};
  }
  return first;
}

/// Writes contexts one behind the other: header, name, data, each part 8-byte aligned.
class ChainWriter {
 public:
  explicit ChainWriter(Writer& writer) : writer_(writer), begin_(writer.position()) {}

  void add(CreateContextTag tag, Bytes data) {
    if (last_ != kNone) {
      align();
      patch_next();
    }
    last_ = writer_.position();
    const std::string_view name = kKnown[static_cast<std::size_t>(tag)].octets;
    const std::size_t data_offset = (kContextHeaderSize + name.size() + 7) / 8 * 8;
    writer_.u32(0);
    writer_.u16(kContextHeaderSize);
    writer_.u16(static_cast<std::uint16_t>(name.size()));
    writer_.u16(0);
    writer_.u16(data.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(data_offset));
    writer_.u32(static_cast<std::uint32_t>(data.size()));
    writer_.bytes(as_bytes(name));
    align();
    writer_.bytes(data);
  }
  template <class T>
  void add(CreateContextTag tag, const std::optional<T>& context) {
    if (!context.has_value()) return;
    if constexpr (std::is_same_v<T, Bytes>) {
      add(tag, *context);
    } else {
      Buffer buffer(64);
      Writer data(buffer);
      encode(*context, data);
      add(tag, buffer.view());
    }
  }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};

  void align() { writer_.zeros((8 - (writer_.position() - begin_) % 8) % 8); }
  void patch_next() {
    writer_.patch_u32(last_, static_cast<std::uint32_t>(writer_.position() - last_));
  }

  Writer& writer_;
  std::size_t begin_;
  std::size_t last_ = kNone;
};

/// Prints what is present, and the names of everything in the order of the wire.
class ListPrinter {
 public:
  explicit ListPrinter(std::string_view type) : printer_(type) {}

  template <class T>
  void add(const char* name, const std::optional<T>& context) {
    if (!context.has_value()) return;
    if constexpr (std::is_same_v<T, Bytes>) {
      printer_.buffer(name, *context);
    } else {
      printer_.field(name, *context);
    }
  }
  void flag(const char* name, bool present) {
    if (present) printer_.text(name, "yes");
  }
  std::string finish(const std::vector<RawCreateContext>& order) {
    std::size_t unknown = 0;
    for (const RawCreateContext& context : order)
      if (context.tag == CreateContextTag::kUnknown) ++unknown;
    if (unknown != 0) printer_.field("unknown", unknown);
    return printer_.take();
  }

 private:
  Printer printer_;
};

}  // namespace

HF_WIRE_IMPLEMENT(LeaseContext);
HF_WIRE_IMPLEMENT(DurableHandleRequest);
HF_WIRE_IMPLEMENT(DurableHandleReconnect);
HF_WIRE_IMPLEMENT(DurableHandleRequestV2);
HF_WIRE_IMPLEMENT(DurableHandleReconnectV2);
HF_WIRE_IMPLEMENT(AllocationSizeContext);
HF_WIRE_IMPLEMENT(QueryMaximalAccessRequest);
HF_WIRE_IMPLEMENT(TimewarpToken);
HF_WIRE_IMPLEMENT(AppInstanceId);
HF_WIRE_IMPLEMENT(AppInstanceVersion);
HF_WIRE_IMPLEMENT(PosixCreateRequest);
HF_WIRE_IMPLEMENT(PosixCreateResponse);
HF_WIRE_IMPLEMENT(AaplRequest);
HF_WIRE_IMPLEMENT(AaplResponse);
HF_WIRE_IMPLEMENT(QueryMaximalAccessResponse);
HF_WIRE_IMPLEMENT(QueryOnDiskIdResponse);
HF_WIRE_IMPLEMENT(DurableHandleResponse);
HF_WIRE_IMPLEMENT(DurableHandleResponseV2);

std::string_view name_of(CreateContextTag tag) {
  const auto index = static_cast<std::size_t>(tag);
  return index < std::size(kKnown) ? kKnown[index].name : "?";
}

CreateContextFault decode(Bytes create_contexts, CreateContextList& out) {
  return decode_list(create_contexts, out);
}

CreateContextFault decode(Bytes create_contexts, CreateContextResponseList& out) {
  return decode_list(create_contexts, out);
}

void encode(const CreateContextList& list, Writer& writer) {
  ChainWriter chain(writer);
  chain.add(CreateContextTag::kEaBuffer, list.ea_buffer);
  chain.add(CreateContextTag::kSdBuffer, list.sd_buffer);
  chain.add(CreateContextTag::kDurableHandleRequest, list.durable_handle_request);
  chain.add(CreateContextTag::kDurableHandleReconnect, list.durable_handle_reconnect);
  chain.add(CreateContextTag::kAllocationSize, list.allocation_size);
  chain.add(CreateContextTag::kQueryMaximalAccess, list.query_maximal_access);
  chain.add(CreateContextTag::kTimewarpToken, list.timewarp_token);
  if (list.query_on_disk_id) chain.add(CreateContextTag::kQueryOnDiskId, Bytes{});
  chain.add(CreateContextTag::kLease, list.lease);
  chain.add(CreateContextTag::kDurableHandleRequestV2, list.durable_handle_request_v2);
  chain.add(CreateContextTag::kDurableHandleReconnectV2, list.durable_handle_reconnect_v2);
  chain.add(CreateContextTag::kAppInstanceId, list.app_instance_id);
  chain.add(CreateContextTag::kAppInstanceVersion, list.app_instance_version);
  chain.add(CreateContextTag::kSvhdxOpenDevice, list.svhdx_open_device);
  chain.add(CreateContextTag::kPosix, list.posix);
  chain.add(CreateContextTag::kAapl, list.aapl);
}

void encode(const CreateContextResponseList& list, Writer& writer) {
  ChainWriter chain(writer);
  chain.add(CreateContextTag::kQueryMaximalAccess, list.query_maximal_access);
  chain.add(CreateContextTag::kQueryOnDiskId, list.query_on_disk_id);
  chain.add(CreateContextTag::kDurableHandleRequest, list.durable_handle);
  chain.add(CreateContextTag::kDurableHandleRequestV2, list.durable_handle_v2);
  chain.add(CreateContextTag::kLease, list.lease);
  chain.add(CreateContextTag::kSvhdxOpenDevice, list.svhdx_open_device);
  chain.add(CreateContextTag::kPosix, list.posix);
  chain.add(CreateContextTag::kAapl, list.aapl);
}

std::string print(const CreateContextList& list) {
  ListPrinter printer("CreateContextList");
  printer.add("ExtA", list.ea_buffer);
  printer.add("SecD", list.sd_buffer);
  printer.flag("DHnQ", list.durable_handle_request.has_value());
  printer.add("DHnC", list.durable_handle_reconnect);
  printer.add("AlSi", list.allocation_size);
  printer.add("MxAc", list.query_maximal_access);
  printer.add("TWrp", list.timewarp_token);
  printer.flag("QFid", list.query_on_disk_id);
  printer.add("RqLs", list.lease);
  printer.add("DH2Q", list.durable_handle_request_v2);
  printer.add("DH2C", list.durable_handle_reconnect_v2);
  printer.add("AppInstanceId", list.app_instance_id);
  printer.add("AppInstanceVersion", list.app_instance_version);
  printer.add("SvhdxOpenDevice", list.svhdx_open_device);
  printer.add("POSIX", list.posix);
  printer.add("AAPL", list.aapl);
  return printer.finish(list.order);
}

std::string print(const CreateContextResponseList& list) {
  ListPrinter printer("CreateContextResponseList");
  printer.add("MxAc", list.query_maximal_access);
  printer.add("QFid", list.query_on_disk_id);
  printer.flag("DHnQ", list.durable_handle.has_value());
  printer.add("DH2Q", list.durable_handle_v2);
  printer.add("RqLs", list.lease);
  printer.add("SvhdxOpenDevice", list.svhdx_open_device);
  printer.add("POSIX", list.posix);
  printer.add("AAPL", list.aapl);
  return printer.finish(list.order);
}

}  // namespace holdfast::wire::smb2
