import MillraceCore

@testable import MillraceSimulator

/// Jobs to replay.
enum Made {
  /// A job of a trace: `[submit, processors, requested time, run]`, in seconds.
  static func job(_ number: Int, _ row: [Int64], user: String? = nil) -> KnownJob {
    let terms = Terms(
      limits: Limits(memory: .zero, cpuMillis: row[1] * 1000, pids: 1), timeout: .seconds(row[2]),
      grace: .zero,
      maxAttempts: 1, retryDelay: .zero)
    return KnownJob(
      number: Int64(number), submission: Submission(handler: user ?? "unknown", terms: terms),
      submitted: Timestamp(microseconds: row[0] * 1_000_000), run: .seconds(min(row[3], row[2])))
  }

  /// Returns the second in which each job starts, in the order of the rows.
  static func starts(
    _ rows: [[Int64]], processors: Int, _ preset: Policy.Preset
  ) throws -> [Int64] {
    let jobs = rows.enumerated().map { job($0.offset, $0.element) }.sorted {
      ($0.submitted, $0.number) < ($1.submitted, $1.number)
    }
    var replay = Replay(jobs, policy: SWFTrace.policy(preset, processors: processors), keepsStarts: true)
    try replay.run()
    return replay.starts.sorted { $0.number < $1.number }.map { $0.time.rawValue / 1_000_000 }
  }
}
