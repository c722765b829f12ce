import MillraceCore
import TestSupport
import Testing

@testable import millrace_chaos

/// The checker of `make chaos` finds what is wrong: one that finds nothing would prove nothing.
@Suite("The checker of chaos")
struct CheckerTests {
  @Test("a life that went as it should breaks no rule")
  func clean() { #expect(found().isEmpty) }

  @Test("an accepted job that is not on record, and one that nobody asked for")
  func acceptance() {
    #expect(found { $0.jobs = [:] }.contains("job 1 was accepted, but it is not on record"))
    #expect(found { $0.ledger.deeds = [] }.contains("nobody asked for job 1"))
    #expect(found { $0.ledger.refused = [0] }.contains("request 0 was refused, but job 1 is on record"))
  }

  @Test("an attempt that was started twice, beside another one, or without a record of it")
  func starts() {
    #expect(
      found { $0.witness = "start 1 7\nstart 2 8\nend 3 succeed" }.contains { $0.contains("started 2 times") }
    )
    #expect(found { $0.witness = "start 1 7\noverlap 2 7\nend 3 succeed" }.contains { $0.contains("beside") })
    #expect(found { $0.attempts = [] }.contains("attempt 1.1 ran, but it is not on record"))
  }

  @Test(
    "an end that is not what happened",
    arguments: [
      ("start 1 7\nend 2 succeed", Outcome.lost), ("start 1 7\nend 2 crash", .succeeded),
      ("start 1 7", .succeeded),
      ("start 1 7\nend 2 fail", .crashed), ("start 1 7", .lost), ("start 1 7\nend 2 succeed", .timedOut),
    ])
  func untrueEnd(witness: String, outcome: Outcome) {
    let found = found { life in
      life.witness = witness
      life.attempts[0].end?.outcome = outcome
    }
    #expect(found.contains { $0.contains("attempt 1.1 is `\(outcome.rawValue)`") })
  }

  @Test("a job that never ends, and one that is cancelled though nobody did it")
  func endless() {
    #expect(found { $0.jobs[JobID(1)]?.state = .queued }.contains { $0.contains("for ever") })
    #expect(found { $0.jobs[JobID(1)]?.state = .cancelled }.contains { $0.contains("nobody cancelled it") })
  }

  @Test("what only a killed keeper or the assailant explains is allowed with them only")
  func excuses() {
    let killed: (inout Life) -> Void = { life in
      life.witness = "start 1 7"
      life.attempts[0].end?.outcome = .crashed
      life.attempts[0].end?.exit = .signalled(signal: 9)
      life.jobs[JobID(1)]?.state = .failed
    }
    #expect(!found(killed).isEmpty)
    #expect(
      found { life in
        killed(&life)
        life.ledger.killed = [AttemptID(job: JobID(1), number: 1)]
      }.isEmpty)
  }

  @Test("a job that ran though what it needs did not come about, and one that was not cancelled for it")
  func dependency() {
    let needed = JobID(2)
    let after = Dependency(.job(needed), .ok)
    func found(_ state: JobState, _ change: @escaping (inout Life) -> Void = { _ in }) -> [String] {
      self.found { life in
        life.jobs[needed] = life.jobs[JobID(1)]
        life.jobs[needed]?.state = state
        life.ledger.deeds[0].after = after
        change(&life)
      }.filter { $0.hasPrefix("job 1:") }
    }
    #expect(found(.succeeded).isEmpty)
    #expect(found(.failed).contains { $0.contains("did not come about") })
    let cancelled = found(.failed) { life in
      life.jobs[JobID(1)]?.state = .cancelled
      life.attempts = []
      life.witness = ""
    }
    #expect(cancelled.isEmpty)
  }

  @Test("a job that was snoozed twice has lost what it saved")
  func snoozes() {
    let found = found { life in
      life.attempts[0].end?.outcome = .snoozed
      life.attempts.append(life.attempts[0])
    }
    #expect(found.contains { $0.contains("2 attempts did not find what the one before had saved") })
  }

  /// One job that succeeded, and all that is known of it.
  private struct Life {
    var jobs: [JobID: Job] = [:]
    var attempts: [Attempt] = []
    var witness = "start 1 7\nend 2 succeed"
    var ledger = Ledger.Entries()
  }

  private func found(_ change: (inout Life) -> Void = { _ in }) -> [String] {
    let id = JobID(1)
    var life = Life()
    life.jobs[id] = Job(
      id: id, submission: Sample.plain(labels: ["chaos": "0"]), submitted: Sample.time(0), state: .succeeded,
      ended: Sample.time(9), attempts: 1, attemptsUsed: 1)
    var attempt = Sample.attempt(id)
    attempt.end = AttemptEnd(outcome: .succeeded, ended: Sample.time(9), exit: .exited(code: 0))
    life.attempts = [attempt]
    life.ledger.deeds = [
      Deed(kind: .plain, n: 0, milliseconds: 0, attempts: 1, priority: 5, delay: 0, timeout: 90)
    ]
    life.ledger.acknowledged = [0: id]
    change(&life)
    let checker = Checker(
      record: Record(jobs: life.jobs, attempts: [id: life.attempts], results: [:]),
      witnesses: [attempt.id: Witness(life.witness)], ledger: life.ledger)
    return checker.violations().map(\.words)
  }
}
