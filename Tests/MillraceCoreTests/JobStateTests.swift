import FoundationEssentials
import TestSupport
import Testing

@testable import MillraceCore

@Suite("The states of jobs and attempts")
struct JobStateTests {
  private static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "docs/job-states.md")

  @Test("are on a page that says what the state machines do")
  func page() throws {
    let text = JobStatesPage.text()
    if ProcessInfo.processInfo.environment["MILLRACE_WRITE_DOCS"] != nil {
      try Data(text.utf8).write(to: Self.file)
    }
    let isFresh = try String(decoding: Data(contentsOf: Self.file), as: UTF8.self) == text
    #expect(
      isFresh,
      """
      docs/job-states.md is old; write it anew: MILLRACE_WRITE_DOCS=1 \
      .build/debug/millracePackageTests.xctest --testing-library swift-testing \
      --filter 'MillraceCoreTests.JobStateTests'
      """)
  }

  @Test("handle or refuse every event in every state, in any order of events")
  func everyPair() {
    for state in JobStatesPage.jobStates {
      for (name, event) in JobStatesPage.jobEvents {
        guard let words = JobStatesPage.outcome(of: event, named: name, in: state) else { continue }
        #expect(!words.isEmpty, "\(name) while \(state)")
      }
    }
  }

  /// What can come from outside at any time, and several times: nobody knows what the scheduler knows.
  @Test("take whatever comes from outside, whenever it comes", arguments: 0..<50 as Range<UInt64>)
  func fromOutside(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let rig = Rig(Rig.policy(slots: 2))
    var accepted: Int64 = 0
    for second in 0..<200 as Range<Int64> {
      let job = Int64.random(in: 1...max(1, accepted + 3), using: &random)
      let event: Event =
        switch Int.random(in: 0..<9, using: &random) {
        case 0: .cancel(JobID(job))
        case 1: .reprioritise(JobID(job), Priority(rawValue: Int(job % 10) + 1) ?? .default)
        case 2: .timer
        case 3: .resetBreaker(job % 2 == 0 ? "work" : "nobody")
        case 4: .sampled([.id(job): UsageSample(workingSet: .mebibytes(1))], MachineSample())
        case 5: .handlers(job % 3 == 0 ? [:] : Rig.handlers)
        case 6: .revive(accepted < job ? [] : [Renewal(record(job, at: second), at: Sample.time(second))])
        default: .submitted([])
        }
      rig.confirm(rig.send(event, at: second))
      guard second % 3 == 0 else { continue }
      accepted += 1
      rig.run(Rig.job(accepted, at: second) { $0.startWithin = .seconds(job) })
    }
    #expect(accepted > 50)
  }

  private func record(_ number: Int64, at second: Int64) -> Job {
    Job(
      id: JobID(number), submission: Submission(handler: "work", terms: Sample.terms),
      submitted: Sample.time(0), state: .failed, attempts: 1, attemptsUsed: 1)
  }
}
