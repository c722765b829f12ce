import MillraceCore
import MillraceWire

extension AttemptView {
  /// What became of the attempt, in words with the numbers.
  var verdict: String {
    var words = main
    if outcome != .succeeded, let message = failure?.message, !message.isEmpty { words += ": \(message)" }
    if let code = failure?.code, !code.isEmpty, outcome == .error { words += " (\(code))" }
    if let refused = usage.forksRefused, refused > 0 {
      words += "; \(Figures.count(refused, "fork", "forks")) refused by its limit of \(limits.pids) processes"
    }
    return words
  }

  private var main: String {
    switch outcome {
    case nil: started == nil ? "starting" : "running"
    case .succeeded: "succeeded"
    case .error: exitCode.map { $0 == 0 ? "failed" : "failed with exit code \($0)" } ?? "failed"
    case .crashed: signal.map { "crashed by \(Self.name(ofSignal: $0))" } ?? "crashed"
    case .oomOwnLimit:
      "killed: passed its memory limit of \(Figures.bytes(limits.memoryBytes))\(memoryNumbers)"
    case .oomPressure: "killed for memory that others took\(memoryNumbers); no attempt is used up"
    case .timedOut: "stopped: its time was up" + (runSeconds.map { " after \(Figures.span($0))" } ?? "")
    case .cancelled: "cancelled"
    case .evicted: "taken back to make room; no attempt is used up"
    case .lost: "lost: nobody knows how it ended; no attempt is used up"
    }
  }

  private var memoryNumbers: String {
    let peak = usage.memoryPeakBytes.map { "peak \(Figures.bytes($0))" }
    let kills = usage.oomKills.map { Figures.count($0, "oom kill", "oom kills") }
    let numbers = [peak, kills].compactMap { $0 }
    return numbers.isEmpty ? "" : " (\(numbers.joined(separator: ", ")))"
  }

  private static func name(ofSignal signal: Int32) -> String {
    let names: [Int32: String] = [
      1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS",
      8: "SIGFPE",
      9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ",
      31: "SIGSYS",
    ]
    return names[signal].map { "\($0) (signal \(signal))" } ?? "signal \(signal)"
  }
}
