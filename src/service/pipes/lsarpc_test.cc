// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "service/pipes/accounts.h"
#include "service/pipes/rpc_interface.h"
#include "service/pipes/testing/fake_view.h"
#include "wire/rpc/lsa.h"

namespace holdfast::service::pipes {
namespace {

namespace rpc = wire::rpc;
namespace lsa = wire::rpc::lsa;
using lsa::SidType;

const Sid kMachine{5, {21, 1, 2, 3}};

class LsarpcTest : public ::testing::Test {
 protected:
  LsarpcTest() {
    client_.identity.user = "anna";
    UserRecord anna;
    anna.name = "Anna";
    anna.rid = 1000;
    view_.user_database = std::make_shared<StaticUserDatabase>(kMachine, std::vector{anna});
  }
  template <class Write>
  std::uint32_t run(std::uint16_t opnum, ByteVec& answer, Write&& write) {
    Buffer in(64), out(64);
    rpc::NdrWriter w(in);
    write(w);
    Operation operation = kLsarpc.operation(opnum);
    Call c{view_, client_, rpc::NdrReader(in.view()), rpc::NdrWriter(out), &handles_, &kLsarpc};
    std::uint32_t fault = operation(c);
    answer = to_vec(out);
    // Every shorter request is a fault or answered, and never read past its end.
    for (std::size_t cut = 0; cut < in.size(); ++cut) {
      ByteVec shorter = to_vec(in.view().first(cut));
      shorter.shrink_to_fit();
      Buffer ignored(64);
      ContextHandles copy = handles_;
      Call s{view_, client_, rpc::NdrReader(shorter), rpc::NdrWriter(ignored), &copy, &kLsarpc};
      (void)operation(s);
    }
    return fault;
  }
  NtStatus open() {
    ByteVec answer;
    EXPECT_EQ(run(lsa::opnum::kOpenPolicy2, answer,
                  [](rpc::NdrWriter& w) {
                    w.unique_wide_string("\\\\HOLDFAST");
                    w.u32(24);
                    for (int i = 0; i < 5; ++i) w.u32(0);
                    w.u32(0x02000000);
                  }),
              0u);
    std::copy_n(answer.begin(), 20, handle_.begin());
    return static_cast<NtStatus>(load_u32(&answer[20]));
  }
  struct Names {
    std::vector<lsa::Domain> domains;
    std::vector<lsa::TranslatedName> names;
    std::uint32_t mapped = 0;
    NtStatus status{};
  };
  Names lookup(const std::vector<Sid>& sids, std::uint16_t level = 1) {
    ByteVec answer;
    EXPECT_EQ(run(lsa::opnum::kLookupSids2, answer,
                  [&](rpc::NdrWriter& w) {
                    w.octets(handle_);
                    lsa::write_sids(w, sids);
                    w.u32(0);
                    w.pointer(false);
                    w.u16(level);
                    for (int i = 0; i < 3; ++i) w.u32(0);
                  }),
              0u);
    rpc::NdrReader r(answer);
    Names n;
    n.domains = lsa::read_domains(r);
    n.names = lsa::read_translated_names(r, true);
    n.mapped = r.u32();
    n.status = static_cast<NtStatus>(r.u32());
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.remaining(), 0u);
    return n;
  }
  struct Sids {
    std::vector<lsa::Domain> domains;
    std::vector<lsa::TranslatedSid> sids;
    std::uint32_t mapped = 0;
    NtStatus status{};
  };
  Sids lookup(const std::vector<std::string>& names, std::uint16_t opnum, lsa::SidForm form) {
    ByteVec answer;
    EXPECT_EQ(run(opnum, answer,
                  [&](rpc::NdrWriter& w) {
                    w.octets(handle_);
                    lsa::write_names(w, names);
                    w.align(4);
                    w.u32(0);
                    w.pointer(false);
                    w.u16(1);
                    w.u32(0);
                    if (form != lsa::SidForm::kRid) w.u32(0), w.u32(2);
                  }),
              0u);
    rpc::NdrReader r(answer);
    Sids s;
    s.domains = lsa::read_domains(r);
    s.sids = lsa::read_translated_sids(r, form);
    s.mapped = r.u32();
    s.status = static_cast<NtStatus>(r.u32());
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.remaining(), 0u);
    return s;
  }

  testing::FakeView view_;
  ports::PipeClient client_;
  ContextHandles handles_;
  ContextHandles::Octets handle_{};
};

