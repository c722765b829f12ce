import FoundationEssentials
import Glibc
import PluginRecording
import Testing

@Suite("Functions in Python are handlers")
struct PythonTests {
  /// The plugin with files of its own.
  private final class Installed {
    let directory: TemporaryDirectory
    var library: String { directory.path + "/libpython.so" }

    init(_ files: [String: String]) throws {
      directory = try TemporaryDirectory()
      let library = try Data(contentsOf: URL(filePath: "\(productsDirectory)/libpython.so"))
      try directory.write("libpython.so", library)
      for (name, text) in files { try directory.write("libpython.d/" + name, text.utf8) }
    }

    /// Runs a handler as Millrace does in a job's process.
    func run(
      _ handler: String, _ parameters: String = "{}", in surroundings: Surroundings = .init()
    ) throws -> PluginRun {
      var surroundings = surroundings
      surroundings.library = library
      return try PluginTests.run(handler, of: "python", parameters, in: surroundings)
    }

    /// What the plugin says of itself.
    func described() throws -> Manifest {
      let host = "\(productsDirectory)/millrace-host"
      let (output, status) = try execute([host, "describe", library], in: directory.path)
      #expect(status == 0, "\(output)")
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode(Manifest.self, from: Data(output.utf8))
    }
  }

  private struct Manifest: Decodable {
    var handlers: [HandlerManifest]
    var isUnfinished: Bool
    var problems: [String]
  }

  private struct HandlerManifest: Decodable {
    var name: String
    var summary: String
    var parameterSchema: String
    var limits: [String: Int64]
    var timeoutMs: Int64
    var maxAttempts: Int
    var retryDelayMs: Int64
    var concurrency: Int
    var hasUnrelatedJobs: Bool
    var isNeverWarm: Bool
  }

  /// A file with one handler `work`.
  private func work(_ body: String, context: Bool = false) throws -> Installed {
    let lines = body.split(separator: "\n").map { "    \($0)\n" }.joined()
    let text = "import millrace\n@millrace.handler\ndef work(\(context ? "context" : "")):\n\(lines)"
    return try Installed(["work.py": text])
  }

  @Test("A handler is described by its decorator, its text and its annotations")
  func description() throws {
    let plugin = try Installed([
      "resize.py": """
      from typing import Annotated, Literal, Optional
      from millrace import Context, Secret, handler

      @handler(name="picture.resize", memory="64M", cpu=0.5, pids=8, timeout="2m", max_attempts=3,
               retry_delay=1.5, concurrency=2, unrelated=True)
      def resize(context: Context, path: str, width: Annotated[int, {"minimum": 1}] = 100,
                 mode: Literal["fit", "crop"] = "fit", tags: list[str] = [], scale: float | None = None,
                 token: Annotated[Optional[str], Secret, "who asks"] = None, **others):
          \"\"\"Makes a picture smaller

          or larger.\"\"\"
      """
    ])
    let manifest = try plugin.described()
    #expect(manifest.problems == [])
    let handler = try #require(manifest.handlers.first)
    #expect(handler.name == "picture.resize" && handler.summary == "Makes a picture smaller")
    #expect(handler.limits == ["memory_bytes": 64 << 20, "cpu_millis": 500, "pids": 8])
    #expect(handler.timeoutMs == 120_000 && handler.maxAttempts == 3 && handler.retryDelayMs == 1500)
    #expect(handler.concurrency == 2 && handler.hasUnrelatedJobs && !handler.isNeverWarm)
    let schema = handler.parameterSchema.replacing(" ", with: "")
    for part in [
      #""path":{"type":"string"}"#, #""width":{"type":"integer","minimum":1,"default":100}"#,
      #""mode":{"enum":["fit","crop"],"default":"fit"}"#, #""scale":{"type":["number","null"]}"#,
      #""tags":{"type":"array","items":{"type":"string"},"default":[]}"#, #""additionalProperties":true"#,
      #""token":{"type":["string","null"],"writeOnly":true,"description":"whoasks"}"#,
      #""required":["path"]"#,
    ] {
      #expect(schema.contains(part), "\(schema)")
    }
    #expect(!schema.contains("context"))
  }

