import MillraceCore
import MillraceEngine
import MillraceStore

/// Records with many jobs, made by the store itself; of a very large one only the last (`MultipliedRecord`).
enum MadeRecord {
  static let handlers = (0..<8).map { "handler-\($0)" }
  /// The builds of their plugin.
  static let plugin = Plugin(
    name: "made", version: "1", sha256: String(repeating: "a", count: 64), path: "/made.so",
    handlers: handlers.map { Handler(name: $0, summary: "is made up") })
  static let start = Timestamp(microseconds: 1_767_225_600_000_000)
  /// After everything that is on record.
  static let later = start + .seconds(1_000_000_000)
  private static let batch = 2000
  /// Above so many attempts the store would take hours.
  private static let most = 1_000_000

  static func submission(_ number: Int) -> Submission {
    Submission(
      handler: handlers[number % handlers.count], parameters: .object(["number": .integer(Int64(number))]),
      terms: Terms(
        limits: Limits(memory: .mebibytes(64), cpuMillis: 1000, pids: 8), timeout: .seconds(60),
        grace: .seconds(5), maxAttempts: 3, retryDelay: .seconds(1)),
      jobClass: number % 3 == 0 ? "small" : nil, labels: ["team": "team-\(number % 50)"])
  }

  /// Makes a record of jobs that wait.
  static func queued(_ count: Int, in file: String) async throws {
    let store = try SQLiteJobStore(opening: file)
    for first in stride(from: 0, to: count, by: batch) {
      let jobs = (first..<min(first + batch, count)).map(submission)
      _ = try await store.accept(jobs, at: start + .seconds(first))
    }
    try store.close()
  }

  /// Makes a record of jobs with one attempt each that has ended.
  static func ended(_ count: Int, in file: String) async throws {
    guard count > most else { return try await ended(0..<count, in: file) }
    try await MultipliedRecord.prove(besides: file)
    try await MultipliedRecord(count: count, file: file).make()
  }

  /// Lets the store write the jobs that have these numbers; the first one begins a batch.
  static func ended(_ all: Range<Int>, in file: String) async throws {
    let store = try SQLiteJobStore(opening: file)
    for first in stride(from: all.lowerBound, to: all.upperBound, by: batch) {
      let numbers = first..<min(first + batch, all.upperBound)
      let accepted = try await store.accept(numbers.map(submission), at: start + .seconds(first))
      try await store.commit(
        zip(numbers, accepted).flatMap { life(of: $1.job, number: $0) }, at: start + .seconds(first))
    }
    try store.close()
  }

  private static func life(of job: JobID, number: Int) -> [StoreChange] {
    let time = start + .seconds(number)
    let none = Resources(slots: 1, memory: .zero, committed: .zero, cpuMillis: 0)
    let attempt = Attempt(
      id: AttemptID(job: job, number: 1), handler: handlers[number % handlers.count], plugin: plugin.name,
      pluginVersion: plugin.version, pluginSHA256: plugin.sha256,
      limits: Limits(memory: .mebibytes(64), cpuMillis: 1000, pids: 8),
      admission: Admission(demand: none, used: none, capacity: none, basis: .declared, queued: 1),
      queued: time, starting: time + .milliseconds(Int64(number % 997)))
    // Mixed up, so that the order of no index is that of another.
    let mixed = Int64(number) * 2_654_435_761 % 1_000_003
    let outcome: Outcome = number % 100 == 0 ? .error : .succeeded
    let end = AttemptEnd(
      outcome: outcome, ended: time + .milliseconds(1000 + mixed % 60_000), exit: .exited(code: 0),
      usage: Usage(
        memoryPeak: Bytes(mixed * 64), cpuUser: .microseconds(mixed), cpuSystem: .microseconds(mixed / 3)))
    return [
      .starting(attempt), .running(attempt.id, at: attempt.starting + .milliseconds(1)),
      .ended(attempt.id, end, next: .done(outcome == .succeeded ? .succeeded : .failed)),
    ]
  }

  /// What people ask for.
  static let filters: [(name: String, filter: HistoryFilter)] = {
    let parts: [(String, (inout HistoryFilter) -> Void)] = [
      ("none", { _ in }), ("handler", { $0.handler = handlers[3] }), ("outcome", { $0.outcomes = [.error] }),
      ("state", { $0.states = [.failed] }), ("class", { $0.jobClass = "small" }),
      ("label", { $0.labels = ["team": "team-7"] }), ("job", { $0.job = JobID(77) }),
      ("since", { $0.since = start + .seconds(500_000) }),
      ("memory at least", { $0.minMemory = Bytes(64_000_000) }),
      ("handler and outcome", { ($0.handler, $0.outcomes) = (handlers[0], [.error]) }),
      ("handler and state", { ($0.handler, $0.states) = (handlers[0], [.failed]) }),
      // Every hundredth job fails, and none of these.
      ("handler and outcome, none", { ($0.handler, $0.outcomes) = (handlers[1], [.error]) }),
      ("handler and state, none", { ($0.handler, $0.states) = (handlers[1], [.failed]) }),
      ("by memory", { $0.order = .memory }), ("by cpu", { $0.order = .cpu }),
      ("by duration", { $0.order = .duration }), ("by wait", { $0.order = .wait }),
    ]
    return parts.map { name, change in
      var filter = HistoryFilter()
      change(&filter)
      return (name, filter)
    }
  }()
}
