// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/cancel.h"
#include "wire/smb2/change_notify.h"
#include "wire/smb2/close.h"
#include "wire/smb2/compression_transform.h"
#include "wire/smb2/create.h"
#include "wire/smb2/create_context.h"
#include "wire/smb2/echo.h"
#include "wire/smb2/error_response.h"
#include "wire/smb2/flush.h"
#include "wire/smb2/header.h"
#include "wire/smb2/ioctl.h"
#include "wire/smb2/ioctl_payload.h"
#include "wire/smb2/lock.h"
#include "wire/smb2/logoff.h"
#include "wire/smb2/negotiate.h"
#include "wire/smb2/negotiate_context.h"
#include "wire/smb2/oplock_break.h"
#include "wire/smb2/query_directory.h"
#include "wire/smb2/query_info.h"
#include "wire/smb2/read.h"
#include "wire/smb2/server_to_client_notification.h"
#include "wire/smb2/session_setup.h"
#include "wire/smb2/set_info.h"
#include "wire/smb2/transform.h"
#include "wire/smb2/tree_connect.h"
#include "wire/smb2/tree_disconnect.h"
#include "wire/smb2/write.h"

/// Every described message, for tests, fuzzers and seeds that go through all of them.
namespace holdfast::wire::smb2::testing {

template <class... T>
struct Messages {
  static constexpr std::size_t kCount = sizeof...(T);

  /// Calls visit.operator()<T>() for each.
  template <class Visit>
  static void for_each(Visit&& visit) {
    (visit.template operator()<T>(), ...);
  }
  /// Calls visit.operator()<T>() for the T at index.
  template <class Visit>
  static void at(std::size_t index, Visit&& visit) {
    std::size_t i = 0;
    ((i++ == index ? visit.template operator()<T>() : void()), ...);
  }
};

/// Bodies that a server decodes.
using Requests = Messages<CancelRequest, ChangeNotifyRequest, CloseRequest, CreateRequest,
                          EchoRequest, FlushRequest, IoctlRequest, LockRequest, LogoffRequest,
                          NegotiateRequest, OplockBreak, LeaseBreakAcknowledgment,
                          QueryDirectoryRequest, QueryInfoRequest, ReadRequest, SessionSetupRequest,
                          SetInfoRequest, TreeConnectRequest, TreeDisconnectRequest, WriteRequest>;

/// Bodies that a client decodes.
using Responses =
    Messages<ChangeNotifyResponse, CloseResponse, CreateResponse, EchoResponse, ErrorResponse,
             FlushResponse, IoctlResponse, LockResponse, LogoffResponse, NegotiateResponse,
             OplockBreak, LeaseBreakNotification, LeaseBreakAcknowledgment, QueryDirectoryResponse,
             QueryInfoResponse, ReadResponse, ServerToClientNotification, SessionSetupResponse,
             SetInfoResponse, TreeConnectResponse, TreeDisconnectResponse, WriteResponse>;

/// What stands alone: headers, contexts, payloads.
using Structures =
    Messages<CompressionTransformHeader, CompressionChain, CompressionPatternV1, LeaseContext,
             DurableHandleRequest, DurableHandleReconnect, DurableHandleRequestV2,
             DurableHandleReconnectV2, AllocationSizeContext, QueryMaximalAccessRequest,
             TimewarpToken, AppInstanceId, AppInstanceVersion, PosixCreateRequest,
             PosixCreateResponse, AaplRequest, AaplResponse, QueryMaximalAccessResponse,
             QueryOnDiskIdResponse, DurableHandleResponse, DurableHandleResponseV2,
             ErrorContextList, ShareRedirectErrorContext, Header, ValidateNegotiateInfoRequest,
             ValidateNegotiateInfoResponse, SrvCopychunkCopy, SrvCopychunkResponse,
             SrvRequestResumeKeyResponse, NetworkResiliencyRequest, PipeWaitRequest,
             PipePeekResponse, SrvReadHashRequest, SrvSnapshotArray, PreauthIntegrityCapabilities,
             EncryptionCapabilities, CompressionCapabilities, NetnameNegotiateContextId,
             TransportCapabilities, RdmaTransformCapabilities, SigningCapabilities, QueryQuotaInfo,
             TransformHeader>;

/// A message as it travels: a body behind 64 zero octets in place of its header.
template <class T>
ByteVec encoded(const T& message) {
  Buffer buffer;
  Writer writer(buffer);
  writer.zeros(wire_begin(&message));
  encode(message, writer);
  return to_vec(buffer.view());
}

}  // namespace holdfast::wire::smb2::testing
