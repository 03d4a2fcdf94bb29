// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "service/pipes/srvsvc_operations.h"
#include "service/pipes/testing/fake_view.h"
#include "wire/rpc/srvs.h"
#include "wire/rpc/wkst.h"

/// The operations of srvsvc and wkssvc, called as a client would.
namespace holdfast::service::pipes {
namespace {

namespace rpc = wire::rpc;
namespace srvs = wire::rpc::srvs;
namespace wkst = wire::rpc::wkst;
using ::testing::Test;

class OperationsTest : public Test {
 protected:
  OperationsTest() { client_.identity.user = "anna"; }
  /// Runs a call whose stub `write` makes; the answer's stub.
  template <class Write>
  ByteVec call(const Interface& interface, std::uint16_t opnum, Write&& write) {
    Buffer in(64), out(64);
    rpc::NdrWriter w(in);
    w.unique_wide_string("\\\\HOLDFAST");
    write(w);
    Operation operation = interface.operation(opnum);
    if (operation == nullptr) return {};
    Call c{view_, client_, rpc::NdrReader(in.view()), rpc::NdrWriter(out)};
    EXPECT_EQ(operation(c), 0u);
    EXPECT_EQ(c.in.remaining(), 0u);
    // Every shorter request is refused or answered, and never read past its end.
    for (std::size_t cut = 0; cut < in.size(); ++cut) {
      ByteVec shorter = to_vec(in.view().first(cut));
      shorter.shrink_to_fit();
      Buffer ignored(64);
      Call s{view_, client_, rpc::NdrReader(shorter), rpc::NdrWriter(ignored)};
      (void)operation(s);
    }
    return to_vec(out);
  }
  template <class Entry>
  rpc::EnumResponse<Entry> enumerate(const Interface& interface, std::uint16_t opnum,
                                     std::vector<rpc::WidePointer> qualifiers, rpc::EnumRequest q) {
    const ByteVec stub = call(interface, opnum, [&](rpc::NdrWriter& w) {
      for (const rpc::WidePointer& qualifier : qualifiers) w.unique_wide_string(qualifier);
      rpc::write_enum_request(w, q);
    });
    rpc::NdrReader r(stub);
    auto answer = rpc::read_enum_response<Entry>(r);
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.remaining(), 0u);
    return answer;
  }
  template <class Entry>
  rpc::EnumResponse<Entry> shares(std::uint32_t level) {
    return enumerate<Entry>(kSrvsvc, srvs::opnum::kShareEnum, {}, {level, 0xFFFFFFFF, 0});
  }
  template <class Info>
  std::uint32_t share_info(std::string_view name, std::uint32_t level, Info& info) {
    const ByteVec stub = call(kSrvsvc, srvs::opnum::kShareGetInfo, [&](rpc::NdrWriter& w) {
      w.wide_string(name);
      w.u32(level);
    });
    rpc::NdrReader r(stub);
    std::uint32_t status = rpc::read_info_response(r, level, info);
    EXPECT_TRUE(r.ok());
    return status;
  }
  template <class Info>
  std::uint32_t info_of(const Interface& interface, std::uint16_t opnum, std::uint32_t level,
                        Info& info) {
    const ByteVec stub = call(interface, opnum, [&](rpc::NdrWriter& w) { w.u32(level); });
    rpc::NdrReader r(stub);
    std::uint32_t status = rpc::read_info_response(r, level, info);
    EXPECT_TRUE(r.ok());
    return status;
  }
  void become_administrator() { client_.identity.is_administrator = true; }

