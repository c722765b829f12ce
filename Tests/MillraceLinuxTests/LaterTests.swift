import CMillraceLinux
import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

/// What goes from one attempt, or one job, to the next.
extension StageTests {
  @Suite struct LaterTests {
    @Test(
      "a snooze is its word, with the time and the reason, and without a result",
      arguments: StartTier.allCases)
    func snooze(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { _, actor in
        let report = try await actor.run(1, "snoozes")
        #expect(report.exit == .exited(code: 0))
        #expect(report.word == .snoozed(after: .seconds(300), reason: "the tide is out"))
        #expect(report.checkpoint == nil)
      }
    }

    @Test(
      "the last checkpoint survives however the attempt ends", arguments: StartTier.allCases, [false, true])
    func checkpoint(tier: StartTier, isKilled: Bool) async throws {
      try await Stage.launcher(tier: tier) { _, actor in
        let id = actor.launch(1, "saves")
        try await actor.record.progress(id)
        if isKilled { actor.launcher.kill(id) } else { actor.launcher.terminate(id) }
        let report = try await actor.ended(id)
        #expect(report.checkpoint == Array("second".utf8))
        #expect((report.word == nil) == isKilled)
      }
    }

    @Test("a checkpoint survives the runner and the keeper too", arguments: StartTier.allCases)
    func checkpointKept(tier: StartTier) async throws {
      try await Stage.use(tier: tier) { stage in
        let old = try Stage.Actor(stage)
        let id = old.launch(1, "saves")
        try await old.record.progress(id)
        let keeper = try #require(try stage.keepers().first)
        Glibc.kill(keeper, SIGKILL)
        while try stage.keepers().isEmpty || stage.keepers() == [keeper] { _ = await old.launcher.sample() }
        await old.stop()
        try await stage.launcher { actor in
          let open = [KeptAttempt(attempt: id, plugin: "fixture")]
          _ = try await actor.launcher.takeOver(open: open)
          actor.launcher.kill(id)
          let report = try await actor.ended(id)
          #expect(report.checkpoint == Array("second".utf8))
        }
      }
    }

    @Test("the next attempt finds what was saved, and what other jobs made", arguments: StartTier.allCases)
    func past(tier: StartTier) async throws {
      try await Stage.launcher(tier: tier) { stage, actor in
        let outputs = [
          Output(name: "extract", job: JobID(7), mediaType: "text/csv", bytes: Array("a,b".utf8)),
          Output(name: "job-9", job: JobID(9), mediaType: "text/plain", bytes: []),
        ]
        let id = AttemptID(job: JobID(1), number: 2)
        actor.launcher.launch(
          stage.plan(
            id, "shows_past", plugin: stage.plugin, input: [1, 2, 3], checkpoint: Array("half".utf8),
            outputs: outputs))
        let text = "[half] extract of 7: a,b (text/csv) job-9 of 9:  (text/plain)"
        #expect(
          try await actor.ended(id).word
            == .done(JobResult(mediaType: "text/plain", bytes: Array(text.utf8))))
        let nothing = try await actor.run(2, "shows_past")
        #expect(nothing.word == .done(JobResult(mediaType: "text/plain", bytes: Array("[]".utf8))))
      }
    }
  }
}

/// What a process may have written into its outcome file, which is believed unchecked in nothing.
@Suite struct OutcomeFileTests {
  private func read(_ bytes: [UInt8] = [], _ change: (inout millrace_outcome) -> Void) throws
    -> OutcomeFile.Contents
  {
    let file = try OutcomeFile.make(maxResult: .mebibytes(1))
    var head = millrace_outcome()
    head.magic = MILLRACE_OUTCOME_MAGIC
    change(&head)
    try withUnsafeBytes(of: head) { try file.write($0, "the head") }
    try bytes.withUnsafeBytes { try file.write($0, "the rest") }
    // Whoever has it may have cut it.
    ftruncate(file.number, off_t(MemoryLayout<millrace_outcome>.size + bytes.count))
    return OutcomeFile.read(file, maxResult: .kibibytes(1))
  }

  @Test(
    "a snooze is held to a year, and never negative",
    arguments: [(-5, 0), (1500, 1500), (.max, 31_536_000_000)])
  func snooze(said: Int64, read milliseconds: Int64) throws {
    let contents = try read {
      $0.status = 3
      $0.delay_ms = said
    }
    #expect(contents.word == .snoozed(after: .milliseconds(milliseconds), reason: nil))
  }

  @Test("a checkpoint that is longer than the file, or than any may be, is none")
  func checkpoint() throws {
    for length in [1, UInt64(MILLRACE_CHECKPOINT_SLOT) + 1, .max] {
      let contents = try read {
        $0.checkpoint_generation = 2
        $0.checkpoint_length.0 = length
      }
      #expect(contents == OutcomeFile.Contents(word: .done(nil), checkpoint: nil))
    }
    for capacity in [UInt64.max, 1 << 41, 1 << 40] {
      let contents = try read {
        $0.checkpoint_generation = 1
        $0.checkpoint_length.1 = 3
        $0.result_capacity = capacity
      }
      #expect(contents.checkpoint == nil)
    }
  }

  @Test("a save that was cut short leaves the one before")
  func torn() throws {
    let padding = -MemoryLayout<millrace_outcome>.size & 15
    let first = Array("first".utf8) + [UInt8](repeating: 0, count: (1 << 20) - 5) + Array("sec".utf8)
    let contents = try read([UInt8](repeating: 0, count: padding) + first) {
      $0.magic = 0  // It was killed meanwhile.
      $0.checkpoint_generation = 2
      $0.checkpoint_length = (5, 6)
    }
    #expect(contents == OutcomeFile.Contents(word: nil, checkpoint: Array("first".utf8)))
  }

  @Test("one on disk is read like one in memory; a link, and what is no file, is refused")
  func onDisk() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/1.1.outcome"
    #expect(try OutcomeFile.read(path, maxResult: .kibibytes(1)) == nil)
    var head = millrace_outcome()
    head.magic = MILLRACE_OUTCOME_MAGIC
    let bytes = withUnsafeBytes(of: head) { Data($0) }
    try bytes.write(to: URL(fileURLWithPath: path))
    #expect(try OutcomeFile.read(path, maxResult: .kibibytes(1))?.word == .done(nil))
    symlink(path, directory.path + "/link")
    mkfifo(directory.path + "/pipe", 0o600)
    for name in ["link", "pipe", "."] {
      #expect(throws: LinuxError.self) {
        try OutcomeFile.read(directory.path + "/" + name, maxResult: .kibibytes(1))
      }
    }
  }
}
