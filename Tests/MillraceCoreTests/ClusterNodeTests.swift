import TestSupport
import Testing

@testable import MillraceCore

@Suite("Nodes at fault")
struct ClusterNodeTests {
  private static let rules = ClusterRules()

  /// Lets a node fail so often, each time when it may be used again; returns for how many seconds it is left
  /// out each time.
  private func waits(_ times: Int, _ rules: ClusterRules = rules) -> [Int64] {
    var book = NodeBook()
    var now = Sample.time(0)
    return (0..<times).map { _ in
      let until = book.fault(of: "n1", at: now, rules)
      let wait = until - now
      now = until
      return wait.components.seconds
    }
  }

  @Test("each fault more doubles the time that a node gets nothing, up to the bound")
  func doubling() {
    #expect(waits(9) == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600])
    var rules = Self.rules
    (rules.coolDown, rules.longestCoolDown) = (.seconds(7), .seconds(20))
    #expect(waits(4, rules) == [7, 14, 20, 20])
    rules.coolDown = .seconds(100)
    #expect(waits(2, rules) == [20, 20])
  }

  @Test("a node is left out until its time is over, and not longer")
  func excluded() {
    var book = NodeBook()
    let until = book.fault(of: "n2", at: Sample.time(0), Self.rules)
    #expect(until == Sample.time(30))
    _ = book.fault(of: "n1", at: Sample.time(10), Self.rules)
    #expect(book.excluded(at: Sample.time(29)) == ["n1", "n2"])
    #expect(book.coolsUntil("n2", at: Sample.time(29)) == Sample.time(30))
    #expect(book.excluded(at: Sample.time(30)) == ["n1"])
    #expect(book.coolsUntil("n2", at: Sample.time(30)) == nil)
    #expect(book.coolsUntil("n3", at: Sample.time(0)) == nil)
  }

  @Test("what fails on a node that is left out already was sent before and says nothing new")
  func together() {
    var book = NodeBook()
    let until = book.fault(of: "n1", at: Sample.time(0), Self.rules)
    for second in 1...29 as ClosedRange<Int64> {
      #expect(book.fault(of: "n1", at: Sample.time(second), Self.rules) == until)
    }
    #expect(book.fault(of: "n1", at: Sample.time(30), Self.rules) == Sample.time(90))
  }

  @Test("after an attempt that has run there the next fault counts as the first")
  func success() {
    var book = NodeBook()
    _ = book.fault(of: "n1", at: Sample.time(0), Self.rules)
    _ = book.fault(of: "n1", at: Sample.time(30), Self.rules)
    // It was sent before the fault.
    book.success(of: "n1", at: Sample.time(50))
    #expect(book.coolsUntil("n1", at: Sample.time(50)) == Sample.time(90))
    #expect(book.fault(of: "n1", at: Sample.time(90), Self.rules) == Sample.time(210))
    book.success(of: "n1", at: Sample.time(210))
    #expect(book.fault(of: "n1", at: Sample.time(211), Self.rules) == Sample.time(241))
    book.success(of: "n9", at: Sample.time(0))
    #expect(book.excluded(at: Sample.time(211)) == ["n1"])
  }

  @Test("the operator is told once that a node is left out, and for how long")
  func notice() {
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm), Rig.job(2, on: .slurm), Rig.job(3, on: .slurm))
    let first = rig.interrupt(.id(1), .nodeFault("no such plugin"), at: 5).notices
    #expect(first == [.nodeFault("n1", coolsFor: .seconds(30), because: "no such plugin")])
    #expect(first.map(\.text) == ["node n1 gets no jobs for 30 s: no such plugin"])
    #expect(rig.interrupt(.id(2), .nodeFault("no such plugin"), at: 6).notices == [])
    #expect(rig.scheduler.excludedNodes(at: rig.now) == ["n1"])
    #expect(rig.scheduler.coolsUntil(node: "n1", at: rig.now) == Sample.time(35))
    #expect(
      rig.interrupt(.id(3), .nodeFault("again"), at: 35).notices
        == [.nodeFault("n1", coolsFor: .seconds(60), because: "again")])
  }

  @Test("a node that is lost, or ends an attempt otherwise, is not at fault")
  func innocent() {
    let others: [Interruption?] = [
      .nodeLost, .timeLimit, .outOfMemory, .preempted, .cancelled, .deadline, nil,
    ]
    for interruption in others {
      let rig = Rig.withCluster()
      rig.run(Rig.job(1, on: .slurm))
      #expect(rig.interrupt(.id(1), interruption, at: 5).notices == [])
      #expect(rig.scheduler.excludedNodes(at: rig.now) == [], "\(String(describing: interruption))")
    }
  }

  @Test("an attempt that has run on a node, however it ended, clears it; a loss of the node does not")
  func cleared() {
    func nextWait(after interruption: Interruption?) -> [Notice] {
      let rig = Rig.withCluster()
      rig.run(Rig.job(1, on: .slurm), Rig.job(2, on: .slurm), Rig.job(3, on: .slurm))
      _ = rig.interrupt(.id(1), .nodeFault("x"), at: 0)
      _ = rig.interrupt(.id(2), interruption, at: 40)
      return rig.interrupt(.id(3), .nodeFault("x"), at: 50).notices
    }
    let first = Notice.nodeFault("n1", coolsFor: .seconds(30), because: "x")
    let second = Notice.nodeFault("n1", coolsFor: .seconds(60), because: "x")
    #expect(nextWait(after: .outOfMemory) == [first])
    #expect(nextWait(after: nil) == [first])
    #expect(nextWait(after: .nodeLost) == [second])
  }
}