  testing::FakeView view_;
  ports::PipeClient client_;
};

TEST_F(OperationsTest, SharesAreListedWithoutTheHiddenOnesAndWithIpc) {
  auto answer = shares<srvs::ShareInfo1>(1);
  EXPECT_EQ(answer.status, net_status::kSuccess);
  ASSERT_EQ(answer.entries.size(), 2u);
  EXPECT_EQ(answer.entries[0].netname, "data");
  EXPECT_EQ(answer.entries[0].type, 0u);
  EXPECT_EQ(answer.entries[0].remark, "About data");
  EXPECT_EQ(answer.entries[1].netname, "IPC$");
  EXPECT_EQ(answer.entries[1].type, 0x80000003u);
  EXPECT_EQ(answer.total_entries, 2u);
  EXPECT_EQ(answer.resume_handle, 0u);
  EXPECT_EQ(shares<srvs::ShareInfo0>(0).entries.size(), 2u);
  EXPECT_EQ(shares<srvs::ShareInfo501>(501).entries[0].flags, 0x0800u);
}

TEST_F(OperationsTest, WhereSharesAreIsForAdministrators) {
  EXPECT_EQ(shares<srvs::ShareInfo2>(2).status, net_status::kAccessDenied);
  EXPECT_EQ(shares<srvs::ShareInfo502>(502).status, net_status::kAccessDenied);
  EXPECT_EQ(shares<srvs::ShareInfo503>(503).status, net_status::kAccessDenied);
  become_administrator();
  auto answer = shares<srvs::ShareInfo502>(502);
  ASSERT_EQ(answer.entries.size(), 2u);
  EXPECT_EQ(answer.entries[0].base.path, "C:\\srv\\data");
  EXPECT_EQ(answer.entries[0].base.current_uses, 2u);
  EXPECT_EQ(answer.entries[1].base.path, "");
  EXPECT_EQ(shares<srvs::ShareInfo2>(2).entries.size(), 2u);
  EXPECT_EQ(shares<srvs::ShareInfo503>(503).entries[0].servername, "*");
}

TEST_F(OperationsTest, AnonymousUsersListSharesOnlyWhileTheyAreAllowedIn) {
  client_.identity = {};
  client_.identity.is_anonymous = true;
  EXPECT_EQ(shares<srvs::ShareInfo1>(1).status, net_status::kAccessDenied);
  Settings open = *view_.settings_value;
  open.policy.allow_anonymous = true;
  view_.settings_value = std::make_shared<const Settings>(open);
  EXPECT_EQ(shares<srvs::ShareInfo1>(1).entries.size(), 2u);
}

TEST_F(OperationsTest, UnknownLevelsAreAnsweredWithoutAnArm) {
  const ByteVec stub = call(kSrvsvc, srvs::opnum::kShareEnum, [](rpc::NdrWriter& w) {
    rpc::write_enum_request(w, {77, 0xFFFFFFFF, std::nullopt}, false);
  });
  rpc::NdrReader r(stub);
  EXPECT_EQ(r.u32(), 77u);
  EXPECT_EQ(r.u32(), 77u);
  EXPECT_EQ(r.u32(), 0u);
  EXPECT_EQ(r.u32(), 0u);
  EXPECT_EQ(r.u32(), net_status::kInvalidLevel);
}

TEST_F(OperationsTest, AnEnumerationGoesOnWithItsResumeHandle) {
  rpc::EnumRequest q{1, 1, 0};
  std::vector<std::string> names;
  for (int calls = 0; calls < 5; ++calls) {
    auto answer = enumerate<srvs::ShareInfo1>(kSrvsvc, srvs::opnum::kShareEnum, {}, q);
    for (const auto& entry : answer.entries) names.push_back(*entry.netname);
    if (answer.status == net_status::kSuccess) break;
    EXPECT_EQ(answer.status, net_status::kMoreData);
    EXPECT_EQ(answer.entries.size(), 1u);
    q.resume_handle = answer.resume_handle;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"data", "IPC$"}));
  q.resume_handle = 0xFFFFFFFF;
  EXPECT_TRUE(enumerate<srvs::ShareInfo1>(kSrvsvc, srvs::opnum::kShareEnum, {}, q).entries.empty());
}

TEST_F(OperationsTest, OneShareIsToldByItsName) {
  srvs::ShareInfo1 one;
  EXPECT_EQ(share_info("DATA", 1, one), net_status::kSuccess);
  EXPECT_EQ(one.netname, "data");
  EXPECT_EQ(share_info("secret", 1, one), net_status::kSuccess);
  EXPECT_EQ(share_info("none", 1, one), net_status::kNetNameNotFound);
  srvs::ShareInfo2 two;
  EXPECT_EQ(share_info("data", 2, two), net_status::kAccessDenied);
  srvs::ShareInfo1005 flags;
  EXPECT_EQ(share_info("data", 1005, flags), net_status::kSuccess);
  EXPECT_EQ(flags.flags, 0x0800u);
  become_administrator();
  EXPECT_EQ(share_info("data", 2, two), net_status::kSuccess);
  EXPECT_EQ(two.path, "C:\\srv\\data");
}

