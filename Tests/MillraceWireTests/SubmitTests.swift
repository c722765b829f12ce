import FoundationEssentials
import MillraceCore
import MillraceWire
import Testing
import TestSupport

struct SubmitTests {
  private func request(_ change: (inout SubmitRequest) -> Void) -> SubmitRequest {
    var request = SubmitRequest(handler: "noop")
    change(&request)
    return request
  }

  @Test("what is not given has the core's defaults")
  func bare() throws {
    #expect(try SubmitRequest(handler: "noop").jobRequest() == JobRequest(handler: "noop"))
  }

  @Test("everything that is given arrives")
  func full() throws {
    let request = request {
      $0.parameters = ["a": .integer(1)]
      $0.arguments = [JobRequest.Argument(name: "b", value: "2")]
      $0.input = Data([0, 255])
      $0.memoryBytes = 3
      $0.cpuMillis = 4
      $0.pids = 5
      $0.io = [IOLimit(device: "8:0", writeBytesPerSecond: 6)]
      $0.timeoutSeconds = 7.25
      $0.graceSeconds = 0.000001
      $0.maxAttempts = 9
      $0.retryDelaySeconds = 4.35
      $0.priority = 10
      $0.jobClass = "c"
      $0.labels = ["some.Key": "v"]
      $0.notBefore = "2026-01-01T01:00:00+01:00"
      $0.traceParent = "t"
    }
    let expected = JobRequest(
      handler: "noop", parameters: ["a": .integer(1)],
      arguments: [JobRequest.Argument(name: "b", value: "2")], input: [0, 255],
      wishes: Wishes(
        memory: Bytes(3), cpuMillis: 4, pids: 5, io: [IOLimit(device: "8:0", writeBytesPerSecond: 6)],
        timeout: .milliseconds(7250), grace: .microseconds(1), maxAttempts: 9, retryDelay: .milliseconds(4350)
      ),
      priority: try #require(Priority(rawValue: 10)), jobClass: "c", labels: ["some.Key": "v"],
      notBefore: Sample.time(0), traceParent: "t")
    #expect(try request.jobRequest() == expected)
  }

  @Test(
    "a value that can't be is refused, and named",
    arguments: [
      (#""priority":0"#, "priority"), (#""priority":11"#, "priority"), (#""priority":-1"#, "priority"),
      (#""memory_bytes":0"#, "`memory_bytes`"), (#""memory_bytes":-1"#, "`memory_bytes`"),
      (#""cpu_millis":0"#, "`cpu_millis`"), (#""pids":0"#, "`pids`"),
      (#""max_attempts":0"#, "`max_attempts`"),
      (#""timeout_seconds":0"#, "`timeout_seconds`"), (#""timeout_seconds":-1"#, "`timeout_seconds`"),
      (#""timeout_seconds":1e-9"#, "`timeout_seconds`"), (#""timeout_seconds":1e10"#, "`timeout_seconds`"),
      (#""timeout_seconds":1e300"#, "`timeout_seconds`"), (#""grace_seconds":0"#, "`grace_seconds`"),
      (#""retry_delay_seconds":-0.5"#, "`retry_delay_seconds`"), (#""not_before":"soon""#, "`not_before`"),
      (#""not_before":"""#, "`not_before`"), (#""not_before":"2026-02-30""#, "`not_before`"),
    ])
  func refused(_ member: String, _ name: String) throws {
    let request = try Wire.decoder().decode(
      SubmitRequest.self, from: Data(#"{"handler":"noop",\#(member)}"#.utf8))
    let refusal = #expect(throws: Refusal.self) { try request.jobRequest() }
    #expect(refusal?.kind == .invalid)
    #expect(refusal?.message.contains(name) == true)
  }

  @Test("a span that is no number is refused", arguments: [Double.nan, .infinity, -.infinity])
  func notFinite(_ seconds: Double) {
    #expect(throws: Refusal.self) { try request { $0.timeoutSeconds = seconds }.jobRequest() }
  }

  @Test(
    "a body of another shape is no request",
    arguments: [
      "{}", "[]", #"{"handler":1}"#, #"{"handler":"x","priority":"high"}"#, #"{"handler":"x","input":"%%"}"#,
      #"{"handler":"x","labels":{"a":1}}"#, #"{"handler":"x","memory_bytes":1.5}"#,
      #"{"handler":"x","parameters":[]}"#, #"{"handler":"x","pids":9223372036854775808}"#,
    ])
  func malformed(_ text: String) {
    #expect(throws: DecodingError.self) {
      try Wire.decoder().decode(SubmitRequest.self, from: Data(text.utf8))
    }
  }
}
