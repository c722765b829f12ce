import TestSupport
import Testing

@testable import MillraceCore

@Suite("The verdict")
struct VerdictTests {
  static let done = AttemptReport(exit: .exited(code: 0), usage: Usage(), word: .done(nil))
  static let said = AttemptReport(
    exit: .exited(code: 1), usage: Usage(),
    word: .failed(Failure(code: "bad", message: "no picture", isRetryable: false)))
  static let silent = AttemptReport(exit: .exited(code: 0), usage: Usage(), word: nil)
  static let liar = AttemptReport(exit: .exited(code: 3), usage: Usage(), word: .done(nil))
  static let crashed = AttemptReport(exit: .signalled(signal: 11), usage: Usage(), word: nil)
  static let killed = AttemptReport(exit: .signalled(signal: 9), usage: Usage(), word: nil)
  static let doneThenCrashed = AttemptReport(exit: .signalled(signal: 6), usage: Usage(), word: .done(nil))
  static let ownLimit = AttemptReport(exit: .signalled(signal: 9), usage: Usage(oomKills: 1), word: nil)
  static let ownLimitOfChild = AttemptReport(
    exit: .exited(code: 1), usage: Usage(oomKills: 2),
    word: .failed(Failure(code: "child", message: "a child died", isRetryable: true)))
  static let survivedKill = AttemptReport(
    exit: .exited(code: 0), usage: Usage(oomKills: 1), word: .done(nil))
  static let pressure = AttemptReport(
    exit: .signalled(signal: 9), usage: Usage(oomKills: 1), word: nil, killedByOthersMemory: true)
  static let unknown = AttemptReport(exit: nil, usage: Usage(), word: nil)
  static let unknownDone = AttemptReport(exit: nil, usage: Usage(), word: .done(nil))

  /// A report, why it was being stopped, the outcome and the code of its failure.
  static let table: [(AttemptReport, StopReason?, Outcome, String?)] = [
    (done, nil, .succeeded, nil), (done, .cancelled, .succeeded, nil), (done, .timedOut, .succeeded, nil),
    (done, .thrashing, .succeeded, nil), (survivedKill, nil, .succeeded, nil),
    (said, nil, .error, "bad"), (said, .cancelled, .cancelled, "cancelled"),
    (said, .timedOut, .timedOut, "timed_out"), (said, .thrashing, .oomOwnLimit, "out_of_memory"),
    (silent, nil, .error, "no_word"), (silent, .cancelled, .cancelled, "cancelled"),
    (liar, nil, .error, "no_word"), (liar, .timedOut, .timedOut, "timed_out"),
    (crashed, nil, .crashed, "signal_11"), (crashed, .cancelled, .cancelled, "cancelled"),
    (killed, nil, .crashed, "signal_9"), (killed, .cancelled, .cancelled, "cancelled"),
    (killed, .timedOut, .timedOut, "timed_out"), (killed, .thrashing, .oomOwnLimit, "out_of_memory"),
    (doneThenCrashed, nil, .crashed, "signal_6"), (ownLimit, nil, .oomOwnLimit, "out_of_memory"),
    (ownLimit, .cancelled, .cancelled, "cancelled"), (ownLimit, .timedOut, .timedOut, "timed_out"),
    (ownLimit, .thrashing, .oomOwnLimit, "out_of_memory"),
    (ownLimitOfChild, nil, .oomOwnLimit, "out_of_memory"),
    (pressure, nil, .oomPressure, "memory_pressure"), (pressure, .cancelled, .cancelled, "cancelled"),
    (pressure, .timedOut, .timedOut, "timed_out"), (unknown, nil, .lost, "lost"),
    (unknown, .cancelled, .cancelled, "cancelled"), (unknown, .timedOut, .timedOut, "timed_out"),
    (unknownDone, nil, .lost, "lost"),
  ]

  @Test("follows from the report and from why the attempt was being stopped", arguments: table.indices)
  func verdict(row: Int) {
    let (report, stop, outcome, code) = Self.table[row]
    let verdict = Verdict.of(report, stop: stop, terms: Sample.terms)
    #expect(verdict.outcome == outcome, "\(report) \(String(describing: stop))")
    #expect(verdict.failure?.code == code)
  }

  @Test("says the numbers")
  func words() {
    #expect(
      Verdict.of(Self.ownLimit, stop: nil, terms: Sample.terms).failure?.message
        == "it passed its memory limit of 64 MiB")
    #expect(
      Verdict.of(Self.killed, stop: .timedOut, terms: Sample.terms).failure?.message
        == "it ran into its time limit of 1 min 0 s")
  }

  @Test("counts against the job unless somebody else is to blame", arguments: Outcome.allCases)
  func usesAttempt(outcome: Outcome) {
    #expect(outcome.usesAttempt == ![.oomPressure, .evicted, .lost].contains(outcome))
  }
}