TEST_F(OperationsTest, NobodyChangesSharesWithoutAnEditor) {
  auto statuses = [&] {
    std::vector<std::uint32_t> out_of_all;
    for (std::uint16_t opnum :
         {srvs::opnum::kShareAdd, srvs::opnum::kShareSetInfo, srvs::opnum::kShareDel}) {
      Buffer out(64);
      Call c{view_, client_, rpc::NdrReader({}), rpc::NdrWriter(out)};
      EXPECT_EQ(kSrvsvc.operation(opnum)(c), 0u);
      out_of_all.push_back(load_u32(out.data() + out.size() - 4));
    }
    return out_of_all;
  };
  EXPECT_EQ(statuses(), std::vector<std::uint32_t>(3, net_status::kAccessDenied));
  become_administrator();
  EXPECT_EQ(statuses(), std::vector<std::uint32_t>(3, net_status::kNotSupported));
}

/// Remembers what it was asked.
class FakeEditor final : public ShareEditor {
 public:
  Outcome add(const ShareChange& share) override { return asked("add", share); }
  Outcome change(const ShareChange& share) override { return asked("change", share); }
  Outcome remove(const std::string& name) override {
    return asked("remove", {name, {}, {}, {}, {}, {}});
  }
  Outcome asked(const char* what, const ShareChange& share) {
    last = what;
    change_asked = share;
    return outcome;
  }
  std::string last;
  ShareChange change_asked;
  Outcome outcome = Outcome::kDone;
};

TEST_F(OperationsTest, AdministratorsChangeShares) {
  FakeEditor editor;
  view_.editor = &editor;
  become_administrator();
  auto status_of = [](const ByteVec& answer) { return load_u32(&answer[answer.size() - 4]); };
  srvs::ShareInfo2 info;
  info.netname = "new";
  info.remark = "About it";
  info.path = "C:\\srv\\new\\";
  auto add = [&] {
    return status_of(call(kSrvsvc, srvs::opnum::kShareAdd, [&](rpc::NdrWriter& w) {
      w.u32(2);
      w.u32(2);
      w.pointer(true);
      write_structure(w, info);
      w.unique_u32(0);
    }));
  };
  EXPECT_EQ(add(), net_status::kSuccess);
  EXPECT_EQ(editor.last, "add");
  EXPECT_EQ(editor.change_asked.name, "new");
  EXPECT_EQ(editor.change_asked.path, "/srv/new");
  EXPECT_EQ(editor.change_asked.comment, "About it");
  editor.outcome = ShareEditor::Outcome::kExists;
  EXPECT_EQ(add(), net_status::kDuplicateShare);
  editor.outcome = ShareEditor::Outcome::kNotAllowed;
  EXPECT_EQ(add(), net_status::kNotSupported);
  info.type = srvs::share_type::kIpc;
  EXPECT_EQ(add(), net_status::kInvalidParameter);
  editor.outcome = ShareEditor::Outcome::kDone;
  EXPECT_EQ(status_of(call(kSrvsvc, srvs::opnum::kShareSetInfo,
                           [&](rpc::NdrWriter& w) {
                             w.wide_string("data");
                             w.u32(1005);
                             w.u32(1005);
                             w.pointer(true);
                             w.u32(0x0800);
                             w.unique_u32(0);
                           })),
            net_status::kSuccess);
  EXPECT_EQ(editor.last, "change");
  EXPECT_EQ(editor.change_asked.name, "data");
  EXPECT_EQ(editor.change_asked.access_based_enumeration, true);
  EXPECT_EQ(editor.change_asked.encrypted, false);
  EXPECT_EQ(status_of(call(kSrvsvc, srvs::opnum::kShareDel,
                           [&](rpc::NdrWriter& w) {
                             w.wide_string("data");
                             w.u32(0);
                           })),
            net_status::kSuccess);
  EXPECT_EQ(editor.last, "remove");
}