  @Test(
    "What a function returns is the result",
    arguments: [
      ("None", nil, nil), ("'grün'", "grün", "text/plain; charset=utf-8"),
      ("b'raw'", "raw", "application/octet-stream"),
      ("{'a': [1, None]}", #"{"a": [1, null]}"#, "application/json"),
      ("7", "7", "application/json"),
    ])
  func results(_ value: String, _ text: String?, _ mediaType: String?) throws {
    let job = try work("return \(value)").run("work")
    #expect(job.events.last == .returned(0), "\(job)")
    #expect(job.text == text && job.mediaType == mediaType)
  }

  @Test("Parameters come as arguments, a coroutine is awaited")
  func arguments() throws {
    let plugin = try Installed([
      "add.py": "from millrace import handler\n@handler\nasync def add(a: int, b: int = 2): return a + b\n"
    ])
    #expect(try plugin.run("add", #"{"a":40,"b":2}"#).text == "42")
    #expect(try plugin.run("add", #"{"b":1,"a":1}"#).text == "2")
  }

  @Test("The context has what came before, and takes what is to be told")
  func context() throws {
    let plugin = try work(
      """
      context.log("begun", level="notice", input=context.input.decode(), job=context.id)
      context.progress(0.5, "half")
      before = context.checkpoint.decode() if context.checkpoint else "nothing"
      context.save(b"so far")
      first = context.outputs["first"]
      context.set_result(f"{before} {first.content.decode()} {first.job} {first.media_type}", "text/x-test")
      """, context: true)
    var surroundings = Surroundings()
    surroundings.input = Array("given".utf8)
    surroundings.checkpoint = "some"
    surroundings.outputs = ["first": "one"]
    let job = try plugin.run("work", in: surroundings)
    #expect(
      job.events == [
        .log(level: 3, message: "begun", fields: [["input", "given"], ["job", "42"]]),
        .progress(fraction: 0.5, message: "half"), .checkpoint(bytes: Data("so far".utf8)),
        .result(bytes: Data("some one 7 text/plain".utf8), mediaType: "text/x-test"), .returned(0),
      ])
  }

  @Test("An exception is the failure; its traceback is in the log, and begins in the author's own file")
  func exceptions() throws {
    let job = try work("raise LookupError('nothing here')").run("work")
    let failure = try #require(job.failure)
    #expect(failure.code == "error" && failure.message == "LookupError: nothing here" && failure.isRetryable)
    #expect(job.output.contains("work.py\", line 4, in work\n    raise LookupError('nothing here')"))
    #expect(!job.output.contains("millrace.job"))
  }

  @Test("A failure and a snooze are as the handler chose them; to leave is a failure")
  func endings() throws {
    let chosen = try work("raise millrace.Failure('not_found', 'it is gone', retryable=True)").run("work")
    let failure = try #require(chosen.failure)
    #expect(failure == ("not_found", "it is gone", true) && chosen.output == "")
    let snoozed = try work("context.snooze(1.5, 'not yet')", context: true).run("work")
    #expect(snoozed.events == [.snooze(milliseconds: 1500, reason: "not yet"), .returned(2)])
    for (words, message) in [("0", "0"), ("'no'", "'no'"), ("", "")] {
      let left = try work("import sys\nsys.exit(\(words))").run("work")
      #expect(left.failure?.message == "it called sys.exit(\(message))" && left.failure?.code == "error")
    }
    #expect(try work("return object()").run("work").failureCode == "error")
    let refused = try work("return 'x'").run("work", in: Surroundings(refusesResults: true))
    #expect(refused.failure?.message.contains("the result was not taken") == true)
  }

