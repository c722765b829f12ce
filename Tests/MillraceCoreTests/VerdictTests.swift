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
    exit: .signalled(signal: 9), usage: Usage(oomKills: 1), word: nil, memoryKill: .machine)
  static let unknown = AttemptReport(exit: nil, usage: Usage(), word: nil)
  static let unknownDone = AttemptReport(exit: nil, usage: Usage(oomKills: 0), word: .done(nil))
  static let unknownSaid = AttemptReport(exit: nil, usage: Usage(), word: said.word)
  static let snoozed = AttemptReport(
    exit: .exited(code: 0), usage: Usage(), word: .snoozed(after: .seconds(300), reason: "the tide is out"))
  static let unknownSnoozed = AttemptReport(exit: nil, usage: Usage(), word: snoozed.word)
  static let snoozedAndFailed = AttemptReport(exit: .exited(code: 2), usage: Usage(), word: snoozed.word)
  static let unknownKilled = AttemptReport(exit: nil, usage: Usage(oomKills: 1), word: .done(nil))

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
    (killed, .deadline, .timedOut, "deadline"),
    (unknownDone, nil, .succeeded, nil), (unknownDone, .timedOut, .succeeded, nil),
    (unknownSaid, nil, .error, "bad"), (unknownSaid, .cancelled, .cancelled, "cancelled"),
    (snoozed, nil, .snoozed, "snoozed"), (unknownSnoozed, nil, .snoozed, "snoozed"),
    (snoozed, .cancelled, .cancelled, "cancelled"), (snoozedAndFailed, nil, .error, "no_word"),
    (unknownKilled, nil, .oomOwnLimit, "out_of_memory"),
  ]

  @Test("follows from the report and from why the attempt was being stopped", arguments: table.indices)
  func verdict(row: Int) {
    let (report, stop, outcome, code) = Self.table[row]
    let verdict = Verdict.of(report, stop: stop, job: Rig.job(1))
    #expect(verdict.outcome == outcome, "\(report) \(String(describing: stop))")
    #expect(verdict.failure?.code == code)
  }

  @Test("says the numbers")
  func words() {
    #expect(
      Verdict.of(Self.ownLimit, stop: nil, job: Rig.job(1)).failure?.message
        == "it passed its memory limit of 64 MiB")
    #expect(
      Verdict.of(Self.killed, stop: .timedOut, job: Rig.job(1)).failure?.message
        == "it ran into its time limit of 1 min 0 s")
    #expect(
      Verdict.of(Self.crashed, stop: nil, job: Rig.job(1)).failure?.message
        == "SIGSEGV (segmentation fault) ended it")
    #expect(
      Verdict.of(Self.pressure, stop: nil, job: Rig.job(1)).failure?.message
        == "the kernel killed it: the machine was out of memory")
    var group = Self.pressure
    group.memoryKill = .group("p/tools", limit: .mebibytes(160))
    #expect(
      Verdict.of(group, stop: nil, job: Rig.job(1)).failure?.message
        == "the kernel killed it: group `p/tools` passed its memory limit of 160 MiB")
    #expect(Verdict.of(group, stop: nil, job: Rig.job(1)).outcome == .oomPressure)
  }

  @Test("names signals as signal(7) does, and others by their number")
  func signals() {
    #expect(SignalName.text(of: 6) == "SIGABRT (abort)")
    #expect(SignalName.text(of: 9) == "SIGKILL (kill)")
    #expect(SignalName.text(of: 31) == "SIGSYS (bad system call)")
    #expect(
      [0, -1, 32, 40].map { SignalName.text(of: $0) } == ["signal 0", "signal -1", "signal 32", "signal 40"])
  }

  @Test("counts against the job unless somebody else is to blame", arguments: Outcome.allCases)
  func usesAttempt(outcome: Outcome) {
    #expect(outcome.usesAttempt == ![.oomPressure, .evicted, .snoozed, .lost].contains(outcome))
  }
}
