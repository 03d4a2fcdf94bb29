// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "wire/smb2/fsctl.h"
#include "wire/smb2/smb1_negotiate.h"
#include "wire/smb2/testing/all_messages.h"
#include "wire/smb2/transport.h"

/// Octets written by hand from the layouts of MS-SMB2, for the messages that matter most. The
/// properties in messages_test.cc say that encode and decode agree; these say that they are right.
namespace holdfast::wire::smb2 {
namespace {

using testing::encoded;

ByteVec hex(std::string_view text) {
  ByteVec out;
  int high = -1;
  for (char c : text) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) continue;
    if (high < 0) {
      high = static_cast<int>(digit);
    } else {
      out.push_back(static_cast<std::uint8_t>(high << 4 | static_cast<int>(digit)));
      high = -1;
    }
  }
  return out;
}

/// A body behind 64 octets.
ByteVec body(std::string_view text) {
  ByteVec out(kHeaderSize);
  const ByteVec octets = hex(text);
  out.insert(out.end(), octets.begin(), octets.end());
  return out;
}

Guid guid_of(std::uint8_t first) {
  Guid g;
  for (std::size_t i = 0; i < 16; ++i) g.octets[i] = static_cast<std::uint8_t>(first + i);
  return g;
}

constexpr std::string_view kGuid10 = "101112131415161718191a1b1c1d1e1f";
constexpr std::string_view kFileId = "0807060504030201 1817161514131211";
constexpr FileId kId{0x0102030405060708, 0x1112131415161718};

TEST(Golden, SyncHeader) {
  const ByteVec octets =
      hex("fe534d42 4000 0100 22000000 0500 7f00 08000010 80000000"  // protocol .. next command
          "0900000000000000 fffe0000 05000000 1100000000000010"  // message, process, tree, session
          "000102030405060708090a0b0c0d0e0f");
  Header h;
  ASSERT_TRUE(decode(octets, h));
  EXPECT_EQ(h.credit_charge, 1);
  EXPECT_EQ(h.status, 0x22u);
  EXPECT_EQ(h.channel_sequence(), 0x22);
  EXPECT_EQ(h.command, Command::kCreate);
  EXPECT_EQ(h.credits, 127);
  EXPECT_EQ(h.flags, HeaderFlags::kSigned | HeaderFlags::kDfsOperations);
  EXPECT_TRUE(h.is_signed());
  EXPECT_FALSE(h.is_async());
  EXPECT_EQ(h.next_command, 128u);
  EXPECT_EQ(h.message_id, 9u);
  EXPECT_EQ(h.reserved, 0xFEFFu);
  EXPECT_EQ(h.tree_id, 5u);
  EXPECT_EQ(h.session_id, 0x1000000000000011u);
  EXPECT_EQ(h.signature[15], 15);
  EXPECT_EQ(encoded(h), octets);
}

TEST(Golden, AsyncHeader) {
  const ByteVec octets =
      hex("fe534d42 4000 0000 03010000 0f00 0100 03000000 00000000"
          "0a00000000000000 0807060504030201 1100000000000010"
          "00000000000000000000000000000000");
  Header h;
  ASSERT_TRUE(decode(octets, h));
  EXPECT_TRUE(h.is_async());
  EXPECT_TRUE(h.is_response());
  EXPECT_EQ(h.nt_status(), NtStatus::kPending);
  EXPECT_EQ(h.command, Command::kChangeNotify);
  EXPECT_EQ(h.async_id, 0x0102030405060708u);
  EXPECT_EQ(h.tree_id, 0u);
  EXPECT_EQ(encoded(h), octets);
}

TEST(Golden, FrameHeader) {
  const ByteVec octets = hex("00 012345");
  FrameHeader frame;
  ASSERT_TRUE(decode(octets, frame));
  EXPECT_EQ(frame.type, 0);
  EXPECT_EQ(frame.length, 0x012345u);
  ByteVec out(4);
  encode(frame, out);
  EXPECT_EQ(out, octets);
  EXPECT_FALSE(decode(Bytes(octets).first(3), frame));
}

