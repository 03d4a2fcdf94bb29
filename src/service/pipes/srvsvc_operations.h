// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/pipes/rpc_interface.h"

/// The operations of MS-SRVS 3.1.4, by the file they are in.
namespace holdfast::service::pipes::srvsvc {

// srvsvc_shares.cc
std::uint32_t share_enum(Call& c);
std::uint32_t share_enum_sticky(Call& c);
std::uint32_t share_get_info(Call& c);
std::uint32_t share_check(Call& c);

// srvsvc_share_changes.cc
std::uint32_t share_add(Call& c);
std::uint32_t share_set_info(Call& c);
std::uint32_t share_del(Call& c);

// srvsvc_sessions.cc
std::uint32_t session_enum(Call& c);
std::uint32_t session_del(Call& c);
std::uint32_t connection_enum(Call& c);
std::uint32_t file_enum(Call& c);
std::uint32_t file_get_info(Call& c);
std::uint32_t file_close(Call& c);

// srvsvc_server.cc
std::uint32_t server_get_info(Call& c);
std::uint32_t server_disk_enum(Call& c);
std::uint32_t server_transport_enum(Call& c);
std::uint32_t remote_tod(Call& c);
std::uint32_t path_type(Call& c);
std::uint32_t name_validate(Call& c);

/// A path of the server as Windows spells one: "C:" and backslashes.
std::string windows_path(std::string_view location, std::string_view below = {});

}  // namespace holdfast::service::pipes::srvsvc
