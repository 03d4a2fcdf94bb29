// SPDX-License-Identifier: Apache-2.0
#include "wire/rpc/pdu.h"

#include <gtest/gtest.h>

#include "wire/rpc/srvs.h"

namespace holdfast::wire::rpc {
namespace {

ByteVec hex(std::string_view text) {
  ByteVec out;
  auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string digits;
  for (char c : text)
    if (c != ' ') digits += c;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(digit(digits[i]) << 4 | digit(digits[i + 1])));
  return out;
}

/// Every shorter version of a fragment, with its length field made to agree.
template <class Decode>
void truncations(const ByteVec& whole, Decode&& decode) {
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    ByteVec shorter(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
    shorter.shrink_to_fit();
    if (cut >= kHeaderSize) shorter[8] = static_cast<std::uint8_t>(cut), shorter[9] = 0;
    if (auto pdu = split_pdu(shorter)) (void)decode(*pdu);
  }
}

// What a client of Windows sends: NDR, NDR64 and the feature negotiation, one context each.
const char kWindowsBind[] =
    "05000b03 10000000 a0000000 02000000 b810b810 00000000 03000000"
    "00000100 c84f324b7016d30112785a47bf6ee188 03000000 045d888aeb1cc9119fe808002b104860 02000000"
    "01000100 c84f324b7016d30112785a47bf6ee188 03000000 33057171babe37498319b5dbef9ccc36 01000000"
    "02000100 c84f324b7016d30112785a47bf6ee188 03000000 2c1cb76c129840450300000000000000 01000000";

TEST(Pdu, ReadsTheBindOfAWindowsClient) {
  const ByteVec octets = hex(kWindowsBind);
  ASSERT_EQ(octets.size(), 160u);
  std::optional<Pdu> pdu = split_pdu(octets);
  ASSERT_TRUE(pdu);
  EXPECT_EQ(pdu->header.type, PduType::kBind);
  EXPECT_EQ(pdu->header.call_id, 2u);
  EXPECT_TRUE(pdu->header.supported_representation());
  std::optional<Bind> bind = decode_bind(*pdu);
  ASSERT_TRUE(bind);
  EXPECT_EQ(bind->max_transmit, 4280);
  ASSERT_EQ(bind->contexts.size(), 3u);
  for (const ContextElement& element : bind->contexts)
    EXPECT_EQ(element.abstract_syntax, srvs::kInterface);
  EXPECT_EQ(bind->contexts[0].transfer_syntaxes[0], kNdr32);
  EXPECT_EQ(bind->contexts[1].transfer_syntaxes[0], kNdr64);
  EXPECT_EQ(asked_features(bind->contexts[1].transfer_syntaxes[0]), std::nullopt);
  EXPECT_EQ(asked_features(bind->contexts[2].transfer_syntaxes[0]), 3);
  EXPECT_EQ(encode_bind(pdu->header, *bind), octets);
  truncations(octets, decode_bind);
}

TEST(Pdu, UuidsReadAsTheyAreSpelt) {
  EXPECT_EQ(kNdr32.uuid.to_string(), "8a885d04-1ceb-11c9-9fe8-08002b104860");
  EXPECT_EQ(srvs::kInterface.uuid.to_string(), "4b324fc8-1670-01d3-1278-5a47bf6ee188");
}

TEST(Pdu, BindAckPadsBehindTheAddress) {
  Header h;
  h.call_id = 2;
  BindAck ack{4280, 4280, 0x53F0, "\\PIPE\\srvsvc", {{0, 0, kNdr32}, {2, 2, {}}, {3, 2, {}}}};
  const ByteVec octets = encode_bind_ack(h, ack);
  EXPECT_EQ(
      octets,
      hex("05000c03 10000000 74000000 02000000 b810b810 f0530000 0d00 5c504950455c73727673766300"
          "00 03000000"
          "00000000 045d888aeb1cc9119fe808002b104860 02000000"
          "02000200 00000000000000000000000000000000 00000000"
          "03000200 00000000000000000000000000000000 00000000"));
  std::optional<BindAck> copy = decode_bind_ack(*split_pdu(octets));
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->secondary_address, ack.secondary_address);
  EXPECT_EQ(copy->results, ack.results);
  truncations(octets, decode_bind_ack);
}