TEST(Golden, ProtocolIds) {
  EXPECT_EQ(protocol_of(hex("ff534d42")), ProtocolId::kSmb1);
  EXPECT_EQ(protocol_of(hex("fe534d42")), ProtocolId::kSmb2);
  EXPECT_EQ(protocol_of(hex("fd534d42")), ProtocolId::kTransform);
  EXPECT_EQ(protocol_of(hex("fc534d42")), ProtocolId::kCompression);
  EXPECT_EQ(protocol_of(hex("fb534d42")), ProtocolId::kUnknown);
  EXPECT_EQ(protocol_of(hex("fe534d")), ProtocolId::kUnknown);
}

TEST(Golden, TransformHeader) {
  const ByteVec octets =
      hex("fd534d42 000102030405060708090a0b0c0d0e0f 202122232425262728292a2b00000000"
          "78000000 0000 0100 1100000000000010");
  TransformHeader t;
  ASSERT_TRUE(decode(octets, t));
  EXPECT_EQ(octets.size(), TransformHeader::kSize);
  EXPECT_EQ(t.nonce[11], 0x2b);
  EXPECT_EQ(t.original_message_size, 120u);
  EXPECT_EQ(t.flags, TransformHeader::kEncrypted);
  EXPECT_EQ(t.session_id, 0x1000000000000011u);
  EXPECT_EQ(encoded(t), octets);
}

TEST(Golden, CompressionChain) {
  const ByteVec octets =
      hex("fc534d42 00100000"                         // 4096 octets when decompressed
          "0000 0100 04000000 61626364"               // none, chained, 4 octets
          "0200 0000 07000000 80000000 aabbcc"        // LZ77, 4 + 3 octets, 128 when decompressed
          "0400 0000 08000000 00 00 0000 7c0f0000");  // pattern
  CompressionTransformHeader header;
  ASSERT_TRUE(decode(octets, header));
  EXPECT_TRUE(header.chained());
  CompressionChain chain;
  ASSERT_TRUE(decode(octets, chain));
  EXPECT_EQ(chain.original_compressed_segment_size, 4096u);
  ASSERT_EQ(chain.payloads.size(), 3u);
  EXPECT_EQ(to_vec(chain.payloads[0].payload), hex("61626364"));
  EXPECT_EQ(chain.payloads[1].original_payload_size, 128u);
  EXPECT_EQ(to_vec(chain.payloads[1].payload), hex("aabbcc"));
  CompressionPatternV1 pattern;
  ASSERT_TRUE(decode(chain.payloads[2].payload, pattern));
  EXPECT_EQ(pattern.repetitions, 0xF7Cu);
  EXPECT_EQ(encoded(chain), octets);
}

TEST(Golden, NegotiateRequest311) {
  const ByteVec octets = body(std::string("2400 0300 0100 0000 7f000000") + std::string(kGuid10) +
                              "70000000 0200 0000"  // contexts at 112, two
                              "0003 0203 1103"      // dialects 3.0, 3.0.2, 3.1.1
                              "000000000000"        // to 112
                              "0100 0a00 00000000 0100 0400 0100 a1a2a3a4 000000000000"
                              "0200 0600 00000000 0200 0200 0100");
  NegotiateRequest r;
  ASSERT_TRUE(decode(octets, r));
  EXPECT_EQ(r.security_mode, SecurityMode::kSigningEnabled);
  EXPECT_EQ(r.capabilities, 0x7Fu);
  EXPECT_EQ(r.client_guid, guid_of(0x10));
  EXPECT_TRUE(r.offers(Dialect::kSmb311));
  ASSERT_EQ(r.negotiate_contexts.size(), 2u);
  EXPECT_EQ(r.negotiate_contexts[0].context_type,
            NegotiateContextType::kPreauthIntegrityCapabilities);
  PreauthIntegrityCapabilities preauth;
  ASSERT_TRUE(decode(r.negotiate_contexts[0].data, preauth));
  EXPECT_EQ(preauth.hash_algorithms, std::vector<std::uint16_t>{kHashSha512});
  EXPECT_EQ(to_vec(preauth.salt), hex("a1a2a3a4"));
  EncryptionCapabilities encryption;
  ASSERT_TRUE(decode(r.negotiate_contexts[1].data, encryption));
  EXPECT_EQ(encryption.ciphers, (std::vector<Cipher>{Cipher::kAes128Gcm, Cipher::kAes128Ccm}));
  EXPECT_EQ(encoded(r), octets);
}

