// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ports/authenticator.h"
#include "ports/random.h"
#include "ports/stream.h"
#include "ports/vfs.h"

namespace holdfast::ports {
namespace {

TEST(Endpoint, PrintsAsRfc5952Says) {
  EXPECT_EQ(Endpoint::v4(192, 0, 2, 1, 445).to_string(), "192.0.2.1:445");
  Endpoint e;
  e.port = 445;
  EXPECT_EQ(e.to_string(), "[::]:445");
  e.address[0] = 0x20, e.address[1] = 0x01, e.address[2] = 0x0d, e.address[3] = 0xb8;
  e.address[15] = 1;
  EXPECT_EQ(e.to_string(), "[2001:db8::1]:445");
  e.address[5] = 1;
  EXPECT_EQ(e.address_string(), "2001:db8:1::1");
}

}  // namespace
}  // namespace holdfast::ports
