import TestSupport
import Testing

@testable import MillraceCore

@Suite("Jobs that wait for others")
struct DependencyTests {
  /// A job that waits for others.
  private static func blocked(
    _ number: Int64, after needed: [(Int64, Dependency.Condition)], notBefore: Int64? = nil,
    failure: Dependency.Failure = .cancel
  ) -> BlockedJob {
    var job = Rig.job(number)
    job.notBefore = notBefore.map(Sample.time)
    return BlockedJob(
      job, waitsFor: needed.map { Dependency(.job(JobID($0.0)), $0.1) }, onDependencyFailure: failure)
  }

  private static func unblocked(_ job: Int64) -> Action { .unblock(JobID(job), notBefore: nil) }

  private static func broken(
    _ job: Int64, _ needed: Int64, _ state: JobState, _ condition: Dependency.Condition = .ok
  ) -> Action {
    .close(JobID(job), .cancelled, .dependency(JobID(needed), state, neededAs: condition))
  }

  @Test("the end of the last job that it needs lets it start, in the same decision")
  func lastEnd() {
    let rig = Rig()
    rig.run(Rig.job(1), Rig.job(2))
    #expect(rig.send(.blocked([Self.blocked(3, after: [(1, .ok), (2, .any)])])).isEmpty)
    #expect(rig.scheduler.knows(JobID(3)))
    #expect(rig.scheduler.blockedCount == 1)
    #expect(rig.scheduler.queuedCount == 0)
    #expect(rig.end(.id(1)).startedJobs == [])
    let actions = rig.send(.ended(.id(2), .final), at: 9)
    #expect(actions.contains(Self.unblocked(3)))
    #expect(actions.startedJobs == [3])
    #expect(rig.scheduler.blockedCount == 0)
    guard case .start(_, let job, _, _)? = actions.last else {
      Issue.record("it does not start")
      return
    }
    #expect(job.waitingSince == Sample.time(9))
  }

  @Test(
    "each condition is met by the ends that it names, and every other end cancels with the reason",
    arguments: Dependency.Condition.allCases, [JobState.succeeded, .failed, .cancelled])
  func conditions(condition: Dependency.Condition, state: JobState) {
    let rig = Rig()
    rig.run(Rig.job(1))
    _ = rig.send(.blocked([Self.blocked(2, after: [(1, condition)])]))
    let actions: [Action]
    switch state {
    case .succeeded: actions = rig.end(.id(1))
    case .failed: actions = rig.send(.ended(.id(1), .final))
    default:
      _ = rig.send(.cancel(JobID(1)))
      actions = rig.send(.ended(.id(1), .killed))
    }
    if condition.isMet(by: state) {
      #expect(actions.startedJobs == [2])
    } else {
      #expect(actions.contains(Self.broken(2, 1, state, condition)))
      #expect(!rig.scheduler.knows(JobID(2)))
    }
  }

  @Test("a failure goes down the whole chain, and stops where somebody wants it")
  func cascade() {
    let rig = Rig()
    rig.run(Rig.job(1))
    _ = rig.send(
      .blocked([
        Self.blocked(2, after: [(1, .ok)]), Self.blocked(3, after: [(2, .ok)]),
        Self.blocked(4, after: [(3, .failed)]), Self.blocked(5, after: [(3, .any), (1, .any)]),
      ]))
    let actions = rig.send(.ended(.id(1), .final))
    #expect(actions.contains(Self.broken(2, 1, .failed)))
    #expect(actions.contains(Self.broken(3, 2, .cancelled)))
    #expect(actions.startedJobs == [4, 5])
    #expect(rig.scheduler.blockedCount == 0)
  }

  @Test("a retry is no end")
  func retry() {
    let rig = Rig()
    rig.run(Rig.job(1))
    _ = rig.send(.blocked([Self.blocked(2, after: [(1, .ok)])]))
    #expect(!rig.send(.ended(.id(1), .crash)).contains { $0.endOfJob != nil })
    #expect(rig.scheduler.blockedCount == 1)
  }