/// A client of dialect 2.0.2 only: ClientStartTime where the contexts are, to be ignored.
TEST(Golden, NegotiateRequest202IgnoresClientStartTime) {
  const ByteVec octets = body(std::string("2400 0100 0100 0000 00000000") + std::string(kGuid10) +
                              "ffffffffffffffff 0202");
  NegotiateRequest r;
  ASSERT_TRUE(decode(octets, r));
  EXPECT_EQ(r.dialects, std::vector<std::uint16_t>{Dialect::kSmb202});
  EXPECT_TRUE(r.negotiate_contexts.empty());
}

TEST(Golden, NegotiateResponse311) {
  const ByteVec octets = body(std::string("4100 0100 1103 0100") + std::string(kGuid10) +
                              "2f000000 00008000 00008000 00008000"
                              "0000000000000001 0000000000000000"
                              "8000 0300 88000000 606162 0000000000"
                              "0200 0400 00000000 0100 0200");
  NegotiateResponse r;
  ASSERT_TRUE(decode(octets, r));
  EXPECT_EQ(r.dialect_revision, Dialect::kSmb311);
  EXPECT_EQ(r.max_read_size, 0x800000u);
  EXPECT_EQ(r.system_time.ticks, 0x0100000000000000u);
  EXPECT_EQ(to_vec(r.security_buffer), hex("606162"));
  ASSERT_EQ(r.negotiate_contexts.size(), 1u);
  EXPECT_EQ(to_vec(r.negotiate_contexts[0].data), hex("0100 0200"));
  EXPECT_EQ(encoded(r), octets);
}

TEST(Golden, SessionSetup) {
  const ByteVec request = body("1900 01 02 01000000 00000000 5800 0400 0807060504030201 4e544c4d");
  SessionSetupRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(r.flags, SessionSetupRequest::kFlagBinding);
  EXPECT_EQ(r.security_mode, SecurityMode::kSigningRequired);
  EXPECT_EQ(r.previous_session_id, 0x0102030405060708u);
  EXPECT_EQ(as_text(r.security_buffer), "NTLM");
  EXPECT_EQ(encoded(r), request);

  const ByteVec response = body("0900 0400 4800 0200 a181");
  SessionSetupResponse s;
  ASSERT_TRUE(decode(response, s));
  EXPECT_EQ(s.session_flags, SessionSetupResponse::kFlagEncryptData);
  EXPECT_EQ(to_vec(s.security_buffer), hex("a181"));
  EXPECT_EQ(encoded(s), response);
}

TEST(Golden, TreeConnect) {
  const ByteVec request = body("0900 0000 4800 0800 5c005c0061005c00");
  TreeConnectRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(to_vec(r.path_name), hex("5c005c0061005c00"));
  EXPECT_EQ(encoded(r), request);

  const ByteVec response = body("1000 01 00 00080000 10000000 ff011f00");
  TreeConnectResponse s;
  ASSERT_TRUE(decode(response, s));
  EXPECT_EQ(s.share_type, ShareType::kDisk);
  EXPECT_EQ(s.share_flags, ShareFlags::kAccessBasedDirectoryEnum);
  EXPECT_EQ(s.capabilities, ShareCap::kContinuousAvailability);
  EXPECT_EQ(s.maximal_access, FileAccess::kAll);
  EXPECT_EQ(encoded(s), response);
}

