import TestSupport
import Testing

@testable import MillraceCore

@Suite("Attempts that the cluster ends")
struct ClusterRetryTests {
  /// A row: what the cluster says, the outcome, the code, and whether an attempt is used up.
  static let table: [(Interruption, Outcome, String, Bool)] = [
    (.timeLimit, .timedOut, "timed_out", true),
    (.outOfMemory, .oomOwnLimit, "out_of_memory", true),
    (.nodeLost, .lost, "node_lost", false),
    (.nodeFault("no such plugin"), .lost, "node_fault", false),
    (.preempted, .evicted, "preempted", false),
    (.cancelled, .cancelled, "cancelled", true),
    (.deadline, .timedOut, "deadline", true),
  ]

  @Test("have the outcome that the same would have here", arguments: table.indices)
  func outcomes(_ row: Int) {
    let (interruption, outcome, code, uses) = Self.table[row]
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm))
    let end = rig.interrupt(.id(1), interruption, at: 5).ends.first?.0
    #expect(end?.outcome == outcome)
    #expect(end?.failure?.code == code)
    #expect(end?.outcome.usesAttempt == uses)
    #expect(end?.whereabouts == Whereabouts(clusterJob: "7", node: "n1"))
  }

  @Test("say in words what happened, with the node")
  func words() {
    func words(_ interruption: Interruption, on node: String? = "n1") -> String? {
      let rig = Rig.withCluster()
      rig.run(Rig.job(1, on: .slurm))
      return rig.interrupt(.id(1), interruption, on: node).ends.first?.0.failure?.message
    }
    #expect(words(.nodeLost) == "node n1 was lost with what ran there")
    #expect(words(.nodeLost, on: nil) == "its node was lost with what ran there")
    #expect(words(.nodeFault("no such plugin")) == "node n1 could not run it: no such plugin")
    #expect(words(.timeLimit) == "it ran into its time limit of 1 min 0 s in the cluster")
    #expect(words(.outOfMemory) == "it passed its memory limit of 64 MiB")
    #expect(words(.preempted) == "the cluster gave its place to another job (preempted)")
    #expect(words(.cancelled) == "it was cancelled in the cluster")
    #expect(words(.deadline) == "the cluster ended it: it could not have met its deadline there")
  }

  @Test("a handler's word that it is done stands, whatever the cluster says", arguments: table.indices)
  func done(_ row: Int) {
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm))
    var report = AttemptReport.success
    report.interruption = Self.table[row].0
    report.whereabouts = Whereabouts(clusterJob: "7", node: "n1")
    #expect(rig.send(.ended(.id(1), report)).ends.map(\.1) == [.done(.succeeded)])
  }

  @Test("a job whose node was lost runs again after 1 s, 2 s, 4 s …, and fails when it was lost too often")
  func nodeLost() {
    let rig = Rig.withCluster { $0.maxLosses = 4 }
    rig.run(Rig.job(1, on: .slurm))
    for (number, wait) in [(1, 1), (2, 2), (3, 4)] as [(Int, Int64)] {
      let next = rig.interrupt(.id(1, number), .nodeLost).ends.first?.1
      #expect(next == .retry(notBefore: rig.now + .seconds(wait)))
      #expect(rig.confirm(rig.send(.timer, at: rig.seconds + wait)) == [.id(1, number + 1)])
    }
    #expect(
      rig.interrupt(.id(1, 4), .nodeLost).ends.map(\.1)
        == [.done(.failed, because: .poisoned(lost: .id(1, 4), times: 4))])
    #expect(rig.scheduler.outstanding == 0)
  }

  @Test("a job that a node could not run goes to another one, and that node is left out")
  func nodeFault() {
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm))
    #expect(
      rig.interrupt(.id(1), .nodeFault("x")).ends.map(\.1) == [.retry(notBefore: Sample.time(1))])
    let again = rig.send(.timer, at: 1)
    #expect(again.started == [.id(1, 2)] && again.places == [.slurm])
    #expect(rig.scheduler.excludedNodes(at: rig.now) == ["n1"])
  }

  @Test("faults of nodes are no losses: a job fails by them alone, when many in a row could not run it")
  func faults() {
    let rig = Rig.withCluster {
      ($0.maxLosses, $0.maxNodeFaults, $0.maxRetryDelay) = (2, 4, .seconds(2))
    }
    rig.run(Rig.job(1, on: .slurm))
    func fault(_ number: Int) -> AfterAttempt? {
      // Of one node alone, so that there is always another one.
      let next = rig.interrupt(.id(1, number), .nodeFault("no plugin")).ends.first?.1
      rig.confirm(rig.send(.timer, at: rig.seconds + 2))
      return next
    }
    #expect(fault(1) == .retry(notBefore: rig.now - .seconds(1)))
    for number in 2...3 { #expect(fault(number) == .retry(notBefore: rig.now)) }
    // One that has run says that the job is none that no node can run, and counts as what it is.
    #expect(rig.interrupt(.id(1, 4), .nodeLost).ends.first?.1 == .retry(notBefore: rig.now + .seconds(1)))
    rig.confirm(rig.send(.timer, at: rig.seconds + 2))
    for number in 5...7 { #expect(fault(number) != .done(.failed)) }
    #expect(fault(8) == .done(.failed))
  }

  @Test("memory beyond what was asked for it, but within its limit, costs no attempt; beyond that it does")
  func request() {
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm))
    var report = AttemptReport(exit: .signalled(signal: 9), usage: Usage(), word: nil)
    report.whereabouts = Whereabouts(clusterJob: "7", node: "n1")
    (report.interruption, report.memoryKill) = (.outOfMemory, .request(.mebibytes(20)))
    let actions = rig.send(.ended(.id(1), report))
    #expect(actions.ends.map(\.0.outcome) == [.oomPressure] && actions.ends.map(\.1) == [.requeue])
    #expect(
      actions.ends.first?.0.failure?.message == "it passed the 20 MiB that a cluster had been asked for")
    #expect(rig.confirm(actions) == [.id(1, 2)])
    // The same as seen by its host.
    (report.interruption, report.usage.oomKills) = (nil, 1)
    let next = rig.send(.ended(.id(1, 2), report))
    #expect(next.ends.map(\.0.outcome) == [.oomPressure] && rig.confirm(next) == [.id(1, 3)])
    report.memoryKill = .request(.mebibytes(64))
    #expect(rig.send(.ended(.id(1, 3), report)).ends.map(\.0.outcome) == [.oomOwnLimit])
  }

  @Test("a job that was preempted is queued again at once, a few times")
  func preempted() {
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm))
    for number in 1...3 {
      let actions = rig.interrupt(.id(1, number), .preempted, at: Int64(number))
      #expect(actions.ends.map(\.1) == [.requeue])
      #expect(rig.confirm(actions) == [.id(1, number + 1)])
    }
    #expect(
      rig.interrupt(.id(1, 4), .preempted, at: 4).ends.map(\.1) == [.retry(notBefore: Sample.time(5))])
  }

  @Test("one that ran into its time limit there is retried by its rule, with a longer time if that says so")
  func timeLimit() {
    let rig = Rig.withCluster()
    rig.run(
      Rig.job(1, on: .slurm) { terms in
        terms.retry.timeoutFactor = 2
        terms.maxAttempts = 2
      })
    let actions = rig.interrupt(.id(1), .timeLimit, at: 60)
    #expect(actions.ends.map(\.1) == [.retry(notBefore: Sample.time(61))])
    rig.confirm(rig.send(.timer, at: 61))
    #expect(rig.scheduler.nextTime == Sample.time(181))
    #expect(rig.interrupt(.id(1, 2), .timeLimit).ends.map(\.1) == [.done(.failed)])
    let other = Rig.withCluster()
    other.run(Rig.job(1, on: .slurm) { $0.retry.causes = RetryCauses.all.subtracting(.timedOut) })
    #expect(other.interrupt(.id(1), .timeLimit).ends.map(\.1) == [.done(.failed)])
  }

  @Test("one that the kernel killed there gets twice the memory, up to that of the largest node")
  func outOfMemory() {
    func next(limit: Int64, on place: Placement, node: Int64) -> (AfterAttempt?, Bytes?) {
      let rig = Rig.withCluster([.idle("n1", memory: .mebibytes(node))], memory: .mebibytes(1000))
      rig.run(Rig.job(1, on: place) { $0.limits.memory = .mebibytes(limit) })
      let actions = rig.interrupt(.id(1), .outOfMemory)
      let carried = actions.compactMap { if case .carry(_, let left) = $0 { left.memory } else { nil } }
      return (actions.ends.first?.1, carried.first ?? nil)
    }
    let again = AfterAttempt.retry(notBefore: Sample.time(1))
    #expect(next(limit: 600, on: .slurm, node: 8000) == (again, .mebibytes(1200)))
    #expect(next(limit: 6000, on: .slurm, node: 8000) == (again, .mebibytes(8000)))
    #expect(
      next(limit: 8000, on: .slurm, node: 8000)
        == (.done(.failed, because: .memoryMax(.mebibytes(8000))), nil))
    // What may run in both places can have what the larger one has.
    #expect(next(limit: 600, on: .auto, node: 8000) == (again, .mebibytes(1200)))
    #expect(next(limit: 600, on: .auto, node: 700) == (again, .mebibytes(1000)))
  }

  @Test("one that has grown out of this machine runs in the cluster only from then on")
  func grown() {
    let rig = Rig.withCluster(memory: .mebibytes(100))
    #expect(rig.send(.submitted([Rig.job(1, on: .auto)])).places == [.local])
    _ = rig.send(.started(.id(1)))
    _ = rig.send(.ended(.id(1), .ownLimit))
    #expect(rig.send(.timer, at: 1).places == [.slurm])
  }

  @Test("one that somebody cancelled there is cancelled, and a job that a deadline ended there has failed")
  func ended() {
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm), Rig.job(2, on: .slurm) { $0.finishWithin = .seconds(100) })
    #expect(rig.interrupt(.id(1), .cancelled).ends.map(\.1) == [.done(.cancelled)])
    #expect(
      rig.interrupt(.id(2), .deadline, at: 90).ends.map(\.1)
        == [.done(.failed, because: .deadline(.seconds(100)))])
  }

  @Test("what its runner stopped has that reason, unless its node was lost meanwhile")
  func stopped() {
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm), Rig.job(2, on: .slurm), Rig.job(3, on: .slurm))
    _ = rig.send(.timer, at: 60)
    let end = rig.interrupt(.id(1), .cancelled).ends.first
    #expect(end?.0.outcome == .timedOut)
    #expect(rig.interrupt(.id(2), .nodeLost).ends.first?.0.outcome == .lost)
    _ = rig.send(.cancel(JobID(3)))
    #expect(rig.interrupt(.id(3), .nodeLost).ends.map(\.1) == [.done(.cancelled)])
  }

  @Test("an attempt that waits in the cluster's queue is ended there at once when its job is cancelled")
  func cancelPending() {
    let rig = Rig.withCluster()
    _ = rig.send(.submitted([Rig.job(1, on: .slurm)]))
    #expect(rig.send(.cancel(JobID(1))) == [.cancelRequested(JobID(1)), .terminate(.id(1))])
    #expect(rig.send(.cancel(JobID(1))) == [.cancelRequested(JobID(1))])
    let ends = rig.interrupt(.id(1), .cancelled, on: nil).ends
    #expect(ends.map(\.0.outcome) == [.cancelled])
    #expect(ends.map(\.1) == [.done(.cancelled)])
  }

  @Test("one that began before the cluster heard of its cancellation is told again, then killed")
  func cancelLate() {
    let rig = Rig.withCluster()
    _ = rig.send(.submitted([Rig.job(1, on: .slurm)]))
    _ = rig.send(.cancel(JobID(1)))
    #expect(rig.send(.started(.id(1)), at: 3) == [.markRunning(.id(1)), .terminate(.id(1))])
    #expect(rig.send(.started(.id(1)), at: 4) == [])
    #expect(rig.send(.timer, at: 8) == [.kill(.id(1))])
    #expect(rig.interrupt(.id(1), .cancelled).ends.map(\.1) == [.done(.cancelled)])
  }

  @Test("one that still waits in the cluster's queue when its job's time is over is ended there")
  func deadlinePending() {
    let rig = Rig.withCluster()
    _ = rig.send(.submitted([Rig.job(1, on: .slurm) { $0.finishWithin = .seconds(100) }]))
    #expect(rig.scheduler.nextTime == Sample.time(100))
    #expect(rig.send(.timer, at: 100) == [.terminate(.id(1))])
    #expect(rig.scheduler.nextTime == nil)
    let ends = rig.interrupt(.id(1), .cancelled, on: nil, at: 101).ends
    #expect(ends.map(\.0.outcome) == [.timedOut])
    #expect(ends.map(\.1) == [.done(.failed, because: .deadline(.seconds(100)))])
  }

  @Test("one that the cluster would not take is lost, and tried again; its job fails when that goes on")
  func refused() {
    let rig = Rig.withCluster { $0.maxLosses = 2 }
    _ = rig.send(.submitted([Rig.job(1, on: .slurm)]))
    #expect(
      rig.send(.refused(.id(1), reason: "no account")).ends.map(\.1) == [.retry(notBefore: Sample.time(1))])
    #expect(rig.send(.timer, at: 1).places == [.slurm])
    #expect(rig.send(.refused(.id(1, 2), reason: "no account")).ends.map(\.1) == [.done(.failed)])
  }
}
