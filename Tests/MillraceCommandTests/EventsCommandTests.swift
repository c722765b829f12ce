import Glibc
import Synchronization
import TestSupport
import Testing

@testable import millrace

@Suite("millrace events")
struct EventsCommandTests {
  private static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

  /// An event as the runner sends it.
  private static func event(_ id: Int, _ more: String = #""type":"job.queued","job":42,"handler":"exec""#)
    -> String
  {
    "id: \(id)\ndata: {\"id\":\(id),\"time\":\"2026-11-21T04:20:00.000Z\",\(more)}\n\n"
  }

  /// Starts a server that has an answer for each call, in their order.
  private func server(_ answers: [[ScriptedServer.Step]]) throws -> ScriptedServer {
    let next = Mutex(0)
    return try ScriptedServer { _ in
      let call = next.withLock { next in
        defer { next += 1 }
        return next
      }
      return call < answers.count ? answers[call] : [.awaitClose]
    }
  }

  private func program(_ server: ScriptedServer, _ arguments: [String], output: Int32? = nil) throws
    -> Program
  {
    try Program(["events", "--socket", server.socket] + arguments, path: Program.path, output: output)
  }

  @Test("prints a line for each event, and ends with the last one")
  func text() throws {
    let more =
      #""type":"attempt.ended","job":42,"attempt":1,"handler":"exec","outcome":"error","exit_code":7"#
    let server = try server([
      [
        .send(
          Self.head + "retry: 2000\n\n" + Self.event(1) + Self.event(2, more)
            + Self.event(3, #""type":"setting.changed","setting":"p","value":"a\u001bb""#)
            + ": that is all\nid: 3\n\n")
      ]
    ])
    let outcome = try program(server, ["--type", "*", "--job", "42", "--handler", "exec", "-n", "7"]).end()
    #expect(
      outcome
        == .init(
          code: 0,
          out: """
            2026-11-21T04:20:00.000Z job.queued           42       exec
            2026-11-21T04:20:00.000Z attempt.ended        42.1     exec         exit_code=7 outcome=error
            2026-11-21T04:20:00.000Z setting.changed                            setting=p value=a\u{fffd}b

            """, error: ""))
    #expect(
      server.requests.map(\.target) == [
        "/v1/events/stream?last=7&type=%2A&job=42&handler=exec&follow=false"
      ])
  }

  @Test("-f goes on over a restart of the runner behind what was printed last, until Ctrl-C")
  func follow() throws {
    let server = try server([
      // The last event is cut off: it comes again.
      [.send(Self.head + Self.event(7) + Self.event(8) + String(Self.event(9).dropLast(9)))],
      [.send("HTTP/1.1 503 X\r\nContent-Type: application/problem+json\r\nContent-Length: 0\r\n\r\n")],
      [.send(Self.head + Self.event(9) + ": still here\nid: 12\n\n"), .awaitClose],
    ])
    let program = try program(server, ["-f", "-o", "jsonl", "--after", "6"])
    while program.output.split(separator: "\n").count < 3 { usleep(5000) }
    kill(program.pid, SIGINT)
    let outcome = try program.end()
    #expect(outcome.code == 0)
    let beginnings = outcome.out.split(separator: "\n").map { $0.prefix(8) }
    #expect(beginnings == ["{\"id\":7,", "{\"id\":8,", "{\"id\":9,"])
    #expect(outcome.error == "millrace: the runner is away; waiting for it\n")
    #expect(
      server.requests.map(\.target) == [
        "/v1/events/stream?after=6", "/v1/events/stream?after=8", "/v1/events/stream?after=8",
      ])
  }

  @Test("says which events are no longer on record")
  func reset() throws {
    let server = try server([
      [
        .send(
          Self.head + "id: 30\nevent: reset\ndata: {\"after\":6,\"resume\":30}\n\n" + Self.event(31))
      ]
    ])
    let outcome = try program(server, ["--after", "6", "-o", "jsonl"]).end()
    #expect(outcome.code == 0 && outcome.out.hasPrefix("{\"id\":31,"))
    #expect(outcome.error == "millrace: the events from 7 to 30 are no longer on record\n")
  }

  @Test("ends quietly when nobody reads what it prints, and with 69 if there never was a runner")
  func ends() throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    let server = try server([[.send(Self.head + Self.event(1)), .awaitClose]])
    let outcome = try program(server, ["-f"], output: ends[1]).end()
    close(ends[1])
    #expect(outcome.code == 141 && outcome.error.isEmpty)
    let alone = try Program(["events", "-f", "--socket", "/nowhere/s"], path: Program.path).end()
    #expect(alone.code == 69)
    #expect(try Program(["events", "--after", "1", "-n", "2"], path: Program.path).end().code == 2)
  }
}