  @Test("a job that is held instead says why, and starts when it is released")
  func held() {
    let rig = Rig()
    rig.run(Rig.job(1), Rig.job(2))
    _ = rig.send(.blocked([Self.blocked(3, after: [(1, .ok), (2, .ok)], failure: .hold)]))
    #expect(rig.send(.ended(.id(1), .final)).contains(.held(JobID(3), true)))
    #expect(rig.scheduler.blockedCount == 1)
    #expect(rig.reason(.dependency, 3) == "job 1 failed, and it was needed as ok; it is held")
    #expect(rig.forecast(3).basis == "it is held: job 1 failed, and it was needed as ok")
    // A second one changes nothing.
    #expect(rig.send(.ended(.id(2), .final)).filter { $0 == .held(JobID(3), true) }.isEmpty)
    #expect(
      rig.scheduler.releaseBroken(JobID(3), at: rig.now) == [.held(JobID(3), false), Self.unblocked(3)])
    #expect(rig.send(.timer).startedJobs == [3])
  }

  @Test("a cancelled job takes those with it that need it, waiting or not")
  func cancel() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1), Rig.job(2))
    _ = rig.send(
      .blocked([Self.blocked(3, after: [(2, .ok)]), Self.blocked(4, after: [(3, .any)])]))
    let actions = rig.send(.cancel(JobID(2)))
    #expect(
      actions == [
        .close(JobID(2), .cancelled, .cancelled), Self.broken(3, 2, .cancelled), Self.unblocked(4),
      ])
    _ = rig.send(.blocked([Self.blocked(6, after: [(5, .ok)])]))
    #expect(rig.send(.cancel(JobID(6))) == [.close(JobID(6), .cancelled, .cancelled)])
    #expect(!rig.scheduler.knows(JobID(6)))
  }

  @Test("a time that has not come is waited for after that")
  func time() {
    let rig = Rig()
    rig.run(Rig.job(1))
    _ = rig.send(
      .blocked([
        Self.blocked(2, after: [(1, .ok)], notBefore: 50), Self.blocked(3, after: [(1, .ok)], notBefore: 5),
      ]))
    let actions = rig.end(.id(1), at: 9)
    #expect(actions.contains(.unblock(JobID(2), notBefore: Sample.time(50))))
    #expect(actions.startedJobs == [3])
    #expect(rig.scheduler.scheduledCount == 1)
    #expect(rig.send(.timer, at: 50).startedJobs == [2])
  }

  @Test("jobs are known before the end that they wait for, whoever is told first")
  func unknownJobs() {
    let rig = Rig()
    _ = rig.send(.blocked([Self.blocked(2, after: [(1, .ok)])]))
    rig.run(Rig.job(1))
    #expect(rig.end(.id(1)).startedJobs == [2])
    _ = rig.send(.blocked([Self.blocked(4, after: [(3, .failed)])]))
    #expect(rig.send(.gone(JobID(3), .failed)).startedJobs == [4])
  }

  @Test("the gate names what it waits for, and the forecast looks through it")
  func explanation() {
    let rig = Rig()
    rig.run(Rig.job(1), Rig.job(2))
    _ = rig.send(
      .blocked([
        Self.blocked(3, after: [(1, .ok)]), Self.blocked(4, after: [(3, .ok), (2, .any)]),
        Self.blocked(5, after: [(4, .failed)]),
      ]))
    #expect(rig.closedGates(4) == [.dependency])
    #expect(rig.reason(.dependency, 3) == "it waits for job 1 (ok)")
    #expect(rig.reason(.dependency, 4) == "it waits for 2 jobs: 2 (any), 3 (ok)")
    #expect(rig.explanation(4)?.ahead == nil)
    // Two run times of 60 s, one after the other.
    #expect(rig.forecast(3).start == Sample.time(60))
    #expect(rig.forecast(4).start == Sample.time(120))
    #expect(
      rig.forecast(5) == Forecast(start: nil, basis: "it starts only if a job that it depends on ends badly"))
    let many = Self.blocked(9, after: (20..<40).map { (Int64($0), .ok) })
    _ = rig.send(.blocked([many]))
    #expect(rig.reason(.dependency, 9)?.hasSuffix("29 (ok), 10 more") == true)
  }

  @Test("a priority changes while it waits")
  func priority() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1))
    _ = rig.send(.blocked([Self.blocked(2, after: [(1, .ok)]), Self.blocked(3, after: [(1, .ok)])]))
    let priority = Priority(rawValue: 9) ?? .default
    #expect(rig.send(.reprioritise(JobID(3), priority)) == [.reprioritised(JobID(3), priority)])
    #expect(rig.end(.id(1)).startedJobs == [3])
  }

  @Test("a chain and a fan of ten thousand jobs settle in one go each")
  func many() {
    let rig = Rig()
    rig.run(Rig.job(1))
    let chain = (2...10_000).map { Self.blocked($0, after: [($0 - 1, .ok)]) }
    _ = rig.send(.blocked(chain))
    #expect(rig.send(.ended(.id(1), .final)).count { $0.endOfJob?.1 == .cancelled } == 9_999)
    rig.run(Rig.job(20_000))
    let fan = (20_001...30_000).map { Self.blocked($0, after: [(20_000, .ok)]) }
    _ = rig.send(.blocked(fan + [Self.blocked(40_000, after: (20_001...30_000).map { ($0, .any) })]))
    #expect(rig.end(.id(20_000)).startedJobs.count == 100)
    #expect(rig.scheduler.queuedCount == 9_900)
    #expect(rig.scheduler.blockedCount == 1)
  }

  @Test("what begins anew takes the place of what was known of it")
  func again() {
    let rig = Rig()
    rig.run(Rig.job(1), Rig.job(2))
    _ = rig.send(.blocked([Self.blocked(3, after: [(1, .ok)], failure: .hold)]))
    _ = rig.send(.ended(.id(1), .final))
    _ = rig.send(.blocked([Self.blocked(3, after: [(2, .ok)], failure: .hold)]))
    #expect(rig.reason(.dependency, 3) == "it waits for job 2 (ok)")
    #expect(rig.end(.id(2)).startedJobs == [3])
  }
}