TEST(Golden, TreeConnectWithExtension) {
  const ByteVec request = body(
      "0900 0400 5800 0200"                 // path at 88
      "60000000 0100 00000000000000000000"  // contexts at 96
      "6100 000000000000"
      "0100 0300 00000000 aabbcc");
  TreeConnectRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(to_vec(r.path_name), hex("6100"));
  ASSERT_EQ(r.tree_connect_contexts.size(), 1u);
  EXPECT_EQ(r.tree_connect_contexts[0].context_type, TreeConnectContext::kRemotedIdentity);
  EXPECT_EQ(to_vec(r.tree_connect_contexts[0].data), hex("aabbcc"));
  EXPECT_EQ(encoded(r), request);
}

TEST(Golden, CreateRequest) {
  const ByteVec octets = body(
      "3900 00 09 02000000 0000000000000000 0000000000000000"
      "89001200 80000000 07000000 03000000 40000000"
      "7800 0600 80000000 18000000"
      "610062006300 0000"  // name at 120, contexts at 128
      "00000000 1000 0400 0000 0000 00000000 4d784163 00000000");
  CreateRequest r;
  ASSERT_TRUE(decode(octets, r));
  EXPECT_EQ(r.requested_oplock_level, OplockLevel::kBatch);
  EXPECT_EQ(r.impersonation_level, ImpersonationLevel::kImpersonation);
  EXPECT_EQ(r.desired_access, FileAccess::kGenericReadMapped);
  EXPECT_EQ(r.file_attributes, FileAttributes::kNormal);
  EXPECT_EQ(r.share_access, ShareAccess::kAll);
  EXPECT_EQ(r.create_disposition, CreateDisposition::kOpenIf);
  EXPECT_EQ(r.create_options, CreateOptions::kNonDirectoryFile);
  EXPECT_EQ(to_vec(r.name), hex("610062006300"));
  CreateContextList contexts;
  ASSERT_TRUE(decode(r.create_contexts, contexts).ok());
  EXPECT_TRUE(contexts.query_maximal_access.has_value());
  EXPECT_EQ(encoded(r), octets);
}

TEST(Golden, CreateResponse) {
  const ByteVec octets =
      body(std::string("5900 09 00 02000000"
                       "0100000000000000 0200000000000000 0300000000000000 0400000000000000"
                       "0010000000000000 0005000000000000 20000000 00000000") +
           std::string(kFileId) + "00000000 00000000");
  CreateResponse r;
  ASSERT_TRUE(decode(octets, r));
  EXPECT_EQ(r.oplock_level, OplockLevel::kBatch);
  EXPECT_EQ(r.create_action, CreateAction::kCreated);
  EXPECT_EQ(r.creation_time.ticks, 1u);
  EXPECT_EQ(r.change_time.ticks, 4u);
  EXPECT_EQ(r.allocation_size, 4096u);
  EXPECT_EQ(r.end_of_file, 1280u);
  EXPECT_EQ(r.file_attributes, FileAttributes::kArchive);
  EXPECT_EQ(r.file_id, kId);
  EXPECT_EQ(encoded(r), octets);
}

TEST(Golden, Close) {
  const ByteVec request = body("1800 0100 00000000" + std::string(kFileId));
  CloseRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(r.flags, CloseRequest::kFlagPostqueryAttrib);
  EXPECT_EQ(r.file_id, kId);
  EXPECT_EQ(encoded(r), request);

  const ByteVec response = body(
      "3c00 0100 00000000"
      "0100000000000000 0200000000000000 0300000000000000 0400000000000000"
      "0010000000000000 0005000000000000 20000000");
  CloseResponse s;
  ASSERT_TRUE(decode(response, s));
  EXPECT_EQ(s.end_of_file, 1280u);
  EXPECT_EQ(encoded(s), response);
}

