import TestSupport
import Testing

@testable import MillraceCore

@Suite("Groups of handlers")
struct GroupTests {
  private static let groups: [String: GroupRules] = [
    "a": GroupRules(within: "b"), "b": GroupRules(within: "c"), "c": GroupRules(),
    "self": GroupRules(within: "self"), "x": GroupRules(within: "y"), "y": GroupRules(within: "x"),
    "into": GroupRules(within: "x"), "lost": GroupRules(within: "nowhere"),
  ]

  @Test(
    "a chain leads outwards; a circle, a group within itself and an unknown one have none",
    arguments: [
      ("a", ["a", "b", "c"]), ("b", ["b", "c"]), ("c", ["c"]), ("self", nil), ("x", nil), ("y", nil),
      ("into", nil), ("lost", nil), ("nowhere", nil), ("", nil),
    ] as [(String, [String]?)])
  func chain(name: String, expected: [String]?) {
    #expect(GroupRules.chain(from: name, in: Self.groups) == expected)
  }

  @Test("a policy with a group that is within itself is our own mistake, and traps")
  func broken() async {
    await #expect(processExitsWith: .failure) {
      _ = Scheduler(
        policy: Rig.policy {
          $0.groups = ["self": GroupRules(within: "self")]
          $0.groupOf = ["work": "self"]
        })
    }
  }

  /// `work` in `inner` (2) within `outer` (3), `other` in `outer`.
  private func nested() -> Rig {
    Rig(
      Rig.policy {
        $0.groups = [
          "inner": GroupRules(concurrency: 2, within: "outer"), "outer": GroupRules(concurrency: 3),
        ]
        $0.groupOf = ["work": "inner", "other": "outer"]
      })
  }

  @Test("the inner bound holds its own handlers, the outer one all of them")
  func nesting() {
    let rig = nested()
    #expect(rig.run(Rig.job(1), Rig.job(2), Rig.job(3)) == [.id(1), .id(2)])
    #expect(rig.closedGates(3) == [.group])
    #expect(rig.reason(.group, 3) == "2 of group `inner` run, 2 may")
    #expect(rig.run(Rig.job(4, "other"), Rig.job(5, "other")) == [.id(4)])
    #expect(rig.reason(.group, 5) == "3 of group `outer` run, 3 may")
    // The end of a `work` makes room in both; the older job is first.
    #expect(rig.confirm(rig.end(.id(1))) == [.id(3)])
    #expect(rig.end(.id(4)).started == [.id(5)])
  }

  @Test("adopted attempts count in their groups")
  func adopted() {
    let rig = nested()
    for job in 1...2 { _ = rig.adopt(Rig.job(Int64(job)), number: 1, started: 0) }
    #expect(rig.run(Rig.job(3), Rig.job(4, "other"), Rig.job(5, "other")) == [.id(4)])
    #expect(rig.end(.id(1)).started == [.id(3)])
  }

  @Test("a full group holds up nobody else, and its job is no head of the queue")
  func noHead() {
    let policy = Rig.policy(slots: 3) {
      $0.groups = ["one": GroupRules(concurrency: 1)]
      $0.groupOf = ["work": "one"]
    }
    let rig = Rig(policy)
    #expect(rig.run(Rig.job(1), Rig.job(2), Rig.job(3, "other"), Rig.job(4, "other")).count == 3)
    #expect(rig.closedGates(2) == [.group, .slots])
    #expect(rig.end(.id(3)).started == [])
    #expect(rig.run(Rig.job(5, "other")) == [.id(5)])
  }
}
