import TestSupport

@testable import MillraceCore

/// A scheduler with a clock that a test turns by hand.
final class Rig {
  var scheduler: Scheduler
  /// Seconds after `Sample.time(0)`.
  var seconds: Int64 = 0

  /// Makes a scheduler that knows `handlers`.
  init(_ policy: Policy = Rig.policy(), handlers: [String: HandlerRules] = Rig.handlers) {
    scheduler = Scheduler(policy: policy)
    _ = scheduler.handle(.handlers(handlers), at: Sample.time(0))
  }

  /// Two handlers without bounds.
  static let handlers = ["work": HandlerRules(), "other": HandlerRules()]

  /// A policy with room for a hundred sample jobs, and one of 100 slots; `change` sets the rest.
  static func policy(
    slots: Int = 100, memory: Bytes = .mebibytes(6400), cpuMillis: Int64 = 100_000,
    change: (inout Policy) -> Void = { _ in }
  ) -> Policy {
    var policy = Policy(
      slots: slots, memory: memory, cpuMillis: cpuMillis, maxQueued: 1000, aging: .seconds(1800))
    change(&policy)
    return policy
  }

  /// A job with 64 MiB, 1 processor, 60 s, a grace of 5 s, 3 attempts and a retry delay of 1 s.
  static func job(
    _ number: Int64, _ handler: String = "work", priority: Int = 5, at seconds: Int64 = 0,
    notBefore: Int64? = nil, change: (inout Terms) -> Void = { _ in }
  ) -> WaitingJob {
    var terms = Sample.terms
    change(&terms)
    return WaitingJob(
      Job(
        id: JobID(number),
        submission: Submission(
          handler: handler, terms: terms, priority: Priority(rawValue: priority) ?? .default),
        submitted: Sample.time(seconds), state: notBefore == nil ? .queued : .scheduled,
        notBefore: notBefore.map(Sample.time)))
  }

  /// The present time.
  var now: Timestamp { Sample.time(seconds) }

  /// What a job is expected to need as long as nothing is learned.
  static func estimate(of job: WaitingJob) -> Estimate {
    Estimates(rule: Policy.Learning()).estimate(for: job)
  }

  /// Feeds an event in at the present time, or later.
  func send(_ event: Event, at seconds: Int64? = nil) -> [Action] {
    self.seconds = seconds ?? self.seconds
    return scheduler.handle(event, at: now)
  }

  /// Tells of an attempt that a former runner started.
  func adopt(
    _ job: WaitingJob, number: Int, started seconds: Int64, frozenTime: Duration = .zero
  ) -> [Action] {
    send(
      .adopted(
        Adoption(
          job: job, number: number, build: "", started: Sample.time(seconds), frozenTime: frozenTime)))
  }

  /// Lets an attempt end well.
  @discardableResult
  func end(_ id: AttemptID, at seconds: Int64? = nil) -> [Action] { send(.ended(id, .success), at: seconds) }

  /// Tells how the attempts and the machine are.
  @discardableResult
  func sample(
    _ samples: [AttemptID: UsageSample] = [:], _ machine: MachineSample = MachineSample(),
    at seconds: Int64? = nil
  ) -> [Action] { send(.sampled(samples, machine), at: seconds) }

  /// Submits jobs and tells the scheduler that what it starts exists.
  @discardableResult
  func run(_ jobs: WaitingJob...) -> [AttemptID] {
    confirm(send(.submitted(jobs)))
  }

  /// Tells the scheduler that what it starts exists.
  @discardableResult
  func confirm(_ actions: [Action]) -> [AttemptID] {
    for id in actions.started { _ = send(.started(id)) }
    return actions.started
  }

  /// The gates that a job is behind.
  func closedGates(_ job: Int64) -> [GateVerdict.Gate] {
    verdicts(job).filter { !$0.isOpen }.map(\.gate)
  }

  /// What all gates say of a job.
  func verdicts(_ job: Int64) -> [GateVerdict] {
    explanation(job)?.gates ?? []
  }

  /// Why a job waits; nil if it does not wait.
  func explanation(_ job: Int64) -> Explanation? {
    scheduler.explanation(of: JobID(job), at: now)
  }

  /// When a job is expected to start.
  func forecast(_ job: Int64, atMost bound: Int = 5000) -> Forecast {
    scheduler.forecast(of: JobID(job), at: now, atMost: bound)
  }

  /// What the running attempts take now.
  var used: Resources { scheduler.used(at: now) }

  /// What one gate says of a job.
  func reason(_ gate: GateVerdict.Gate, _ job: Int64) -> String? {
    verdicts(job).first { $0.gate == gate }?.reason
  }
}

extension [Action] {
  /// The attempts that are to be started, in order.
  var started: [AttemptID] {
    compactMap { if case .start(let id, _, _, _) = $0 { id } else { nil } }
  }

  /// The jobs whose attempts are to be started, in order.
  var startedJobs: [Int64] { started.map(\.job.rawValue) }

  /// What admission knew of each start.
  var admissions: [Admission] {
    compactMap { if case .start(_, _, let admission, _) = $0 { admission } else { nil } }
  }

  /// What the operator is told.
  var notices: [Notice] { compactMap { if case .notice(let notice) = $0 { notice } else { nil } } }

  /// The ends that are to be recorded.
  var ends: [(AttemptEnd, AfterAttempt)] {
    compactMap { if case .finish(_, let end, let next) = $0 { (end, next) } else { nil } }
  }
}

extension AttemptID {
  /// `id(3)` is the first attempt at job 3.
  static func id(_ job: Int64, _ number: Int = 1) -> AttemptID { AttemptID(job: JobID(job), number: number) }
}

extension AttemptReport {
  static let success = AttemptReport(exit: .exited(code: 0), usage: Usage(), word: .done(nil))
  static let failure = AttemptReport(exit: .exited(code: 1), usage: Usage(), word: nil)
  /// The handler says that another attempt won't help.
  static let final = AttemptReport(
    exit: .exited(code: 1), usage: Usage(),
    word: .failed(Failure(code: "bad", message: "no picture", isRetryable: false)))
  static let crash = AttemptReport(exit: .signalled(signal: 11), usage: Usage(), word: nil)
  static let killed = AttemptReport(exit: .signalled(signal: 9), usage: Usage(), word: nil)
  static let ownLimit = AttemptReport(exit: .signalled(signal: 9), usage: Usage(oomKills: 1), word: nil)
  static let pressure = AttemptReport(
    exit: .signalled(signal: 9), usage: Usage(oomKills: 1), word: nil, memoryKill: .machine)
  static let unknown = AttemptReport(exit: nil, usage: Usage(), word: nil)
}
