import TestSupport
import Testing

@testable import MillraceCore

@Suite("Here or in the cluster")
struct ClusterPlacementTests {
  /// A learned run time of 100 s, so that a queue can be told to be long.
  private static let evidence = Event.learned((1...20).map { _ in EstimateTests.evidence(64, seconds: 100) })

  @Test("a job runs where it says, here if it says nothing")
  func said() {
    let rig = Rig.withCluster()
    let actions = rig.send(
      .submitted([Rig.job(1), Rig.job(2, on: .local), Rig.job(3, on: .slurm), Rig.job(4, on: .auto)]))
    #expect(actions.startedJobs == [1, 2, 4, 3])
    #expect(actions.places == [.local, .local, .local, .slurm])
    #expect(rig.scheduler.outstanding == 1)
    #expect(rig.scheduler.place(of: .id(3)) == .slurm)
    #expect(rig.scheduler.place(of: .id(9)) == nil)
  }

  @Test("what runs in the cluster takes nothing of this machine")
  func resources() {
    let rig = Rig.withCluster(slots: 1)
    #expect(rig.run(Rig.job(1, on: .slurm), Rig.job(2, on: .slurm)) == [.id(1), .id(2)])
    #expect(rig.used == Resources())
    #expect(rig.run(Rig.job(3)) == [.id(3)])
    #expect(rig.used.slots == 1)
    #expect(rig.run(Rig.job(4)) == [])
    // A full machine keeps nothing from the cluster.
    #expect(rig.send(.submitted([Rig.job(5, on: .slurm)])).places == [.slurm])
  }

  @Test("a machine under pressure, or that staggers its starts, keeps nothing from the cluster")
  func pressure() {
    let rig = Rig.withCluster { $0.stagger = .seconds(60) }
    rig.run(Rig.job(1))
    rig.sample([:], MachineSample(memoryTotal: .gibibytes(1), memoryAvailable: .zero))
    #expect(rig.scheduler.pressureLevel == .critical)
    #expect(rig.send(.submitted([Rig.job(2), Rig.job(3, on: .slurm)])).startedJobs == [3])
  }

  @Test("attempts in the cluster need no look at this machine")
  func samples() {
    let rig = Rig.withCluster()
    rig.run(Rig.job(1, on: .slurm))
    #expect(!rig.scheduler.needsSamples)
    rig.run(Rig.job(2))
    #expect(rig.scheduler.needsSamples)
  }

  @Test("a job that may run anywhere and is larger than this machine runs in the cluster only")
  func tooLarge() {
    let rig = Rig.withCluster(memory: .mebibytes(500))
    let large = Rig.job(1, on: .auto) { $0.limits.memory = .mebibytes(600) }
    #expect(rig.send(.submitted([large])).places == [.slurm])
    _ = rig.answer([], trouble: "away")
    rig.run(Rig.job(2, on: .auto) { $0.limits.memory = .mebibytes(600) })
    #expect(rig.closedGates(2) == [.cluster])
    #expect(rig.verdicts(2).allSatisfy { $0.gate != .memory })
  }

  @Test("a job that has outgrown this machine while it waited goes to the cluster at its turn")
  func outgrown() {
    let rig = Rig.withCluster(
      slots: 1, memory: .mebibytes(300), handlers: ["work": HandlerRules(), "big": HandlerRules()])
    func learn(_ peak: Int64) -> Event {
      .learned((1...200).map { _ in EstimateTests.evidence(peak, handler: "big") })
    }
    _ = rig.send(learn(100))
    rig.run(Rig.job(1))
    let big = Rig.job(2, "big") { terms in
      terms.limits.memory = .mebibytes(1000)
      terms.place = .auto
    }
    #expect(rig.run(big) == [])
    #expect(rig.closedGates(2) == [.slots, .cluster])
    #expect(rig.send(learn(400)).started == [])
    let actions = rig.end(.id(1))
    #expect(actions.startedJobs == [2] && actions.places == [.slurm])
  }

  @Test("without a cluster, what may run anywhere runs here, and what must run there says why it does not")
  func noCluster() {
    let rig = Rig(Rig.policy())
    #expect(rig.send(.submitted([Rig.job(1, on: .auto)])).places == [.local])
    rig.run(Rig.job(2, on: .slurm))
    #expect(rig.reason(.cluster, 2) == "the configuration has no `slurm`")
    #expect(rig.closedGates(2) == [.cluster])
    #expect(rig.scheduler.nextTime == nil)
  }

