// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/negotiate.h"

#include "core/connection/negotiation.h"
#include "service/handlers/handlers.h"
#include "service/server/driver.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;

std::string dialect_list(const std::vector<std::uint16_t>& dialects) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (std::uint16_t d : dialects) {
    text += text.empty() ? "0x" : " 0x";
    for (int shift = 12; shift >= 0; shift -= 4) text += kHex[d >> shift & 15];
  }
  return text;
}

void say_refused(Request& r, const std::string& offered) {
  r.server.event(Severity::kWarning, "negotiate.refused",
                 "Refused " + r.driver.peer().to_string() + ": it offers no allowed dialect (" +
                     offered + "); protocol.min_dialect or protocol.max_dialect would admit it.",
                 {{"peer", r.driver.peer().to_string()}, {"offered", offered}});
}

Reply answer(Request& r, const core::Negotiated& agreed) {
  std::uint8_t salt[32];
  r.server.env().random.fill(salt);
  ByteVec token = r.server.env().authenticator.negotiate_token();
  core::NegotiateAnswer out;
  core::answer_negotiate(agreed, r.connection.policy(), token, r.server.env().clock.now(), salt,
                         out);
  return body_reply(out.response);
}

}  // namespace

Task<Reply> smb1_negotiate(Request& r) {
  smb2::Smb1NegotiateRequest request;
  if (!decode(r.message, request))
    co_return disconnect_reply("an SMB1 message other than NEGOTIATE");
  Result<core::Negotiated> agreed = core::negotiate_smb1(request, r.connection.policy());
  if (!agreed) {
    say_refused(r, "SMB1");
    co_return disconnect_reply("an SMB1 client without SMB2");
  }
  r.header.command = smb2::Command::kNegotiate;
  if (agreed->dialect == smb2::Dialect::kSmb2Wildcard) {
    r.connection.set_awaits_smb2_negotiate(true);
  } else {
    r.connection.set_negotiated(*agreed);
  }
  co_return answer(r, *agreed);
}

/// MS-SMB2 3.3.5.4.
Task<Reply> negotiate(Request& r) {
  if (r.connection.negotiated()) co_return disconnect_reply("a second NEGOTIATE");
  smb2::NegotiateRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  Result<core::Negotiated> agreed = core::negotiate(request, r.connection.policy());
  if (!agreed) {
    if (agreed.error() == NtStatus::kNotSupported) say_refused(r, dialect_list(request.dialects));
    co_return error_reply(agreed.error());
  }
  if (agreed->dialect == smb2::Dialect::kSmb311)
    r.connection.preauth().update(r.connection.crypto(), r.message);
  Reply reply = answer(r, *agreed);
  r.connection.set_negotiated(std::move(*agreed));
  r.connection.set_awaits_smb2_negotiate(false);
  co_return reply;
}

}  // namespace holdfast::service::handlers
