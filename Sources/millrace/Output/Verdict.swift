import MillraceCore
import MillraceWire

extension AttemptView {
  /// What became of the attempt, in words with the numbers.
  var verdict: String {
    guard let refused = usage.forksRefused, refused > 0 else { return main }
    let forks = Figures.count(refused, "fork", "forks")
    return "\(main); \(forks) refused by its limit of \(limits.pids) processes"
  }

  private var main: String {
    switch outcome {
    case nil: started == nil ? "starting" : "running"
    case .succeeded: "succeeded"
    case .error: error
    case .crashed: signal.map { "crashed by \(SignalName.text(of: $0))" } ?? "crashed"
    case .oomOwnLimit: "killed: \(ownLimit)\(memoryNumbers)"
    case .oomPressure:
      "killed: \(failure?.message ?? "others took the memory")\(memoryNumbers); no attempt is used up"
    case .timedOut: "stopped: \(failure?.message ?? "its time was up")"
    case .cancelled: "cancelled"
    case .evicted: "taken back to make room; no attempt is used up"
    case .snoozed: "\(failure?.message ?? "it asked to be run again later"); no attempt is used up"
    case .lost: "lost: \(failure?.message ?? "nobody knows how it ended"); no attempt is used up"
    }
  }

  private var error: String {
    if let failure { return "failed: \(failure.message) (\(failure.code))" }
    return exitCode.map { "failed with exit code \($0)" } ?? "failed"
  }

  /// The kernel killed it at its limit; or Millrace did, since it got nowhere there.
  private var ownLimit: String {
    if let failure, usage.oomKills == 0 { return failure.message }
    return "passed its memory limit of \(Figures.bytes(limits.memoryBytes))"
  }

  private var memoryNumbers: String {
    let peak = usage.memoryPeakBytes.map { "peak \(Figures.bytes($0))" }
    let kills = usage.oomKills.map { Figures.count($0, "oom kill", "oom kills") }
    let numbers = [peak, kills].compactMap { $0 }
    return numbers.isEmpty ? "" : " (\(numbers.joined(separator: ", ")))"
  }
}

extension JobView {
  /// How the job ended, in words; `last` is its last attempt, nil if there was none.
  func ending(_ last: AttemptView?) -> String {
    if let reason { return "\(state.rawValue): \(reason.message)" }
    return if let last, state == .failed { last.verdict } else { state.rawValue }
  }
}
