import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// What a user gets wrong: one clear error each, the exit code of its kind, and nothing half-done.
@Suite("Bad input", .serialized, .timeLimit(.minutes(5)))
struct BadInputTests {
  @Test("requests that can't be are refused with their exit code")
  func requests() async throws {
    let configuration = "bounds: {input: 1K}"
    try await RunnerUnderTest.with(plugins: ["checksum", "spin"], configuration: configuration) { runner in
      let cases: [(arguments: [String], status: Int32, word: String)] = [
        (["nothing"], 4, "no handler `nothing`"),
        (["checksum"], 2, "parameter `path` is missing"),
        (["sleep", "seconds=soon"], 2, "must be number"),
        (["sleep", "minutes=1"], 2, "no parameter `minutes`"),
        (["sleep", "--memory", "0"], 2, "memory"),
        (["sleep", "--memory=-1M"], 2, "memory"),
        (["sleep", "--memory", "lots"], 2, "memory"),
        (["sleep", "--memory", "900T"], 4, "the most that can be had"),
        (["sleep", "--cpu", "0"], 2, "cpu"),
        (["sleep", "--cpu", "4096"], 4, "processors"),
        (["sleep", "--cpu", "nan"], 2, "cpu"),
        (["sleep", "--pids", "0"], 2, "pids"),
        (["sleep", "--timeout", "never"], 2, "timeout"),
        (["sleep", "--priority", "11"], 2, "priority"),
      ]
      for (arguments, status, word) in cases {
        let run = try await Programs.run(
          "millrace", ["submit"] + arguments, environment: ["MILLRACE_SOCKET": runner.socket])
        #expect(run.status == status, "\(arguments): \(run.errors)")
        #expect(run.errors.contains(word), "\(arguments): \(run.errors)")
        #expect(run.output.isEmpty)
      }
      let big = try await runner.millrace("submit", "sleep", "--input", "-", input: Data(count: 2000))
      #expect(big.status == 2 || big.status == 4, "\(big.errors)")
      #expect(big.errors.contains("1 KiB"))
      #expect(try await runner.millrace("list", "--all", "-o", "ids").output.isEmpty)
    }
  }

  @Test("a mebibyte of nested arrays is one clear error, and the runner goes on")
  func nested() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      let half = 1 << 19
      let arrays = String(repeating: "[", count: half) + String(repeating: "]", count: half)
      let line = Data(#"{"handler":"exec","parameters":{"command":\#(arrays)}}"#.utf8)
      let run = try await runner.millrace("submit", "--batch", "-", input: line)
      #expect(run.status == 2 && run.output.isEmpty, "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count { $0.hasPrefix("error: ") } == 1, "\(run.errors)")
      #expect(try await runner.millrace("run", "exec", "--", "true").status == 0)
    }
  }

  @Test("of a huge batch with one bad job nothing is accepted, and the error names it")
  func batch() async throws {
    try await RunnerUnderTest.with(plugins: ["spin"]) { runner in
      var lines = [String](repeating: #"{"handler":"sleep"}"#, count: 3000)
      lines[2345] = #"{"handler":"sleep","parameters":{"seconds":"x"}}"#
      let batch = Data((lines.joined(separator: "\n") + "\n").utf8)
      let run = try await runner.millrace("submit", "--batch", "-", input: batch)
      #expect(run.status == 2)
      #expect(run.errors.contains("2346") || run.errors.contains("2345"), "\(run.errors)")
      #expect(try await runner.millrace("list", "--all", "-o", "ids").output.isEmpty)
    }
  }

  @Test("a full queue refuses with exit code 75 and loses nothing")
  func queueFull() async throws {
    let configuration = "queue: {max_queued: 2}\ncapacity: {slots: 1}"
    try await RunnerUnderTest.with(plugins: ["spin"], configuration: configuration) { runner in
      let first = try await runner.submit("sleep", "seconds=600")
      #expect(try await becomesRunning(first, runner))
      for _ in 1...2 { _ = try await runner.submit("sleep", "seconds=600") }
      #expect(try await runner.millrace("submit", "sleep").status == 75)
      #expect(try await runner.millrace("list", "-o", "ids").output.split(separator: "\n").count == 3)
      for job in ["1", "2", "3"] { #expect(try await runner.millrace("cancel", job).status == 0) }
      _ = try await runner.millrace("wait", "1", "2", "3")
    }
  }

  private func becomesRunning(_ job: String, _ runner: RunnerUnderTest) async throws -> Bool {
    for _ in 1...50 where try await runner.answer(JobDetail.self, "show", job).job.state == .running {
      return true
    }
    return false
  }

  @Test("a configuration with mistakes is refused with file, line and column of each")
  func configuration() async throws {
    let runner = try RunnerUnderTest(configuration: "queue:\n  max_queud: 5\ncapacity: {slots: many}\n")
    let run = try await runner.startRefused()
    #expect(run.status != 0)
    #expect(run.errors.contains("millrace.yaml:2:3:"))
    #expect(run.errors.contains("millrace.yaml:3:"))
    #expect(!FileManager.default.fileExists(atPath: runner.state))
  }

  @Test("a corrupt database is refused and left as it is")
  func corruptDatabase() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try await runner.start(handlers: 1)
    #expect(try await runner.millrace("run", "exec", "--", "true").status == 0)
    await runner.stop()
    let file = URL(fileURLWithPath: runner.state + "/millrace.db")
    var bytes = try Data(contentsOf: file)
    bytes.replaceSubrange(0..<64, with: Data(repeating: 0x5a, count: 64))
    try bytes.write(to: file)
    let run = try await runner.startRefused()
    #expect(run.status != 0)
    #expect(run.errors.contains("millrace.db"))
    #expect(try Data(contentsOf: file) == bytes)
    #expect(try await runner.millrace("history").status == 125)
  }

  @Test("on a full disk submissions are refused, running jobs end, and all goes on when there is room")
  func fullDisk() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try FileManager.default.createDirectory(atPath: runner.state, withIntermediateDirectories: true)
    try #require(mount("tmpfs", runner.state, "tmpfs", 0, "size=16m") == 0)
    try await runner.start(handlers: 1)
    #expect(try await runner.millrace("run", "exec", "--", "true").status == 0)
    let filler = runner.state + "/filler"
    let file = try #require(fopen(filler, "w"))
    let block = [UInt8](repeating: 1, count: 4096)
    while fwrite(block, 1, block.count, file) == block.count, fflush(file) == 0 {}
    fclose(file)
    var refused: TestProcess.Run?
    for _ in 1...50 where refused == nil {
      let run = try await runner.millrace("submit", "exec", "--", "true")
      if run.status != 0 { refused = run }
    }
    #expect(refused?.status == 125)
    #expect(refused?.errors.contains("hint:") == true)
    unlink(filler)
    var status: Int32 = -1
    for _ in 1...20 where status != 0 {
      status = try await runner.millrace("run", "exec", "--", "true").status
    }
    #expect(status == 0)
    #expect(await runner.stop() == 0)
    umount2(runner.state, 0)
  }
}
