import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// Functions in Python under a real runner, with every controller there.
@Suite("Handlers in Python", .serialized, .timeLimit(.minutes(10)))
struct PythonHandlerTests {
  private static let head = "import millrace\nfrom millrace import handler\n"

  @Test("a file that is dropped in can be run, one that is replaced is another build")
  func dropped() async throws {
    try await Self.with([:]) { runner in
      try write("greet.py", "@handler\ndef greet(name: str): return f'hello {name}'", runner)
      try await runner.wait(until: "the handler is there") { try await names(runner) == ["greet"] }
      let job = try await runner.submit("greet", "name=you")
      let first = try await runner.lastAttempt(of: job)
      #expect(first.outcome == .succeeded && first.tier == .warm)
      #expect(try await runner.millrace("result", job).output == "hello you")
      try write("greet.py", "@handler\ndef greet(name: str): return f'good day {name}'", runner)
      try await runner.wait(until: "the new build runs") {
        let job = try await runner.submit("greet", "name=you")
        let attempt = try await runner.lastAttempt(of: job)
        let text = try await runner.millrace("result", job).output
        #expect((text == "good day you") == (attempt.pluginSha256 != first.pluginSha256))
        return text == "good day you"
      }
    }
  }

  @Test("what is wrong with a file is told, and the others are unharmed")
  func broken() async throws {
    try await Self.with(["good.py": "@handler\ndef good(): return 'fine'", "bad.py": "def x(:"]) { runner in
      let listed = try await runner.millrace("handlers")
      #expect(listed.output.contains("good"))
      #expect(
        listed.errors.contains("/libpython.d/bad.py`: SyntaxError: invalid syntax (line 3)"), "\(listed)")
      #expect(try await runner.lastAttempt(of: try await runner.submit("good")).outcome == .succeeded)
      chmod("\(runner.plugins)/libpython.d/good.py", 0o666)
      try await runner.wait(until: "the file that others may write to is refused") {
        try await runner.millrace("handlers").errors.contains("good.py`: others may write to it")
      }
      #expect(try await names(runner) == [])
    }
  }

  @Test("a file for whose import there was too little time is tried again by itself, and can be run then")
  func late() async throws {
    let cause = "/tmp/millrace-\(UUID().uuidString)"
    try Data().write(to: URL(fileURLWithPath: cause))
    defer { unlink(cause) }
    let slow =
      "import os, time\nif os.path.exists('\(cause)'): time.sleep(60)\n"
      + "@handler\ndef slow(): return 'done'"
    try await Self.with(["good.py": "@handler\ndef good(): return 'fine'", "slow.py": slow]) { runner in
      #expect(try await names(runner) == ["good"])
      let listed = try await runner.millrace("handlers").errors
      #expect(listed.contains("/slow.py`: its import takes too long"), "\(listed)")
      #expect(listed.contains("there was no time for all of its files; it is tried again at "), "\(listed)")
      unlink(cause)
      try await runner.wait(until: "it is tried again") { try await names(runner) == ["good", "slow"] }
      #expect(try await runner.lastAttempt(of: try await runner.submit("slow")).outcome == .succeeded)
    }
  }

  @Test("where signers are given, the files are signed with the plugin; what is changed does not run")
  func signed() async throws {
    let home = TestDirectory.newPath("signers")
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    func keygen(_ words: String..., input: Data = Data()) async throws -> Data {
      let run = try await TestProcess("/usr/bin/ssh-keygen", words, input: input).ended()
      try #require(run.status == 0, "\(run.errors)")
      return Data(run.output.utf8)
    }
    _ = try await keygen("-q", "-t", "ed25519", "-N", "", "-f", home + "/key")
    try ("ann@example.org " + (try String(contentsOfFile: home + "/key.pub", encoding: .utf8))).write(
      toFile: home + "/allowed", atomically: true, encoding: .utf8)
    let runner = try RunnerUnderTest(configuration: "plugins: {allowed_signers: \(home)/allowed}")
    func write(_ text: String) throws {
      try self.write("greet.py", "@handler\ndef greet(): return '\(text)'", runner)
    }
    func sign() async throws {
      let library = runner.plugins + "/libpython.so"
      let list = try await Programs.run("millrace", ["plugin", "checksums", library])
      try #require(list.status == 0, "\(list.errors)")
      let signature = try await keygen(
        "-Y", "sign", "-f", home + "/key", "-n", "millrace-plugin", input: Data(list.output.utf8))
      try signature.write(to: URL(fileURLWithPath: library + ".sig"), options: .atomic)
    }
    func says() async throws -> String {
      let job = try await runner.submit("greet")
      #expect(try await runner.lastAttempt(of: job).outcome == .succeeded)
      return try await runner.millrace("result", job).output
    }
    try runner.install("python")
    try write("hello")
    try await sign()
    let status = try await runner.serve(handlers: 1) { runner in
      #expect(try await says() == "hello")
      try write("changed by somebody")
      try await runner.wait(until: "that is refused") {
        try await runner.millrace("handlers").errors.contains("does not fit it and its files")
      }
      #expect(try await says() == "hello")
      try await sign()
      try await runner.wait(until: "it is signed") { try await says() == "changed by somebody" }
      #expect(try await runner.millrace("handlers").errors.isEmpty)
    }
    #expect(status == 0)
  }

  @Test("a module that is imported once is shared by the jobs, which are charged for their own")
  func shared() async throws {
    let files = [
      "total.py": "import os, numpy\npid = os.getpid()\n@handler(memory='16M')\n"
        + "def total():\n    total = int(numpy.arange(1000).sum())\n"
        + "    return [pid != os.getpid(), total, os.environ['MILLRACE_JOB']]",
      "threads.py":
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n"
        + "@handler\ndef threads(): return threading.active_count()",
      "apart.py": "# millrace: warm=no\nimport sys\nfrom millrace import handler\n"
        + "@handler\ndef apart(): return 'numpy' in sys.modules",
    ]
    try await Self.with(files) { runner in
      for _ in 1...3 {
        let job = try await runner.submit("total")
        let attempt = try await runner.lastAttempt(of: job)
        #expect(attempt.outcome == .succeeded && attempt.tier == .warm)
        #expect(try await runner.millrace("result", job).output == "[true, 499500, \"\(job)\"]")
        #expect(try #require(attempt.usage.memoryPeakBytes) < 8 << 20)
      }
      // Its thread would be missing in a fork: each job imports it.
      let job = try await runner.submit("threads")
      let attempt = try await runner.lastAttempt(of: job)
      let log = try await runner.millrace("logs", job).output
      #expect(attempt.tier == .warm && attempt.outcome == .succeeded, "\(attempt)\n\(log)")
      let result = try await runner.millrace("result", job)
      #expect(result.output == "2", "\(result)")
      let apart = try await runner.submit("apart")
      #expect(try await runner.lastAttempt(of: apart).tier == .template)
      #expect(try await runner.millrace("result", apart).output == "false")
      let hosts = try #require(try await runner.answer(StatusView.self, "status").hosts)
      #expect(hosts.map(\.started) == [4])
    }
  }

  @Test("limits, timeouts and cancels are those of any job", arguments: [true, false])
  func ends(isWarm: Bool) async throws {
    let files = [
      "ends.py": """
      import time
      @handler(memory="48M", max_attempts=1)
      def hog(): return len(bytearray(300 << 20))
      @handler(timeout="1s", max_attempts=1)
      def slow(): time.sleep(600)
      @handler
      def stops(context):
          try:
              context.progress(0.5)
              time.sleep(600)
          finally:
              context.log("cleaned up")
      @handler(max_attempts=1)
      def fails(): raise ValueError("no way")
      """
    ]
    try await Self.with(files, sidecar: "warm: \(isWarm)\n") { runner in
      let hog = try await runner.lastAttempt(of: try await runner.submit("hog"))
      #expect(hog.outcome == .oomOwnLimit && hog.tier == (isWarm ? .warm : .template))
      let slow = try await runner.lastAttempt(of: try await runner.submit("slow"))
      #expect(slow.outcome == .timedOut)
      let fails = try await runner.submit("fails")
      #expect(try await runner.lastAttempt(of: fails).failure?.message == "ValueError: no way")
      #expect(try await runner.millrace("logs", fails).output.contains("in fails"))
      let stops = try await runner.submit("stops")
      try await runner.wait(until: "it is at work") {
        try await runner.answer(JobDetail.self, "show", stops).progress?.fraction == 0.5
      }
      #expect(try await runner.millrace("cancel", stops).status == 0)
      #expect(try await runner.lastAttempt(of: stops).outcome == .cancelled)
      #expect(try await runner.millrace("logs", stops).output.contains("cleaned up"))
    }
  }

  /// Puts a file of handlers in place, whole.
  private func write(_ name: String, _ text: String, _ runner: RunnerUnderTest) throws {
    try Self.write(name, text, runner)
  }

  private static func write(_ name: String, _ text: String, _ runner: RunnerUnderTest) throws {
    let directory = runner.plugins + "/libpython.d"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let staged = "\(runner.home)/\(name).new"
    // Settings of a file stand first.
    let whole = (text.hasPrefix("#") ? "" : head) + text + "\n"
    try whole.write(toFile: staged, atomically: true, encoding: .utf8)
    guard rename(staged, "\(directory)/\(name)") == 0 else {
      throw RunnerUnderTest.Failure(description: "cannot put \(name) in place")
    }
  }

  private func names(_ runner: RunnerUnderTest) async throws -> [String] {
    try await runner.answer(HandlersView.self, "handlers").plugins.flatMap { $0.handlers.map(\.name) }
  }

  /// Gives `body` a runner with the plugin and these files.
  private static func with(
    _ files: [String: String], sidecar: String? = nil, _ body: (RunnerUnderTest) async throws -> Void
  ) async throws {
    let runner = try RunnerUnderTest(plugins: [])
    for (name, text) in files { try write(name, text, runner) }
    if let sidecar {
      try sidecar.write(toFile: "\(runner.plugins)/libpython.yaml", atomically: true, encoding: .utf8)
    }
    try runner.install("python")
    #expect(try await runner.serve(handlers: 1, body) == 0)
  }
}