TEST_F(OperationsTest, SessionsFilesAndConnectionsAreForAdministrators) {
  using namespace srvs::opnum;
  const rpc::WidePointer all;
  auto denied = [&] {
    EXPECT_EQ(
        enumerate<srvs::SessionInfo1>(kSrvsvc, kSessionEnum, {all, all}, {1, 0xFFFFFFFF, 0}).status,
        net_status::kAccessDenied);
    EXPECT_EQ(enumerate<srvs::SessionInfo10>(kSrvsvc, kSessionEnum, {all, all}, {10, 0xFFFFFFFF, 0})
                  .status,
              net_status::kAccessDenied);
    EXPECT_EQ(enumerate<srvs::FileInfo3>(kSrvsvc, kFileEnum, {all, all}, {3, 0xFFFFFFFF, 0}).status,
              net_status::kAccessDenied);
    EXPECT_EQ(
        enumerate<srvs::ConnectionInfo1>(kSrvsvc, kConnectionEnum, {"data"}, {1, 0xFFFFFFFF, 0})
            .status,
        net_status::kAccessDenied);
  };
  denied();
  become_administrator();
  client_.identity.is_guest = true;
  denied();
}

TEST_F(OperationsTest, SessionsAreListedAndFiltered) {
  become_administrator();
  auto list = [&](rpc::WidePointer client, rpc::WidePointer user) {
    return enumerate<srvs::SessionInfo502>(kSrvsvc, srvs::opnum::kSessionEnum, {client, user},
                                           {502, 0xFFFFFFFF, std::nullopt});
  };
  auto answer = list(std::nullopt, "");
  ASSERT_EQ(answer.entries.size(), 2u);
  const srvs::SessionInfo1& anna = answer.entries[0].base.base;
  EXPECT_EQ(anna.cname, "\\\\192.0.2.1");
  EXPECT_EQ(anna.username, "anna");
  EXPECT_EQ(anna.num_opens, 2u);
  EXPECT_EQ(anna.time_s, 78'099'140u);
  EXPECT_EQ(answer.entries[0].base.client_type, "SMB 3.1.1");
  EXPECT_EQ(answer.entries[1].base.base.user_flags, srvs::kSessionGuest);
  EXPECT_EQ(answer.resume_handle, std::nullopt);
  EXPECT_EQ(list("\\\\192.0.2.2", std::nullopt).entries.size(), 1u);
  EXPECT_EQ(list(std::nullopt, "BERT").entries.size(), 1u);
  EXPECT_EQ(list("\\\\192.0.2.9", std::nullopt).status, net_status::kClientNameNotFound);
}

TEST_F(OperationsTest, SessionsAreEndedByNameOnly) {
  auto del = [&](rpc::WidePointer client, rpc::WidePointer user) {
    view_.closed.clear();
    Buffer in(64), out(64);
    rpc::NdrWriter w(in);
    for (const rpc::WidePointer& text : {rpc::WidePointer(), client, user})
      w.unique_wide_string(text);
    Call c{view_, client_, rpc::NdrReader(in.view()), rpc::NdrWriter(out)};
    EXPECT_EQ(srvsvc::session_del(c), 0u);
    return load_u32(out.data());
  };
  EXPECT_EQ(del("\\\\192.0.2.1", std::nullopt), net_status::kAccessDenied);
  EXPECT_TRUE(view_.closed.empty());
  become_administrator();
  EXPECT_EQ(del(std::nullopt, std::nullopt), net_status::kInvalidParameter);
  EXPECT_TRUE(view_.closed.empty());
  EXPECT_EQ(del("\\\\192.0.2.1", "bert"), net_status::kClientNameNotFound);
  EXPECT_EQ(del("\\\\192.0.2.1", std::nullopt), net_status::kSuccess);
  EXPECT_EQ(view_.closed, std::vector<core::SessionId>{1});
}

TEST_F(OperationsTest, FilesAreListedWithWhatTheyAreOpenFor) {
  become_administrator();
  auto list = [&](rpc::WidePointer base, rpc::WidePointer user) {
    return enumerate<srvs::FileInfo3>(kSrvsvc, srvs::opnum::kFileEnum, {base, user},
                                      {3, 0xFFFFFFFF, 0});
  };
  auto answer = list(std::nullopt, std::nullopt);
  ASSERT_EQ(answer.entries.size(), 2u);
  EXPECT_EQ(answer.entries[0].path_name, "C:\\srv\\data\\a\\b.txt");
  EXPECT_EQ(answer.entries[0].permissions, srvs::kFileRead);
  EXPECT_EQ(answer.entries[1].permissions, srvs::kFileRead | srvs::kFileWrite);
  EXPECT_EQ(answer.entries[1].num_locks, 1u);
  EXPECT_NE(answer.entries[0].id, answer.entries[1].id);
  EXPECT_EQ(list("c:\\srv\\data\\A", std::nullopt).entries.size(), 1u);
  EXPECT_EQ(list(std::nullopt, "bert").entries.size(), 0u);

  const ByteVec stub = call(kSrvsvc, srvs::opnum::kFileGetInfo, [&](rpc::NdrWriter& w) {
    w.u32(answer.entries[1].id);
    w.u32(3);
  });
  rpc::NdrReader r(stub);
  srvs::FileInfo3 one;
  EXPECT_EQ(rpc::read_info_response(r, 3, one), net_status::kSuccess);
  EXPECT_EQ(one.path_name, "C:\\srv\\data\\c.txt");
}