TEST(Golden, Read) {
  const ByteVec request = body("3100 50 01 00001000 0000010000000000" + std::string(kFileId) +
                               "01000000 00000000 00000000 0000 0000 00");
  ReadRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(r.padding, 0x50);
  EXPECT_EQ(r.flags, ReadRequest::kFlagReadUnbuffered);
  EXPECT_EQ(r.length, 0x100000u);
  EXPECT_EQ(r.offset, 0x10000u);
  EXPECT_EQ(r.file_id, kId);
  EXPECT_EQ(r.minimum_count, 1u);
  EXPECT_EQ(encoded(r), request);

  const ByteVec response = body("1100 50 00 03000000 00000000 00000000 616263");
  ReadResponse s;
  ASSERT_TRUE(decode(response, s));
  EXPECT_EQ(as_text(s.data), "abc");
  EXPECT_EQ(encoded(s), response);
}

TEST(Golden, Write) {
  const ByteVec request = body("3100 7000 03000000 0000010000000000" + std::string(kFileId) +
                               "00000000 00000000 0000 0000 01000000 616263");
  WriteRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(r.offset, 0x10000u);
  EXPECT_EQ(r.flags, WriteRequest::kFlagWriteThrough);
  EXPECT_EQ(as_text(r.data), "abc");
  EXPECT_EQ(encoded(r), request);

  const ByteVec response = body("1100 0000 03000000 00000000 0000 0000");
  WriteResponse s;
  ASSERT_TRUE(decode(response, s));
  EXPECT_EQ(s.count, 3u);
  EXPECT_EQ(encoded(s), response);
}

/// Clients may leave room before the data; what begins inside the fixed part or header is refused.
TEST(Golden, WriteDataAnywhereBehindTheFixedPart) {
  const std::string rest = "03000000 0000010000000000" + std::string(kFileId) +
                           "00000000 00000000 0000 0000 00000000 0000000000000000 616263";
  WriteRequest r;
  const ByteVec padded = body("3100 7800" + rest);
  ASSERT_TRUE(decode(padded, r));
  EXPECT_EQ(as_text(r.data), "abc");
  EXPECT_FALSE(decode(body("3100 7900" + rest), r));
  EXPECT_FALSE(decode(body("3100 6f00" + rest), r));
  EXPECT_FALSE(decode(body("3100 0000" + rest), r));
}

TEST(Golden, Lock) {
  const ByteVec request = body("3000 0200 21000000" + std::string(kFileId) +
                               "0100000000000000 0200000000000000 12000000 00000000"
                               "0300000000000000 0400000000000000 04000000 00000000");
  LockRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(r.lock_sequence_number(), 1);
  EXPECT_EQ(r.lock_sequence_index(), 2u);
  ASSERT_EQ(r.locks.size(), 2u);
  EXPECT_EQ(r.locks[0].flags, LockElement::kFlagExclusiveLock | LockElement::kFlagFailImmediately);
  EXPECT_EQ(r.locks[1].offset, 3u);
  EXPECT_EQ(r.locks[1].length, 4u);
  EXPECT_EQ(encoded(r), request);
}

TEST(Golden, Ioctl) {
  const ByteVec request = body("3900 0000 17c01100" + std::string(kFileId) +
                               "78000000 03000000 00000000 00000000 00000000 00040000"
                               "01000000 00000000 616263");
  IoctlRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(r.ctl_code, Fsctl::kPipeTransceive);
  EXPECT_EQ(r.max_output_response, 1024u);
  EXPECT_EQ(r.flags, IoctlRequest::kFlagIsFsctl);
  EXPECT_EQ(as_text(r.input), "abc");
  EXPECT_EQ(encoded(r), request);

  const ByteVec response = body("3100 0000 17c01100" + std::string(kFileId) +
                                "70000000 00000000 70000000 02000000 00000000 00000000 7879");
  IoctlResponse s;
  ASSERT_TRUE(decode(response, s));
  EXPECT_EQ(as_text(s.output), "xy");
  EXPECT_EQ(encoded(s), response);
}