  @Test("what may run anywhere goes to the cluster while the queue here takes longer than the bound")
  func longQueue() {
    let rig = Rig.withCluster(slots: 1) { $0.cluster?.autoWait = .seconds(250) }
    _ = rig.send(Self.evidence)
    let job = { (number: Int64) in
      Rig.job(number, on: .auto) { terms in
        terms.limits.memory = .mebibytes(3200)
        terms.timeout = .seconds(1000)
      }
    }
    #expect(rig.confirm(rig.send(.submitted([job(1)]))) == [.id(1)])
    // A hundredth of memory for 100 s, and the only slot.
    #expect(rig.scheduler.expectedLength(at: rig.now) == .seconds(100))
    #expect(rig.run(job(2), job(3)) == [])
    #expect(rig.scheduler.expectedLength(at: rig.now) == .seconds(300))
    #expect(rig.clusterGate(2)?.isOpen == false)
    #expect(
      rig.clusterGate(2)?.reason == "the queue here takes 3 min 20 s, up to 4 min 10 s its jobs stay here")
    // One more is not within the bound; the one that comes first goes.
    let actions = rig.send(.submitted([job(4)]))
    #expect(actions.startedJobs == [2] && actions.places == [.slurm])
    #expect(rig.scheduler.expectedLength(at: rig.now) == .seconds(300))
  }

  @Test("jobs of this machine alone make its queue long, and those that may go to the cluster go first")
  func localQueue() {
    let rig = Rig.withCluster(slots: 1, memory: .mebibytes(64)) { $0.cluster?.autoWait = .seconds(100) }
    rig.run(Rig.job(1), Rig.job(2))
    // The first one takes the machine for its 60 s at most, the second one too.
    #expect(rig.scheduler.expectedLength(at: rig.now) == .seconds(120))
    #expect(rig.send(.submitted([Rig.job(3, on: .auto)])).places == [.slurm])
    // As the time of the first one passes, the queue gets shorter.
    #expect(rig.send(.submitted([Rig.job(4, on: .auto)]), at: 30).places == [])
    #expect(rig.scheduler.expectedLength(at: Sample.time(30)) == .seconds(150))
    #expect(rig.send(.submitted([Rig.job(5, on: .auto)]), at: 55).startedJobs == [4])
  }

  @Test("jobs go to the cluster in the order of rank, as many as may be there")
  func bound() {
    let rig = Rig.withCluster { $0.cluster?.outstanding = 3 }
    let jobs = (1...6 as ClosedRange<Int64>).map { number in
      var job = Rig.job(number, on: .slurm)
      job.priority = Priority(rawValue: number == 6 ? 10 : 5) ?? .default
      return job
    }
    #expect(rig.confirm(rig.send(.submitted(jobs))) == [.id(6), .id(1), .id(2)])
    #expect(rig.clusterGate(3)?.reason == "3 of 3 attempts are in the cluster")
    #expect(rig.clusterGate(3)?.remedy == "the end of an attempt there, or a larger `slurm.outstanding`")
    #expect(rig.confirm(rig.succeed(.id(1), on: "n1")) == [.id(3)])
    #expect(rig.scheduler.outstanding == 3)
    // A smaller bound ends nothing.
    var policy = rig.scheduler.policy
    policy.cluster?.outstanding = 1
    #expect(rig.send(.policy(policy)) == [])
    #expect(rig.scheduler.outstanding == 3)
    #expect(rig.succeed(.id(6), on: "n1").started == [])
  }

  @Test("the bounds of handlers and groups hold for both places together, and held jobs wait")
  func bounds() {
    let rig = Rig.withCluster(handlers: ["work": HandlerRules(concurrency: 2)])
    let actions = rig.send(.submitted([Rig.job(1), Rig.job(2, on: .slurm), Rig.job(3, on: .slurm)]))
    #expect(rig.confirm(actions) == [.id(1), .id(2)])
    #expect(rig.closedGates(3) == [.concurrency])
    _ = rig.send(.hold(JobID(3), true))
    #expect(rig.end(.id(1)).started == [])
    #expect(rig.send(.hold(JobID(3), false)).places == [.slurm])
  }

  @Test("a paused or draining runner starts nothing in the cluster")
  func paused() {
    let rig = Rig.withCluster()
    _ = rig.send(.operate(.runner, .pause(Pause(by: "ann", since: rig.now))))
    #expect(rig.run(Rig.job(1, on: .slurm)) == [])
    #expect(rig.closedGates(1) == [.runner])
    #expect(rig.send(.operate(.runner, .resume)).places == [.slurm])
    _ = rig.send(.drain)
    #expect(rig.run(Rig.job(2, on: .slurm)) == [])
    #expect(!rig.scheduler.isDrained)
    _ = rig.succeed(.id(1), on: "n1")
    #expect(rig.scheduler.isDrained)
  }

  @Test("a job of this machine that comes next in its group starts with the one in the cluster before it")
  func line() {
    let rig = Rig.withCluster { $0.groups["line"] = GroupRules(concurrency: 2, order: .fifo) }
    func job(_ number: Int64, _ place: Placement) -> WaitingJob {
      var job = Rig.job(number, on: place)
      job.group = "line"
      return job
    }
    let actions = rig.send(.submitted([job(1, .slurm), job(2, .local), job(3, .slurm)]))
    #expect(actions.startedJobs == [1, 2])
    #expect(actions.places == [.slurm, .local])
    rig.confirm(actions)
    #expect(rig.end(.id(2)).startedJobs == [3])
  }

  @Test("a job that waits for the cluster keeps none of this machine waiting")
  func lanes() {
    let rig = Rig.withCluster([])
    let huge = Rig.job(1, on: .slurm) { $0.limits.memory = .gibibytes(1000) }
    #expect(rig.run(huge, Rig.job(2)) == [.id(2)])
    #expect(rig.closedGates(1) == [.cluster])
    #expect(rig.explanation(1)?.ahead == 0)
  }
}