TEST_F(OperationsTest, AFileIsClosedByAnAdministratorAndByOneIdOnly) {
  auto close = [&](std::uint32_t id) {
    Buffer in(64), out(64);
    rpc::NdrWriter w(in);
    w.unique_wide_string(std::nullopt);
    w.u32(id);
    Call c{view_, client_, rpc::NdrReader(in.view()), rpc::NdrWriter(out)};
    EXPECT_EQ(srvsvc::file_close(c), 0u);
    return load_u32(out.data());
  };
  const core::OpenId first = view_.open_list[0].id;
  const std::uint32_t id = 0x00100001;
  EXPECT_EQ(close(id), net_status::kAccessDenied);
  become_administrator();
  EXPECT_EQ(close(77), net_status::kFileIdNotFound);
  EXPECT_TRUE(view_.closed_files.empty());
  EXPECT_EQ(close(id), net_status::kSuccess);
  EXPECT_EQ(view_.closed_files, std::vector<core::OpenId>{first});
  // Another generation of the same slot that folds to the same number.
  view_.open_list[1].id = 0x100100000001;
  EXPECT_EQ(close(id), net_status::kFileIdNotFound);
}

TEST_F(OperationsTest, ConnectionsAreToldByShareOrByClient) {
  become_administrator();
  auto list = [&](rpc::WidePointer qualifier) {
    return enumerate<srvs::ConnectionInfo1>(kSrvsvc, srvs::opnum::kConnectionEnum, {qualifier},
                                            {1, 0xFFFFFFFF, 0});
  };
  auto by_share = list("data");
  ASSERT_EQ(by_share.entries.size(), 2u);
  EXPECT_EQ(by_share.entries[0].netname, "\\\\192.0.2.1");
  EXPECT_EQ(by_share.entries[0].num_opens, 2u);
  auto by_client = list("\\\\192.0.2.2");
  ASSERT_EQ(by_client.entries.size(), 2u);
  EXPECT_EQ(by_client.entries[1].netname, "IPC$");
  EXPECT_EQ(by_client.entries[1].type, srvs::share_type::kIpc);
  EXPECT_EQ(list(std::nullopt).status, net_status::kInvalidParameter);
}

TEST_F(OperationsTest, TheServerTellsWhatItIs) {
  srvs::ServerInfo101 info;
  EXPECT_EQ(info_of(kSrvsvc, srvs::opnum::kServerGetInfo, 101, info), net_status::kSuccess);
  EXPECT_EQ(info.name, "HOLDFAST");
  EXPECT_EQ(info.comment, "A comment");
  EXPECT_EQ(info.platform_id, 500u);
  srvs::ServerInfo102 more;
  EXPECT_EQ(info_of(kSrvsvc, srvs::opnum::kServerGetInfo, 102, more), net_status::kAccessDenied);
  become_administrator();
  EXPECT_EQ(info_of(kSrvsvc, srvs::opnum::kServerGetInfo, 102, more), net_status::kSuccess);
  EXPECT_EQ(more.users, 2u);
  auto transports = enumerate<srvs::ServerTransportInfo0>(
      kSrvsvc, srvs::opnum::kServerTransportEnum, {}, {0, 0xFFFFFFFF, 0});
  EXPECT_EQ(transports.entries.size(), 1u);
}

TEST_F(OperationsTest, DisksAreOne) {
  become_administrator();
  const ByteVec stub = call(kSrvsvc, srvs::opnum::kServerDiskEnum, [](rpc::NdrWriter& w) {
    for (std::uint32_t v : {0u, 0u, 0u, 0xFFFFFFFFu, 0u}) w.u32(v);
  });
  const ByteVec expected{1, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0,   0, 0,   0,
                         1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 'C', 0, ':', 0,
                         0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,   0, 0,   0};
  EXPECT_EQ(stub, expected);
}

