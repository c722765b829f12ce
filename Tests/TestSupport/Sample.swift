package import MillraceCore

/// Jobs and attempts to test with: plain ones, and ones with every field filled in.
package enum Sample {
  /// A point in time so many seconds after 2026-01-01.
  package static func time(_ seconds: Int64) -> Timestamp {
    Timestamp(microseconds: (1_767_225_600 + seconds) * 1_000_000)
  }

  /// The terms of a plain job.
  package static let terms = Terms(
    limits: Limits(memory: .mebibytes(64), cpuMillis: 1000, pids: 32), timeout: .seconds(60),
    grace: .seconds(5),
    maxAttempts: 3, retryDelay: .seconds(1))

  /// A W3C trace context.
  package static let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

  /// A job with nothing that can be left out.
  package static func plain(
    handler: String = "noop", jobClass: String? = nil, labels: [String: String] = [:]
  ) -> Submission {
    Submission(handler: handler, terms: terms, jobClass: jobClass, labels: labels)
  }

  /// A job with every field filled in, and none with the same value as another.
  package static func full(notBefore: Timestamp? = nil) -> Submission {
    let io = [IOLimit(device: "8:0", readBytesPerSecond: 1), IOLimit(device: "8:16", writeBytesPerSecond: 2)]
    return Submission(
      handler: "resize",
      parameters: .object([
        "text": .string("a \"quoted\" line\nand ünïcode \u{0} /"), "whole": .integer(.max),
        "part": .number(1.5),
        "list": .array([.null, .bool(true), .bool(false), .object([:])]),
      ]),
      input: Array("input\0bytes".utf8),
      wishes: Wishes(
        memory: Bytes(3), cpuMillis: 4, pids: 5, io: [], timeout: .milliseconds(6), grace: .microseconds(7),
        maxAttempts: 8, retryDelay: .seconds(9)),
      terms: Terms(
        limits: Limits(memory: Bytes(10), cpuMillis: 11, pids: 12, io: io), timeout: .seconds(13),
        grace: .milliseconds(14), maxAttempts: 15, retryDelay: .microseconds(16)),
      priority: Priority(rawValue: 10) ?? .default, jobClass: "large",
      labels: ["team": "röd", "empty": "", "with \"quotes\"": "and, commas"], notBefore: notBefore,
      traceParent: trace)
  }

  /// A build of a plugin.
  package static func plugin(_ name: String, digit: String = "a", handlers: [Handler] = []) -> Plugin {
    Plugin(
      name: name, version: "1.2.\(digit)", sha256: String(repeating: digit, count: 64),
      path: "/usr/lib/millrace/lib\(name).so", handlers: handlers)
  }

  /// What admission knew, with every field filled in, and none with the same value as another.
  package static let admission = Admission(
    demand: Resources(slots: 1, memory: Bytes(5), committed: Bytes(10), cpuMillis: 11),
    used: Resources(slots: 8, memory: Bytes(6), committed: Bytes(12), cpuMillis: 13),
    capacity: Resources(slots: 14, memory: Bytes(7), committed: Bytes(15), cpuMillis: 16),
    basis: .percentile95(of: 17), queued: 9, pressure: .warning, isBackfill: true,
    heldBy: GateVerdict(
      gate: .rate, isOpen: false, need: 18, used: 19, capacity: 20, opensAt: time(21), subject: "5/min"))

  /// An attempt that is about to start; queued at `seconds`, admitted a second later.
  package static func attempt(
    _ job: JobID, _ number: Int = 1, handler: String = "noop", at seconds: Int64 = 10
  ) -> Attempt {
    Attempt(
      id: AttemptID(job: job, number: number), handler: handler, plugin: "tools", pluginVersion: "1.0",
      pluginSHA256: String(repeating: "f", count: 64),
      limits: Limits(
        memory: Bytes(1), cpuMillis: 2, pids: 3, io: [IOLimit(device: "8:0", writeBytesPerSecond: 4)]),
      admission: admission, queued: time(seconds), starting: time(seconds + 1))
  }

  /// An end with every field filled in.
  package static func fullEnd(_ outcome: Outcome, at seconds: Int64 = 20) -> AttemptEnd {
    AttemptEnd(
      outcome: outcome, ended: time(seconds), exit: .exited(code: 7),
      usage: Usage(
        memoryPeak: Bytes(1), cpuUser: .microseconds(2), cpuSystem: .microseconds(3),
        throttled: .microseconds(4),
        ioRead: Bytes(5), ioWritten: Bytes(6), pidsPeak: 7, oomKills: 8, forksRefused: 9,
        timeToPeak: .microseconds(10)),
      failure: Failure(code: "bad-picture", message: "it is no picture", isRetryable: true),
      result: JobResult(mediaType: "text/plain", bytes: Array("done\0".utf8)))
  }
}

extension GateVerdict.Gate {
  /// The gates of a job that may only run on this machine.
  package static let ofThisMachine = allCases.filter { $0 != .cluster }
}
