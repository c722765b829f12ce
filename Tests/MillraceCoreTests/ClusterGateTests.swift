import TestSupport
import Testing

@testable import MillraceCore

@Suite("The gate of the cluster")
struct ClusterGateTests {
  @Test("is closed in words until the cluster has answered, and while it is in trouble")
  func trouble() {
    let rig = Rig(Rig.policy { $0.cluster = ClusterRules() })
    rig.run(Rig.job(1, on: .slurm))
    #expect(rig.clusterGate(1)?.isOpen == false)
    #expect(rig.reason(.cluster, 1) == "the cluster has not answered yet")
    #expect(rig.clusterGate(1)?.remedy == "the cluster, by itself; `millrace nodes` shows it")
    #expect(rig.answer([], trouble: "slurmctld does not answer").started == [])
    #expect(rig.reason(.cluster, 1) == "slurmctld does not answer")
    #expect(rig.answer([.idle("n1")]).places == [.slurm])
    #expect(rig.clusterGate(1) == nil)
  }

  @Test("the operator is told when the trouble begins and when it is over, each once")
  func notices() {
    let rig = Rig(Rig.policy { $0.cluster = ClusterRules() })
    #expect(rig.answer([.idle("n1")]).notices == [])
    #expect(rig.answer([.idle("n1")], trouble: "a").notices == [.cluster(trouble: "a")])
    #expect(rig.answer([.idle("n1")], trouble: "b").notices == [])
    #expect(rig.answer([.idle("n1")]).notices == [.cluster(trouble: nil)])
    #expect(Notice.cluster(trouble: "a").text == "the cluster can't be used: a")
    #expect(Notice.cluster(trouble: nil).text == "the cluster answers again")
    let other = Rig(Rig.policy { $0.cluster = ClusterRules() })
    #expect(other.answer([], trouble: "a").notices == [.cluster(trouble: "a")])
  }

  @Test("trouble ends nothing that runs there, and loses nothing that waits")
  func waits() {
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm))
    #expect(rig.answer([.idle("n1")], trouble: "away", at: 10).map(\.isNotice) == [true])
    rig.run(Rig.job(2, on: .slurm))
    #expect(rig.closedGates(2) == [.cluster])
    #expect(rig.succeed(.id(1), on: "n1", at: 20).ends.map(\.1) == [.done(.succeeded)])
    #expect(rig.answer([.idle("n1")], at: 30).startedJobs == [2])
  }

  @Test("names the states of the nodes if none can be used")
  func noNode() {
    let states: [ClusterNode] = [.node("n1", .offline), .node("n2", .drained), .node("n3", .unhealthy)]
    let rig = Rig.withCluster(states)
    rig.run(Rig.job(1, on: .slurm))
    #expect(
      rig.reason(.cluster, 1) == "no node can be used: n1 offline, n2 drained, n3 unhealthy")
    #expect(rig.clusterGate(1)?.opensAt == nil)
    #expect(rig.answer(states + [.node("n4", .busy)]).startedJobs == [1])
    let empty = Rig.withCluster([])
    empty.run(Rig.job(1, on: .slurm))
    #expect(empty.reason(.cluster, 1) == "no node can be used: the cluster has none")
    let many = Rig.withCluster((1...1000).map { .node("n\($0)", .offline) })
    many.run(Rig.job(1, on: .slurm))
    #expect(many.reason(.cluster, 1)?.count ?? 0 < 200)
    #expect(many.reason(.cluster, 1)?.hasSuffix("n10 offline and 990 more") ?? false)
  }

  @Test("time alone opens it when every node cools down, and the timer starts what waited")
  func cooling() {
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm), Rig.job(2, on: .slurm))
    _ = rig.interrupt(.id(1), .nodeFault("x"), on: "n1", at: 0)
    #expect(rig.run(Rig.job(3, on: .slurm)) == [.id(3)])
    _ = rig.interrupt(.id(2), .nodeFault("x"), on: "n2", at: 10)
    rig.run(Rig.job(4, on: .slurm))
    #expect(rig.reason(.cluster, 4) == "no node can be used: n1 cools down, n2 cools down")
    #expect(rig.clusterGate(4)?.opensAt == Sample.time(30))
    #expect(rig.confirm(rig.send(.timer, at: 11)) == [])
    #expect(rig.scheduler.nextTime == Sample.time(30))
    // The retries of those that failed are due as well.
    #expect(rig.send(.timer, at: 30).startedJobs == [1, 2, 4])
    #expect(rig.scheduler.excludedNodes(at: rig.now) == ["n2"])
  }

  @Test("a node that cools down does not close it while another can be used; one that is drained is none")
  func oneLeft() {
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm))
    _ = rig.interrupt(.id(1), .nodeFault("x"), on: "n1")
    #expect(rig.run(Rig.job(2, on: .slurm)) == [.id(2)])
    _ = rig.answer([.idle("n1"), .node("n2", .drained)])
    rig.run(Rig.job(3, on: .slurm))
    #expect(rig.reason(.cluster, 3) == "no node can be used: n1 cools down, n2 drained")
    #expect(rig.clusterGate(3)?.opensAt == Sample.time(30))
  }

  @Test("is told of jobs that may run there only, and then in the place of this machine's gates")
  func told() {
    let rig = Rig.withCluster([], slots: 1)
    rig.run(Rig.job(1))
    rig.run(Rig.job(2), Rig.job(3, on: .slurm), Rig.job(4, on: .auto))
    #expect(rig.clusterGate(2) == nil)
    #expect(rig.closedGates(3) == [.cluster])
    #expect(
      rig.verdicts(3).map(\.gate) == [
        .runner, .handler, .concurrency, .group, .rate, .breaker, .hold, .dependency, .notBefore, .cluster,
      ])
    #expect(rig.closedGates(4) == [.slots, .cluster])
    #expect(rig.verdicts(4).count == GateVerdict.Gate.allCases.count)
    for verdict in rig.verdicts(3) + rig.verdicts(4) {
      #expect(verdict.isOpen == (verdict.remedy == nil))
      #expect(!verdict.reason.isEmpty)
    }
  }

  @Test("an adopted attempt counts there, whether it waits in the cluster's queue or runs")
  func adopted() {
    let rig = Rig.withCluster { $0.cluster?.outstanding = 2 }
    let jobs = [Rig.job(1, on: .slurm), Rig.job(2, on: .slurm)]
    for (number, job) in jobs.enumerated() {
      _ = rig.send(
        .adopted(
          Adoption(
            job: job, number: 1, build: "", started: Sample.time(0), place: .slurm, isStarting: number == 1)),
        at: 5)
    }
    #expect(rig.scheduler.outstanding == 2)
    #expect(rig.run(Rig.job(3, on: .slurm)) == [])
    #expect(rig.closedGates(3) == [.cluster])
    // What it tells anew of one that runs is no start; the other one begins now.
    #expect(rig.send(.started(.id(1))) == [])
    #expect(rig.send(.started(.id(2))) == [.markRunning(.id(2))])
    #expect(rig.send(.started(.id(2))) == [])
    #expect(rig.scheduler.nextTime == Sample.time(60))
    #expect(rig.succeed(.id(1), on: "n1").startedJobs == [3])
  }
}

extension Action {
  fileprivate var isNotice: Bool { if case .notice = self { true } else { false } }
}