TEST(Pdu, RequestsResponsesAndFaultsMakeTheRoundTrip) {
  Header h;
  h.call_id = 7;
  const ByteVec stub{1, 2, 3};
  const ByteVec request = encode_request(h, {1, 15, kNdr32.uuid, stub});
  std::optional<Request> q = decode_request(*split_pdu(request));
  ASSERT_TRUE(q);
  EXPECT_EQ(q->context_id, 1);
  EXPECT_EQ(q->opnum, 15);
  EXPECT_EQ(q->object, kNdr32.uuid);
  EXPECT_TRUE(equal(q->stub, stub));
  truncations(request, decode_request);

  const ByteVec response = encode_response(h, {3, 1, stub});
  EXPECT_EQ(response, hex("05000203 10000000 1b000000 07000000 03000000 0100 0000 010203"));
  std::optional<Response> r = decode_response(*split_pdu(response));
  ASSERT_TRUE(r);
  EXPECT_TRUE(equal(r->stub, stub));
  truncations(response, decode_response);

  const ByteVec fault = encode_fault(h, {1, fault_status::kOperationRange});
  EXPECT_EQ(fault, hex("05000303 10000000 20000000 07000000 00000000 0100 0000 0200011c 00000000"));
  EXPECT_EQ(decode_fault(*split_pdu(fault))->status, fault_status::kOperationRange);
  truncations(fault, decode_fault);

  const ByteVec nak = encode_bind_nak(h, {nak_reason::kAuthenticationType});
  EXPECT_EQ(nak, hex("05000d03 10000000 18000000 07000000 0800 01 0500 000000"));
  EXPECT_EQ(decode_bind_nak(*split_pdu(nak))->reason, nak_reason::kAuthenticationType);
}

TEST(Pdu, TheTrailerIsCutOffWithItsPadding) {
  ByteVec octets =
      hex("05000003 10000000 2c000400 01000000 00000000 0000 0f00 aabbccdd eeff0000 0a020200 "
          "00000000 01020304");
  std::optional<Pdu> pdu = split_pdu(octets);
  ASSERT_TRUE(pdu);
  ASSERT_TRUE(pdu->auth);
  EXPECT_EQ(pdu->auth->type, 10);
  EXPECT_EQ(pdu->auth->level, 2);
  EXPECT_TRUE(equal(pdu->auth->credentials, hex("01020304")));
  EXPECT_TRUE(equal(decode_request(*pdu)->stub, hex("aabbccddeeff")));
  octets[10] = 0x40;  // longer than the fragment
  EXPECT_FALSE(split_pdu(octets));
  octets[10] = 4;
  octets[34] = 0x40;  // more padding than there is
  EXPECT_FALSE(split_pdu(octets));
}

TEST(Pdu, AnAppendedTrailerIsFoundAgain) {
  Header h;
  h.call_id = 7;
  const ByteVec credentials(16, 0xAA);
  for (std::size_t size : {0, 1, 15, 16, 17}) {
    ByteVec octets = encode_response(h, {0, 1, ByteVec(size, 0x55)});
    append_auth(octets, {auth_type::kNtlm, auth_level::kPrivacy, 0, 3, credentials});
    std::optional<Pdu> pdu = split_pdu(octets);
    ASSERT_TRUE(pdu && pdu->auth);
    EXPECT_TRUE(equal(pdu->auth->credentials, credentials));
    EXPECT_EQ(pdu->auth->context_id, 3u);
    EXPECT_EQ(decode_response(*pdu)->stub.size(), size);
    auto parts = protected_parts(*pdu);
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->stub_begin, 24u);
    EXPECT_EQ((parts->stub_end - parts->stub_begin) % kAuthAlignment, 0u);
    EXPECT_EQ(parts->credentials_begin + 16, octets.size());
  }
  // Others need four octets only (MS-RPCE 2.2.2.11 for what has no stub).
  ByteVec ack = encode_bind_ack(h, {4280, 4280, 1, "135", {}});
  append_auth(ack, {auth_type::kSpnego, auth_level::kIntegrity, 0, 0, credentials});
  ASSERT_TRUE(split_pdu(ack));
  EXPECT_TRUE(decode_bind_ack(*split_pdu(ack)));
  ByteVec cancel = encode_cancel(h);
  append_auth(cancel, {auth_type::kNtlm, auth_level::kIntegrity, 0, 0, credentials});
  EXPECT_EQ(protected_parts(*split_pdu(cancel))->stub_begin, kHeaderSize);
  // A request shorter than its own head.
  ByteVec broken = encode_cancel(h);
  append_auth(broken, {auth_type::kNtlm, auth_level::kIntegrity, 0, 0, credentials});
  broken[2] = 0;
  EXPECT_FALSE(protected_parts(*split_pdu(broken)));
}

TEST(Pdu, ABigEndianHeaderIsUnderstood) {
  std::optional<Header> h = decode_header(hex("05000b03 00000000 0048 0000 00000002"));
  ASSERT_TRUE(h);
  EXPECT_EQ(h->fragment_length, 72);
  EXPECT_EQ(h->call_id, 2u);
  EXPECT_FALSE(h->supported_representation());
  // What is written is little-endian all the same.
  EXPECT_TRUE(split_pdu(encode_bind_nak(*h, {}))->header.supported_representation());
}

}  // namespace
}  // namespace holdfast::wire::rpc
