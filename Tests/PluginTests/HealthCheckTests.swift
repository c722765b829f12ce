import FoundationEssentials
import Glibc
import PluginRecording
import TestSupport
import Testing

@Suite("health.check looks at everything")
struct HealthCheckTests {
  private struct Report: Decodable {
    var healthy: Bool
    var checks: [Check]

    struct Check: Decodable {
      var name: String
      var kind: String
      var good: Bool
      var problem: String?
      var milliseconds: Double
      var status: Int?
      var freeBytes: Int?
      var totalBytes: Int?
      var freePercent: Double?
      var availableBytes: Int?
      var load: Double?
      var ageSeconds: Double?
    }
  }

  private func check(
    _ checks: String..., in surroundings: Surroundings = .init()
  ) throws -> (job: PluginRun, report: Report?) {
    let list = checks.map { "{\($0)}" }.joined(separator: ",")
    let job = try run("health.check", of: "health", #"{"checks":[\#(list)]}"#, in: surroundings)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return (job, try job.text.map { try decoder.decode(Report.self, from: Data($0.utf8)) })
  }

  @Test("What is well is told with its figures")
  func good() throws {
    let server = try LoopbackServer(.answer(200, "fine"))
    let directory = try TemporaryDirectory()
    let file = try directory.write("backup", "x".utf8)
    let (job, report) = try check(
      #""http":"\#(server.url)/health?key=1""#, #""tcp":"127.0.0.1:\#(server.port)""#,
      #""disk":"\#(directory.path)","min_free":1,"name":"room""#, #""memory":"1M""#, #""load":1000000"#,
      #""file":"\#(file)","max_age":3600"#)
    #expect(job.failure == nil, "\(job)")
    let all = try #require(report)
    #expect(all.healthy && all.checks.allSatisfy { $0.good && $0.problem == nil && $0.milliseconds >= 0 })
    #expect(all.checks.map(\.kind) == ["http", "tcp", "disk", "memory", "load", "file"])
    #expect(
      all.checks.map(\.name) == [
        "http \(server.url)/health", "tcp 127.0.0.1:\(server.port)", "room", "memory", "load", "file \(file)",
      ])
    #expect(all.checks[0].status == 200)
    let disk = all.checks[2]
    #expect(try #require(disk.freeBytes) <= (try #require(disk.totalBytes)))
    #expect((0...100).contains(try #require(disk.freePercent)))
    #expect(try #require(all.checks[3].availableBytes) > 1 << 20)
    #expect(all.checks[4].load != nil && all.checks[5].ageSeconds != nil)
    #expect(job.mediaType == "application/json")
  }

  @Test("What is bad is named, each of it, and nothing is left out because of it")
  func bad() throws {
    let server = try LoopbackServer(.answer(500, "broken"))
    let deserted = try LoopbackServer.deserted().dropFirst("http://".count)
    let directory = try TemporaryDirectory()
    let old = try directory.write("old", "x".utf8)
    let past = timespec(tv_sec: time(nil) - 7200, tv_nsec: 0)
    var times = [past, past]
    #expect(utimensat(AT_FDCWD, old, &times, 0) == 0)
    let (job, report) = try check(
      #""http":"\#(server.url)""#, #""tcp":"\#(deserted)""#, #""disk":"/","min_free":"1000000T""#,
      #""disk":"/proc","name":"empty""#, #""memory":"1000000T""#,
      #""file":"\#(old)","max_age":3600"#, #""file":"/nowhere","max_age":1"#, #""disk":"/nowhere""#,
      #""load":1e6"#)
    #expect(job.failureCode == "unhealthy" && job.failure?.isRetryable == true, "\(job)")
    let all = try #require(report)
    #expect(!all.healthy && all.checks.map(\.good) == Array(repeatElement(false, count: 8)) + [true])
    let message = try #require(job.failure?.message)
    #expect(message.hasPrefix("8 of 9 checks are bad: `http \(server.url)`: it answers with 500; "))
    for words in [
      "(not_connected)", "MiB are free", "`empty`: 0.0 % are free, 10.0 are wanted", "MiB are available",
      "s old", "No such file",
    ] {
      #expect(message.contains(words), "\(message)")
    }
    #expect(all.checks[0].status == 500 && all.checks[3].freePercent != nil)
    #expect(job.events.count { if case .log(4, _, _) = $0 { true } else { false } } == 8)
  }

  @Test("Other statuses can be good, a redirect is not followed, and no body is waited for")
  func http() throws {
    let redirect = try LoopbackServer(.redirect(to: "/elsewhere"))
    #expect(try check(#""http":"\#(redirect.url)""#).job.failureCode == "unhealthy")
    #expect(try check(#""http":"\#(redirect.url)","statuses":[200,302]"#).job.failure == nil)
    #expect(redirect.requests.count == 2)
    let endless = try LoopbackServer(.send("HTTP/1.1 200 X\r\n\r\nmore"), .awaitClose)
    #expect(try check(#""http":"\#(endless.url)""#).job.failure == nil)
    withExtendedLifetime(endless) {}
  }

  @Test("A server that is silent is bad after its time; a certificate that nobody trusts is")
  func servers() throws {
    let silent = try LoopbackServer(.awaitClose)
    let tls = try TLSServer(["health": "HTTP/1.0 200 OK\r\n\r\n"])
    let (job, report) = try check(
      #""http":"\#(silent.url)","timeout":0.3"#, #""http":"\#(tls.url("health"))""#,
      #""http":"\#(tls.url("health"))","ca_file":"\#(tls.certificate)""#, #""http":"ftp://127.0.0.1/""#,
      #""tcp":"127.0.0.1""#, #""tcp":"127.0.0.1:1/x""#)
    #expect(job.failureCode == "unhealthy")
    let all = try #require(report, "\(job)")
    #expect(all.checks.map(\.good) == [false, false, true, false, false, false], "\(job)")
    for (index, words) in [
      (0, "(timed_out)"), (1, "(not_trusted)"), (3, "only http and https"), (4, "`host:port`"),
      (5, "`host:port`"),
    ] {
      #expect(all.checks[index].problem?.contains(words) == true, "\(all.checks[index])")
    }
    withExtendedLifetime((silent, tls)) {}
  }

  @Test("SIGTERM ends it at once")
  func cancelled() throws {
    let isAsked = Gate()
    let server = try LoopbackServer(.open(isAsked), .awaitClose)
    let (job, report) = try check(
      #""http":"\#(server.url)","timeout":60"#, in: .stopped(once: isAsked))
    #expect(job.failureCode == "cancelled" && job.failure?.isRetryable == true && report == nil, "\(job)")
    withExtendedLifetime(server) {}
  }

  @Test(
    "Checks that don't fit are refused, with their place",
    arguments: [
      ("{}", "`checks.0`: it is none of"), (#"{"load":1},{"load":1,"memory":1}"#, "`checks.1`: it is both"),
      (#"{"file":"/x"}"#, "`max_age` is missing"), (#"{"disk":"/","max_age":1}"#, "means nothing for `disk`"),
      (#"{"load":1,"statuses":[200]}"#, "`statuses` means nothing for `load`"), (#"{"disk":""}"#, "is empty"),
      (#"{"memory":"much"}"#, "`memory` must be a size"), ("1", "`checks.0`: it must be an object"),
      (#"{"load":"high"}"#, "`load` must be a number"), ("", "`checks` must be 1 to 100"),
      (Array(repeatElement(#"{"load":1}"#, count: 101)).joined(separator: ","), "`checks` must be 1 to 100"),
    ])
  func wrongParameters(checks: String, words: String) throws {
    let job = try run("health.check", of: "health", #"{"checks":[\#(checks)]}"#)
    #expect(job.failureCode == "invalid_parameters" && job.failure?.isRetryable == false, "\(job)")
    #expect(job.failure?.message.contains(words) == true, "\(job)")
  }
}