TEST(Golden, QueryDirectory) {
  const ByteVec request =
      body("2100 25 01 00000000" + std::string(kFileId) + "6000 0200 00000100 2a00");
  QueryDirectoryRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(r.file_information_class, 0x25);
  EXPECT_EQ(r.flags, QueryDirectoryRequest::kFlagRestartScans);
  EXPECT_EQ(r.output_buffer_length, 0x10000u);
  EXPECT_EQ(to_vec(r.file_name), hex("2a00"));
  EXPECT_EQ(encoded(r), request);

  const ByteVec response = body("0900 4800 04000000 01020304");
  QueryDirectoryResponse s;
  ASSERT_TRUE(decode(response, s));
  EXPECT_EQ(to_vec(s.output_buffer), hex("01020304"));
  EXPECT_EQ(encoded(s), response);
}

TEST(Golden, ChangeNotify) {
  const ByteVec request = body("2000 0100 00100000" + std::string(kFileId) + "17000000 00000000");
  ChangeNotifyRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(r.flags, ChangeNotifyRequest::kFlagWatchTree);
  EXPECT_EQ(r.output_buffer_length, 4096u);
  EXPECT_EQ(r.completion_filter, 0x17u);
  EXPECT_EQ(encoded(r), request);
}

TEST(Golden, QueryInfo) {
  const ByteVec request = body("2900 01 0f 00040000 6800 0000 02000000 00000000 03000000" +
                               std::string(kFileId) + "aabb");
  QueryInfoRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(r.info_type, InfoType::kFile);
  EXPECT_EQ(r.file_info_class, 15);
  EXPECT_EQ(r.output_buffer_length, 1024u);
  EXPECT_EQ(r.flags, QueryInfoRequest::kFlagRestartScan | QueryInfoRequest::kFlagReturnSingleEntry);
  EXPECT_EQ(to_vec(r.input_buffer), hex("aabb"));
  EXPECT_EQ(encoded(r), request);
  // Without input any offset is right, also one out of the message.
  ASSERT_TRUE(decode(
      body("2900 01 0f 00040000 ffff 0000 00000000 00000000 00000000" + std::string(kFileId)), r));
  EXPECT_TRUE(r.input_buffer.empty());
}

TEST(Golden, SetInfo) {
  const ByteVec request =
      body("2100 03 00 02000000 6000 0000 04000000" + std::string(kFileId) + "aabb");
  SetInfoRequest r;
  ASSERT_TRUE(decode(request, r));
  EXPECT_EQ(r.info_type, InfoType::kSecurity);
  EXPECT_EQ(r.additional_information, SecurityInformation::kDacl);
  EXPECT_EQ(to_vec(r.buffer), hex("aabb"));
  EXPECT_EQ(encoded(r), request);
  EXPECT_EQ(encoded(SetInfoResponse{}), body("0200"));
}

TEST(Golden, OplockAndLeaseBreaks) {
  const ByteVec oplock = body("1800 01 00 00000000" + std::string(kFileId));
  OplockBreak o;
  ASSERT_TRUE(decode(oplock, o));
  EXPECT_EQ(o.oplock_level, OplockLevel::kII);
  EXPECT_EQ(encoded(o), oplock);
  EXPECT_EQ(peek_structure_size(oplock), OplockBreak::kStructureSize);

  const ByteVec notification = body("2c00 0500 01000000" + std::string(kGuid10) +
                                    "07000000 03000000 00000000 00000000 00000000");
  LeaseBreakNotification n;
  ASSERT_TRUE(decode(notification, n));
  EXPECT_EQ(n.new_epoch, 5);
  EXPECT_EQ(n.flags, LeaseFlags::kBreakAckRequired);
  EXPECT_EQ(n.lease_key, guid_of(0x10));
  EXPECT_EQ(n.current_lease_state, LeaseState::kAll);
  EXPECT_EQ(n.new_lease_state, LeaseState::kReadCaching | LeaseState::kHandleCaching);
  EXPECT_EQ(encoded(n), notification);

  const ByteVec ack =
      body("2400 0000 00000000" + std::string(kGuid10) + "03000000 0000000000000000");
  LeaseBreakAcknowledgment a;
  ASSERT_TRUE(decode(ack, a));
  EXPECT_EQ(a.lease_state, 3u);
  EXPECT_EQ(encoded(a), ack);
  EXPECT_EQ(peek_structure_size(ack), LeaseBreakAcknowledgment::kStructureSize);
}

