import TestSupport

@testable import MillraceCore

/// A made-up machine that lets a scheduler's attempts run as long as a test says, in whole seconds.
final class Course {
  let rig: Rig
  /// How many seconds an attempt runs.
  var length: (WaitingJob) -> Int64
  /// What is yet to be submitted, in the order of time.
  var arrivals: [WaitingJob] = []
  private var ends: [(seconds: Int64, id: AttemptID)] = []
  /// Each start, in order.
  private(set) var starts: [(job: Int64, seconds: Int64)] = []

  init(_ rig: Rig, length: @escaping (WaitingJob) -> Int64) {
    self.rig = rig
    self.length = length
  }

  /// When a job started first; nil if it did not.
  func start(of job: Int64) -> Int64? { starts.first { $0.job == job }?.seconds }

  /// Lets time pass until nothing is left to happen, or a time has come, or a job has started.
  func run(until limit: Int64 = .max, orStartOf awaited: Int64? = nil) {
    while let next = nextTime, next <= limit, awaited.map({ start(of: $0) == nil }) ?? true { step(to: next) }
  }

  private var nextTime: Int64? {
    // Rounded up: a timer must not come too early.
    let timer = rig.scheduler.nextTime.map { ($0 - Sample.time(0)).microseconds }
      .map { ($0 + 999_999) / 1_000_000 }
    let arrival = arrivals.first.map { ($0.enqueued - Sample.time(0)).microseconds / 1_000_000 }
    let next = [timer, arrival, ends.map(\.seconds).min()].compactMap(\.self).min()
    return next.map { max($0, rig.seconds) }
  }

  /// Completions, then submissions, then one pass.
  private func step(to seconds: Int64) {
    rig.seconds = seconds
    var events = ends.filter { $0.seconds <= seconds }.map { Event.ended($0.id, .success) }
    ends.removeAll { $0.seconds <= seconds }
    let due = arrivals.prefix { $0.enqueued <= rig.now }
    arrivals.removeFirst(due.count)
    if !due.isEmpty { events.append(.submitted(Array(due))) }
    for action in rig.scheduler.handle(events + [.timer], at: rig.now) {
      guard case .start(let id, let job, _, _) = action else { continue }
      starts.append((id.job.rawValue, seconds))
      ends.append((seconds + length(job), id))
      _ = rig.send(.started(id))
    }
  }
}