TEST_F(LsarpcTest, NamesOfSids) {
  ASSERT_EQ(open(), NtStatus::kSuccess);
  Names n = lookup({kMachine.with(1000), sids::kEveryone, sids::kBuiltinUsers, kMachine,
                    kMachine.with(4711), sids::kUnixUsers.with(33)});
  EXPECT_EQ(n.status, NtStatus::kSomeNotMapped);
  EXPECT_EQ(n.mapped, 5u);
  ASSERT_EQ(n.names.size(), 6u);
  EXPECT_EQ(n.names[0].name, "Anna");
  EXPECT_EQ(n.names[0].use, SidType::kUser);
  EXPECT_EQ(n.domains.at(0).name, "HOLDFAST");
  EXPECT_EQ(n.domains.at(0).sid, kMachine);
  EXPECT_EQ(n.names[1].name, "Everyone");
  EXPECT_EQ(n.names[2].use, SidType::kAlias);
  EXPECT_EQ(n.names[3].use, SidType::kDomain);
  EXPECT_EQ(n.names[3].domain_index, 0);
  EXPECT_EQ(n.names[4].use, SidType::kUnknown);
  EXPECT_EQ(n.names[4].name, kMachine.with(4711).to_string());
  EXPECT_EQ(n.names[4].domain_index, -1);
  EXPECT_EQ(n.names[5].name, "33");
  EXPECT_EQ(lookup({Sid(9, {9})}).status, NtStatus::kNoneMapped);
  for (std::uint16_t level : {0, 8, 9})
    EXPECT_EQ(lookup({sids::kEveryone}, level).status, NtStatus::kInvalidParameter);
}

TEST_F(LsarpcTest, SidsOfNames) {
  ASSERT_EQ(open(), NtStatus::kSuccess);
  const std::vector<std::string> names = {"anna",     "HOLDFAST\\ANNA", "anna@holdfast",
                                          "Everyone", "BUILTIN\\users", "OTHER\\anna",
                                          "holdfast", "Unix Group\\7",  ""};
  Sids s = lookup(names, lsa::opnum::kLookupNames3, lsa::SidForm::kWhole);
  EXPECT_EQ(s.status, NtStatus::kSomeNotMapped);
  EXPECT_EQ(s.mapped, 8u);
  ASSERT_EQ(s.sids.size(), names.size());
  for (std::size_t i : {0u, 1u, 2u}) EXPECT_EQ(s.sids[i].sid, kMachine.with(1000)) << names[i];
  EXPECT_EQ(s.sids[3].sid, sids::kEveryone);
  EXPECT_EQ(s.sids[4].sid, sids::kBuiltinUsers);
  EXPECT_EQ(s.sids[5].use, SidType::kUnknown);
  EXPECT_EQ(s.sids[6].use, SidType::kDomain);
  EXPECT_EQ(s.sids[7].sid, sids::kUnixGroups.with(7));
  EXPECT_EQ(s.sids[8].sid, Sid(5, {32}));
  Sids rids = lookup({"anna", "nobody"}, lsa::opnum::kLookupNames, lsa::SidForm::kRid);
  EXPECT_EQ(rids.sids.at(0).sid.rid(), 1000u);
  EXPECT_EQ(rids.sids.at(1).sid.rid(), 0xFFFFFFFFu);
  EXPECT_EQ(lookup({"anna"}, lsa::opnum::kLookupNames2, lsa::SidForm::kRidWithFlags).status,
            NtStatus::kSuccess);
}

TEST_F(LsarpcTest, HandlesEnd) {
  ASSERT_EQ(open(), NtStatus::kSuccess);
  ByteVec answer;
  auto close = [&] {
    return run(lsa::opnum::kClose, answer, [&](rpc::NdrWriter& w) { w.octets(handle_); });
  };
  EXPECT_EQ(close(), 0u);
  EXPECT_EQ(close(), rpc::fault_status::kContextMismatch);
  EXPECT_EQ(run(lsa::opnum::kQueryInformationPolicy, answer,
                [&](rpc::NdrWriter& w) {
                  w.octets(handle_);
                  w.u16(5);
                }),
            rpc::fault_status::kContextMismatch);
  for (std::size_t i = 0; i < ContextHandles::kMax; ++i) ASSERT_EQ(open(), NtStatus::kSuccess);
  EXPECT_EQ(open(), NtStatus::kInsufficientResources);
}

TEST_F(LsarpcTest, AccountDomain) {
  ASSERT_EQ(open(), NtStatus::kSuccess);
  ByteVec answer;
  EXPECT_EQ(run(lsa::opnum::kQueryInformationPolicy2, answer,
                [&](rpc::NdrWriter& w) {
                  w.octets(handle_);
                  w.u16(5);
                }),
            0u);
  rpc::NdrReader r(answer);
  EXPECT_TRUE(r.unique());
  EXPECT_EQ(r.u16(), 5);
  lsa::StringHeader name = lsa::read_string_header(r);
  EXPECT_TRUE(r.unique());
  EXPECT_EQ(lsa::read_string_body(r, name), "HOLDFAST");
  EXPECT_EQ(lsa::read_sid(r), kMachine);
  EXPECT_EQ(r.u32(), 0u);
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.remaining(), 0u);
}

TEST_F(LsarpcTest, StrangersLearnNothing) {
  client_.identity.is_anonymous = true;
  EXPECT_EQ(open(), NtStatus::kAccessDenied);
}

}  // namespace
}  // namespace holdfast::service::pipes