TEST(Golden, ErrorResponses) {
  EXPECT_EQ(encoded(ErrorResponse{}), body("0900 00 00 00000000 00"));
  const ByteVec needed = body("0900 00 00 04000000 20030000");
  ErrorResponse r;
  ASSERT_TRUE(decode(needed, r));
  EXPECT_EQ(to_vec(r.error_data), hex("20030000"));
  EXPECT_EQ(encoded(r), needed);

  const ByteVec contexts = hex("04000000 00000000 20030000 00000000 02000000 53526472 aabb");
  ErrorContextList list;
  ASSERT_TRUE(decode(contexts, list));
  ASSERT_EQ(list.contexts.size(), 2u);
  EXPECT_EQ(to_vec(list.contexts[0].error_context_data), hex("20030000"));
  EXPECT_EQ(list.contexts[1].error_id, ErrorContext::kShareRedirect);
  EXPECT_EQ(encoded(list), contexts);
}

TEST(Golden, SymbolicLinkError) {
  const ByteVec octets =
      hex("1e000000 53594d4c 0c0000a0 1200 0200 0000 0400 0400 0200 01000000 6100 6200 6300");
  SymbolicLinkErrorResponse link;
  ASSERT_TRUE(decode(octets, link));
  EXPECT_EQ(link.unparsed_path_length, 2);
  EXPECT_EQ(to_vec(link.substitute_name), hex("61006200"));
  EXPECT_EQ(to_vec(link.print_name), hex("6300"));
  EXPECT_EQ(encoded(link), octets);
}

TEST(Golden, ServerToClientNotification) {
  EXPECT_EQ(encoded(ServerToClientNotification{}), body("0400 0000 00000000 00000000"));
}

TEST(Golden, Smb1Negotiate) {
  const ByteVec octets =
      hex("ff534d42 72 00000000 18 43c8 0000 0000000000000000 0000 ffff fffe 0000 0700"
          "00 2200 02 4e54204c4d20302e313200 02 534d4220322e30303200 02 534d4220322e3f3f3f00");
  Smb1NegotiateRequest r;
  ASSERT_TRUE(decode(octets, r));
  EXPECT_EQ(r.dialects.size(), 3u);
  EXPECT_EQ(r.mid, 7);
  EXPECT_TRUE(r.offers_smb_2_wildcard());
  EXPECT_EQ(encoded(r), octets);
}

TEST(Golden, ValidateNegotiateInfo) {
  const ByteVec octets = hex("7f000000" + std::string(kGuid10) + "0100 0200 0202 1002");
  ValidateNegotiateInfoRequest r;
  ASSERT_TRUE(decode(octets, r));
  EXPECT_EQ(r.dialects, (std::vector<std::uint16_t>{Dialect::kSmb202, Dialect::kSmb210}));
  EXPECT_EQ(encoded(r), octets);
}

TEST(Golden, Copychunk) {
  const ByteVec octets =
      hex("000102030405060708090a0b0c0d0e0f1011121314151617 01000000 00000000"
          "0100000000000000 0200000000000000 00001000 00000000");
  SrvCopychunkCopy r;
  ASSERT_TRUE(decode(octets, r));
  EXPECT_EQ(r.source_key[23], 0x17);
  ASSERT_EQ(r.chunks.size(), 1u);
  EXPECT_EQ(r.chunks[0].target_offset, 2u);
  EXPECT_EQ(r.chunks[0].length, 0x100000u);
  EXPECT_EQ(encoded(r), octets);
  EXPECT_EQ(encoded(SrvRequestResumeKeyResponse{}).size(), 32u);
}

}  // namespace
}  // namespace holdfast::wire::smb2
