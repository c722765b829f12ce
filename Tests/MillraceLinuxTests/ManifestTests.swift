import MillraceCore
import Testing

@testable import MillraceLinux

struct ManifestTests {
  private func plugin(_ text: String) throws -> Plugin {
    let word = HandlerWord.done(JobResult(mediaType: "application/json", bytes: Array(text.utf8)))
    return try Manifest.plugin(
      from: AttemptReport(exit: .exited(code: 0), usage: Usage(), word: word), file: "/p/libx.so",
      isLate: false)
  }

  private func manifest(name: String = "x", _ handlers: String..., more: String = "") -> String {
    #"{"abi":1,"name":"\#(name)","version":"1","is_warm":false,"has_warm_up":false,\#(more)"#
      + #""handlers":[\#(handlers.joined(separator: ","))]}"#
  }

  private func handler(
    _ name: String = "h", schema: String = "null", timeout: Int64 = 0, memory: Int64 = 0,
    unrelated: Bool = false
  ) -> String {
    #"{"name":"\#(name)","summary":"","parameter_schema":\#(schema),"limits":{"memory_bytes":\#(memory),"#
      + #""cpu_millis":0,"pids":0},"timeout_ms":\#(timeout),"max_attempts":0,"retry_delay_ms":0,"#
      + #""concurrency":0,"has_unrelated_jobs":\#(unrelated),"has_prepare":false}"#
  }

  private func reason(_ text: String) -> String {
    let error = #expect(throws: LinuxError.self) { try plugin(text) }
    guard case .malformed(let reason)? = error?.reason else { return "" }
    return reason
  }

  @Test("what is not given is nil, and negative numbers are not given")
  func defaults() throws {
    let plugin = try plugin(manifest(handler(timeout: -5, memory: -1)))
    #expect(plugin.handlers == [Handler(name: "h", summary: "")])
  }

  @Test("of a plugin with files of its own only the handlers are missing that can't be")
  func files() throws {
    let text = manifest(handler(schema: "\"nonsense\""), handler("good"), more: #""has_files":true,"#)
    let plugin = try plugin(text)
    #expect(plugin.hasFiles && plugin.handlers.map(\.name) == ["good"])
    #expect(
      plugin.problems == [
        "handler `h`: its parameter schema: this is no JSON: a value is missing in line 1, column 1"
      ])
    let told = try self.plugin(manifest(more: #""has_files":true,"problems":["a: bad"],"#))
    #expect(told.handlers.isEmpty && told.problems == ["a: bad"])
  }

  @Test("a handler may say that its jobs have nothing in common")
  func unrelated() throws {
    #expect(try plugin(manifest(handler(unrelated: true))).handlers[0].hasUnrelatedJobs)
  }

  @Test(
    "a name that leads out of its cgroup is refused",
    arguments: ["../../x", "", "X", "a/b", "_describe", "é"])
  func names(_ name: String) {
    #expect(reason(manifest(name: name)).contains("is no name for a plugin"))
    #expect(reason(manifest(handler(name))).contains("no name for a handler"))
  }

  @Test("two handlers of one name are refused")
  func twice() { #expect(reason(manifest(handler(), handler())) == "it has two handlers of one name") }

  @Test("a time that the core can't count is refused")
  func times() throws {
    #expect(reason(manifest(handler(timeout: .max))).contains("over 1000 years"))
    #expect(try plugin(manifest(handler(timeout: 1000))).handlers[0].wishes.timeout == .seconds(1))
  }

  @Test(
    "a schema that can't be checked is refused with what is wrong",
    arguments: [
      (
        #""{\"type\":object}""#,
        "its parameter schema: this is no JSON: a value is missing in line 1, column 9"
      ),
      (#""{\"type\":\"elephant\"}""#, "the schema has an unknown type: `elephant`"),
    ])
  func schemas(_ schema: String, _ why: String) {
    #expect(reason(manifest(handler(schema: schema))) == "handler `h`: \(why)")
  }

  @Test("what is no manifest is refused", arguments: ["", "{}", "[]", "null", #"{"name":1}"#])
  func garbage(_ text: String) { #expect(reason(text).hasPrefix("its description can't be read")) }

  @Test(
    "how the process ended is the reason if it said nothing",
    arguments: [
      (
        AttemptReport(exit: .signalled(signal: 11), usage: Usage(), word: nil),
        "it crashed while it was described: signal 11"
      ),
      (
        AttemptReport(exit: .signalled(signal: 9), usage: Usage(oomKills: 1), word: nil),
        "it took over 256 MiB of memory while it was described"
      ),
      (
        AttemptReport(exit: .exited(code: 3), usage: Usage(), word: nil),
        "it ended while it was described"
      ),
    ])
  func silent(_ report: AttemptReport, _ reason: String) {
    let error = #expect(throws: LinuxError.self) {
      try Manifest.plugin(from: report, file: "/p/libx.so", isLate: false)
    }
    #expect(error?.reason == .malformed(reason))
  }

  @Test(
    "a description that took too long, or was lost with its keeper, is not held against the file",
    arguments: [
      (
        AttemptReport(exit: .signalled(signal: 9), usage: Usage(), word: nil), true,
        "it did not describe itself within 15 s"
      ),
      (
        AttemptReport(
          exit: .exited(code: 1), usage: Usage(),
          word: .failed(Failure(code: "plugin_refused", message: "it took 10 s", isRetryable: true))), false,
        "it took 10 s"
      ),
      (AttemptReport(exit: nil, usage: Usage(), word: nil), false, "its process was lost"),
    ])
  func unsettled(_ report: AttemptReport, _ isLate: Bool, _ reason: String) {
    let error = #expect(throws: LinuxError.self) {
      try Manifest.plugin(from: report, file: "/p/libx.so", isLate: isLate)
    }
    #expect(error?.reason == .missing(reason))
  }

  @Test("a plugin may say that there was no time for all of its files")
  func unfinished() throws {
    #expect(try plugin(manifest(more: #""has_files":true,"is_unfinished":true,"#)).isUnfinished)
    #expect(try !plugin(manifest(more: #""has_files":true,"#)).isUnfinished)
  }
}