  @Test("Who is asked to stop is told by an exception, once, and can clean up")
  func cancelled() throws {
    let plugin = try work(
      """
      import time
      try:
          context.progress(0.1)
          time.sleep(600)
      except Exception:
          context.log("not told so")
      finally:
          context.log("cleaned up", stopped=context.cancelled)
      """, context: true)
    var isStopped = false
    let job = try plugin.run(
      "work",
      in: Surroundings(stopsAt: { event in
        defer { isStopped = true }
        return !isStopped && event == .progress(fraction: 0.1, message: nil)
      }))
    #expect(
      job.events.suffix(3) == [
        .log(level: 2, message: "cleaned up", fields: [["stopped", "True"]]),
        .failure(code: "cancelled", message: "it was asked to stop", isRetryable: true), .returned(1),
      ], "\(job)")
  }

  @Test(
    "A file that can't be used is told with its fault, and the others are unharmed",
    arguments: [
      ("def x(:", "SyntaxError: invalid syntax (line 1)"),
      ("import millrace\n\nimport nowhere_to_be_found", "No module named 'nowhere_to_be_found' (line 3)"),
      ("1 / 0", "ZeroDivisionError: division by zero (line 1)"),
      ("while True: pass", "its import takes too long"),
      ("import time\ntime.sleep(60)", "its import takes too long"),
      ("import os\nos._exit(0)", "its import ended its process"),
      ("import sys\nsys.exit(1)", "SystemExit: 1 (line 2)"),
      ("import os\nos.kill(os.getpid(), 11)", "its import crashed (signal 11)"),
      ("x = bytearray(400 << 20)", "MemoryError"),
      ("x = 1", "it has no function with `@handler`"),
      ("# millrace: vnev=/srv/venv", "`vnev=/srv/venv` is no setting"),
      ("# millrace: venv=/nowhere\n", "`/nowhere` is no virtual environment of Python 3."),
      ("from millrace import handler\n@handler\ndef No(): pass", "`No` is no name"),
      ("from millrace import handler\n@handler(memory='lots')\ndef a(): pass", "`memory` must be a number"),
      (
        "from millrace import handler\n@handler\ndef a(x: bytes): pass",
        "parameter `x` has a type that JSON has"
      ),
      (
        "from millrace import handler\nfor n in 'ab': handler(name=n)(lambda: 0)",
        "must be a function at the top"
      ),
      ("from millrace import handler\n@handler\ndef good(): pass", "handler `good` is in `good.py` already"),
      ("from millrace import handler\n@handler(schema=object())\ndef a(): pass", "is not JSON serializable"),
    ])
  func broken(_ text: String, _ problem: String) throws {
    let plugin = try Installed([
      "later.py": text, "good.py": "from millrace import handler\n@handler\ndef good(): return 'fine'\n",
    ])
    let manifest = try plugin.described()
    #expect(manifest.handlers.map(\.name) == ["good"])
    #expect(manifest.problems.count == 1)
    #expect(
      manifest.problems.first.map { $0.hasPrefix("later.py: ") && $0.contains(problem) } == true,
      "\(manifest)")
    #expect(manifest.isUnfinished == (problem == "its import takes too long"))
    #expect(try plugin.run("good").text == "fine")
  }

  @Test("Without files there are no handlers, and nothing is wrong")
  func empty() throws {
    let manifest = try Installed([:]).described()
    #expect(manifest.handlers.isEmpty && manifest.problems.isEmpty)
  }

  @Test("Ten thousand handlers in one file cost the others nothing")
  func many() throws {
    let functions = (0..<10_000).map { "@handler\ndef h\($0)(): pass\n" }.joined()
    let plugin = try Installed([
      "few.py": "from millrace import handler\n@handler\ndef few(): pass\n",
      "many.py": "from millrace import handler\n" + functions,
    ])
    let manifest = try plugin.described()
    #expect(manifest.handlers.map(\.name) == ["few"])
    #expect(manifest.problems.count == 1, "\(manifest.problems)")
  }

  @Test("A job imports its own file and what that imports, no other")
  func alone() throws {
    let plugin = try Installed([
      "a.py": "import os\nos._exit(9)  # also here: work",
      "work.py": """
      import os
      import _shared
      from millrace import handler

      @handler
      def work():
          with open(os.path.join(os.path.dirname(__file__), "table.txt")) as table:
              return _shared.loud(table.read())
      """,
      "_shared.py": "def loud(text): return text.upper()\n", "table.txt": "quiet",
    ])
    #expect(try plugin.run("work").text == "QUIET")
  }

  @Test("A file with a virtual environment has its packages, before all others; another file has not")
  func virtualEnvironment() throws {
    let words = "import sys; print('%d.%d' % sys.version_info[:2], end='')"
    let version = try execute(["/usr/bin/python3", "-c", words], in: "/").output
    let place = try TemporaryDirectory()
    try place.write("lib/python\(version)/site-packages/only_there.py", "name = 'there'\n".utf8)
    try place.write("lib/python\(version)/site-packages/colorsys.py", "name = 'instead'\n".utf8)
    let body = "from millrace import handler\nimport colorsys, only_there\n@handler\ndef"
    let plugin = try Installed([
      "in.py": "# millrace: venv=\(place.path)\n\(body) inside(): return [only_there.name, colorsys.name]\n",
      "out.py": "\(body) outside(): pass\n",
    ])
    let manifest = try plugin.described()
    #expect(manifest.handlers.map(\.name) == ["inside"] && manifest.handlers.allSatisfy(\.isNeverWarm))
    #expect(manifest.problems == ["out.py: ModuleNotFoundError: No module named 'only_there' (line 2)"])
    #expect(try plugin.run("inside").text == #"["there", "instead"]"#)
  }

  @Test("Nothing of the environment has a say in which Python it is")
  func environment() throws {
    let plugin = try work("import sys\nreturn [sys.prefix, sys.executable, sys.flags.isolated]")
    #expect(try plugin.run("work").text?.hasPrefix(#"["/usr", "/usr/bin/python3."#) == true)
  }
}
