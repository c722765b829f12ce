import Foundation
import Logging
import MillraceCore
import MillraceEngine
import MillraceLinux
import Synchronization
import TestSupport

@testable import MillraceSlurm

/// A launcher whose events are kept, with logs of its own.
final class LauncherUnderTest: Sendable {
  let launcher: SlurmLauncher
  let settings: SlurmSettings
  let logs: LogFiles
  private let told = Told()
  private let reading: Task<Void, Never>

  /// Starts one; its logs are where those of a former one were.
  init(_ settings: SlurmSettings, keepsEvents: Bool = true) throws {
    self.settings = settings
    let logs = LogFiles(
      directory: settings.spool + "-logs", cap: .mebibytes(1), log: Logger(label: "test"))
    try FileManager.default.createDirectory(
      atPath: settings.spool + "-logs", withIntermediateDirectories: true)
    self.logs = logs
    launcher = try SlurmLauncher(settings: settings, logs: logs, logger: Logger(label: "test"))
    reading = Task { [told, events = launcher.events] in
      guard keepsEvents else { return }
      for await event in events { told.add(event) }
    }
  }

  /// Ends it; what runs goes on.
  func stop() async {
    await launcher.stop()
    await reading.value
  }

  var events: [LaunchEvent] { told.all }

  /// Waits until something holds of what was told.
  func wait(
    _ what: String, within seconds: Double = 40, until isSo: ([LaunchEvent]) throws -> Bool
  ) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while try !isSo(events) {
      guard ContinuousClock.now < end else {
        throw TestFailure("not within \(seconds) s: \(what); \(events.suffix(8))")
      }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// Waits for the end of an attempt and returns how it was.
  func report(of job: Int64, _ number: Int = 1, within seconds: Double = 40) async throws -> AttemptReport {
    let attempt = AttemptID(job: JobID(job), number: number)
    try await wait("the end of \(attempt)", within: seconds) {
      $0.ends[attempt] != nil || $0.refusals[attempt] != nil
    }
    guard let report = events.ends[attempt] else {
      throw TestFailure("\(attempt) was refused: \(events.refusals[attempt] ?? "")")
    }
    return report
  }

  /// Waits until nothing is left in the spool.
  func emptied() async throws {
    try await wait("an empty spool") { _ in try bundles().isEmpty }
  }

  func started(_ job: Int64) async throws {
    try await wait("the start of \(job)") { $0.starts.contains(AttemptID(job: JobID(job), number: 1)) }
  }

  func log(of job: Int64) throws -> String {
    String(
      decoding: try logs.read(AttemptID(job: JobID(job), number: 1), from: 0, atMost: 4 << 20) ?? [],
      as: UTF8.self)
  }

  /// The bundles in the spool.
  func bundles() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: settings.spool + "/bundles")
      .filter { !$0.hasPrefix(".") }
  }
}

/// What a launcher has told so far.
private final class Told: Sendable {
  private let events = Mutex<[LaunchEvent]>([])

  var all: [LaunchEvent] { events.withLock { $0 } }
  func add(_ event: LaunchEvent) { events.withLock { $0.append(event) } }
}

extension [LaunchEvent] {
  var ends: [AttemptID: AttemptReport] {
    Dictionary(
      compactMap { if case .ended(let id, let report) = $0 { (id, report) } else { nil } },
      uniquingKeysWith: { first, _ in first })
  }
  var refusals: [AttemptID: String] {
    Dictionary(
      compactMap { if case .refused(let id, let why) = $0 { (id, why) } else { nil } },
      uniquingKeysWith: { first, _ in first })
  }
  var starts: Set<AttemptID> {
    Set(compactMap { if case .started(let id) = $0 { id } else { nil } })
  }
  /// The newest standing of the cluster.
  var standing: ClusterStanding? {
    last { if case .cluster = $0 { true } else { false } }.flatMap {
      if case .cluster(let standing) = $0 { standing } else { nil }
    }
  }
  /// How often an attempt's end was told.
  func endings(of attempt: AttemptID) -> Int {
    count { if case .ended(attempt, _) = $0 { true } else { false } }
  }
  func place(of attempt: AttemptID) -> Whereabouts? {
    compactMap { if case .placed(attempt, let place) = $0 { place } else { nil } }.last
  }
}