TEST_F(OperationsTest, NamesAndPathsAreJudged) {
  auto validate = [&](std::string_view name, std::uint32_t type) {
    return load_u32(call(kSrvsvc, srvs::opnum::kNameValidate, [&](rpc::NdrWriter& w) {
                      w.wide_string(name);
                      w.u32(type);
                      w.u32(0);
                    }).data());
  };
  EXPECT_EQ(validate("data", 9), net_status::kSuccess);
  EXPECT_EQ(validate("da/ta", 9), net_status::kInvalidName);
  EXPECT_EQ(validate("", 9), net_status::kInvalidName);
  EXPECT_EQ(validate("data", 99), net_status::kInvalidParameter);
  const ByteVec stub = call(kSrvsvc, srvs::opnum::kPathType, [](rpc::NdrWriter& w) {
    w.wide_string("\\\\server\\share");
    w.u32(0);
  });
  EXPECT_EQ(load_u32(stub.data()), 0x2001u);
}

TEST_F(OperationsTest, TheWorkstationTellsItsName) {
  wkst::WkstaInfo100 info;
  EXPECT_EQ(info_of(kWkssvc, wkst::opnum::kWkstaGetInfo, 100, info), net_status::kSuccess);
  EXPECT_EQ(info.computer_name, "HOLDFAST");
  EXPECT_EQ(info.langroup, "WORKGROUP");
  wkst::WkstaInfo101 more;
  EXPECT_EQ(info_of(kWkssvc, wkst::opnum::kWkstaGetInfo, 101, more), net_status::kSuccess);
  wkst::WkstaInfo102 most;
  EXPECT_EQ(info_of(kWkssvc, wkst::opnum::kWkstaGetInfo, 102, most), net_status::kAccessDenied);
  auto users = [&] {
    return enumerate<wkst::WkstaUserInfo1>(kWkssvc, wkst::opnum::kWkstaUserEnum, {},
                                           {1, 0xFFFFFFFF, 0});
  };
  EXPECT_EQ(users().status, net_status::kAccessDenied);
  become_administrator();
  EXPECT_EQ(users().status, net_status::kSuccess);
  EXPECT_EQ(info_of(kWkssvc, wkst::opnum::kWkstaGetInfo, 102, most), net_status::kSuccess);
  EXPECT_EQ(enumerate<wkst::WkstaTransportInfo0>(kWkssvc, wkst::opnum::kWkstaTransportEnum, {},
                                                 {0, 0xFFFFFFFF, 0})
                .entries.size(),
            1u);
  wkst::WkstaInfo502 client;
  EXPECT_EQ(info_of(kWkssvc, wkst::opnum::kWkstaGetInfo, 502, client), net_status::kSuccess);
  EXPECT_EQ(enumerate<wkst::UseInfo0>(kWkssvc, wkst::opnum::kUseEnum, {}, {0, 0xFFFFFFFF, 0})
                .entries.size(),
            0u);
}

TEST_F(OperationsTest, TheWorkstationIsInAWorkgroup) {
  const ByteVec stub = call(kWkssvc, wkst::opnum::kGetJoinInformation,
                            [](rpc::NdrWriter& w) { w.unique_wide_string(std::nullopt); });
  rpc::NdrReader r(stub);
  EXPECT_EQ(r.unique_wide_string(), "WORKGROUP");
  EXPECT_EQ(r.u16(), wkst::kJoinedWorkgroup);
  EXPECT_EQ(r.u32(), net_status::kSuccess);
}

TEST_F(OperationsTest, TheWorkstationHasOneName) {
  auto names = [&](std::uint16_t type) {
    const ByteVec stub = call(kWkssvc, wkst::opnum::kEnumerateComputerNames, [&](auto& w) {
      w.u16(type);
      w.u32(0);
    });
    rpc::NdrReader r(stub);
    EXPECT_TRUE(r.unique());
    return r.u32();
  };
  EXPECT_EQ(names(wkst::computer_names::kPrimary), 1u);
  EXPECT_EQ(names(wkst::computer_names::kAlternate), 0u);
  EXPECT_EQ(names(wkst::computer_names::kAll), 1u);
}

}  // namespace
}  // namespace holdfast::service::pipes