@Suite("Which jobs begin anew")
struct RevivalTests {
  private static func job(
    _ number: Int64, _ state: JobState, after: [(Int64, Dependency.Condition)] = [], attempts: Int = 1
  ) -> Job {
    var submission = Submission(handler: "work", terms: Sample.terms)
    submission.after = after.map { Dependency(.job(JobID($0.0)), $0.1) }
    return Job(
      id: JobID(number), submission: submission, submitted: Sample.time(0), state: state, attempts: attempts)
  }

  private static func revived(_ jobs: [Job]) -> [Int64: [Int64]] {
    let candidates = jobs.filter { $0.state != .succeeded }
    let states = Dictionary(uniqueKeysWithValues: jobs.map { ($0.id, $0.state) })
    return Dictionary(
      uniqueKeysWithValues: Revival(of: candidates, states: states).jobs.map { revived in
        (
          revived.job.id.rawValue,
          revived.waitsFor.map { if case .job(let id) = $0.needed { id.rawValue } else { -1 } }
        )
      })
  }

  @Test("those that failed, and those that were cancelled because of them")
  func cascade() {
    let jobs = [
      Self.job(1, .succeeded), Self.job(2, .failed, after: [(1, .ok)]),
      Self.job(3, .cancelled, after: [(2, .ok), (1, .ok)], attempts: 0),
      Self.job(4, .cancelled, after: [(3, .ok)], attempts: 0),
    ]
    #expect(Self.revived(jobs) == [2: [], 3: [2], 4: [3]])
  }

  @Test("one that needed a success to fail stays cancelled")
  func stays() {
    let jobs = [
      Self.job(1, .succeeded), Self.job(2, .failed),
      Self.job(3, .cancelled, after: [(1, .failed)], attempts: 0),
    ]
    #expect(Self.revived(jobs) == [2: []])
  }

  @Test("one that failed itself after a failure waits for that again")
  func failedAfterFailure() {
    let jobs = [Self.job(1, .failed), Self.job(2, .failed, after: [(1, .any)])]
    #expect(Self.revived(jobs) == [1: [], 2: [1]])
  }
}
