import FoundationEssentials
import ArgumentParser
import MillraceCore
import MillraceEngine
import MillraceWire
import Synchronization
import TestSupport
import Testing

@testable import millrace

@Suite("millrace event with a runner")
struct EventCommandTests {
  private static let view = """
    {"number":17,"received":"2026-01-01T00:00:01.000Z","hops":0,"open":false,"event":{"specversion":"1.0",\
    "id":"a","source":"/s","type":"upload.done","subject":"a.csv","tenant":"x","data":{"path":"/srv/a.csv"}},\
    "schedules":[{"schedule":"load","nominal":"2026-01-01T00:00:01.000Z","fate":"ran","job":7},\
    {"schedule":"sum"}]}
    """

  private func server(_ answers: [String: ScriptedServer.Step]) throws -> ScriptedServer {
    try ScriptedServer { request in
      [
        answers["\(request.method) \(request.target)"]
          ?? .problem(404, kind: "notFound", "no \(request.target)")
      ]
    }
  }

  private func event(
    _ server: ScriptedServer, _ arguments: String..., input: String = ""
  ) throws -> Program.Outcome {
    try Program(
      ["event", arguments[0], "--socket", server.socket] + arguments.dropFirst(), path: Program.path,
      input: input
    ).end()
  }

  private func sent(_ server: ScriptedServer) throws -> [String: JSONValue] {
    let body = server.requests.last?.body ?? ""
    return try #require(try PlacedJSON.tree(of: Array(body.utf8)).json.object)
  }

  @Test("emit sends what the options say, and prints the number and whether it is new")
  func emit() throws {
    let server = try server(["POST /v1/events": .answer(201, #"{"number":17,"new":true}"#)])
    let outcome = try event(
      server, "emit", "upload.done", "--data", #"{"n":1}"#, "--id", "a", "--source", "/s", "--subject", "x",
      "--time", "2026-01-01T00:00:00Z")
    #expect(outcome == .init(code: 0, out: "EVENT  NEW\n   17  yes\n", error: ""))
    #expect(
      try sent(server) == [
        "specversion": .string("1.0"), "id": .string("a"), "source": .string("/s"), "subject": .string("x"),
        "type": .string("upload.done"), "time": .string("2026-01-01T00:00:00.000Z"),
        "data": .object(["n": .integer(1)]),
      ])
    #expect(try event(server, "emit", "t", "-o", "ids").out == "17\n")
    let first = try sent(server)
    #expect(first["id"]?.string?.count == 32 && first["source"]?.string?.hasPrefix("/host/") == true)
    #expect(try event(server, "emit", "t", "-o", "ids").out == "17\n")
    #expect(try sent(server)["id"] != first["id"])
  }

  @Test("data comes from a file or standard input, and is what its media type says")
  func data() throws {
    let server = try server(["POST /v1/events": .answer(200, #"{"number":17,"new":false}"#)])
    let text = try event(
      server, "emit", "t", "--data", "-", "--content-type", "text/plain", "-o", "json", input: "{")
    #expect(text.code == 0 && text.error == "millrace: event 17 was on record already; nothing was added\n")
    #expect(text.out == "{\n  \"new\" : false,\n  \"number\" : 17\n}\n")
    #expect(try sent(server)["data"] == .string("{"))
    let directory = try TemporaryDirectory()
    try Data([0xFF, 0]).write(to: URL(filePath: directory.path + "/f"))
    _ = try event(server, "emit", "t", "--data", "@\(directory.path)/f", "--content-type", "image/png")
    #expect(try sent(server)["data_base64"] == .string("/wA="))
    let count = server.requests.count
    try Data(repeating: 0x61, count: 10_000_000).write(to: URL(filePath: directory.path + "/large"))
    let large = try event(server, "emit", "t", "--data", "@\(directory.path)/large")
    #expect(large.code == 2 && large.error.contains("10000000 bytes are too many"))
    #expect(server.requests.count == count)
  }

  @Test("list sends its filter and shows what came of each; show has the data and the jobs")
  func reads() throws {
    let server = try server([
      "GET /v1/events?type=upload.%2A&source=%2Fs&before=20&limit=1":
        .answer(200, "{\"events\":[\(Self.view)],\"next\":17}"),
      "GET /v1/events/17": .answer(200, Self.view),
    ])
    let list = try event(
      server, "list", "--type", "upload.*", "--source", "/s", "--before", "20", "-n", "1")
    #expect(
      list.out == """
        EVENT  RECEIVED             TYPE         SOURCE  SUBJECT  OUTCOME
           17  2026-01-01 00:00:01  upload.done  /s      a.csv    1 job, 1 gathered

        """)
    #expect(list.error == "millrace: there may be more: -n N, --before NUMBER\n")
    let show = try event(server, "show", "17")
    #expect(
      show.out == """
        event     17
        type      upload.done
        source    /s
        id        a
        subject   a.csv
        tenant    x
        received  2026-01-01 00:00:01
        data      {"path":"/srv/a.csv"}

        schedules
        SCHEDULE  FATE      JOB  TIME
        load      ran         7  2026-01-01 00:00:01
        sum       gathered    -  -

        """)
    #expect(try event(server, "show", "17", "-o", "ids").out == "7\n\n")
    #expect(try event(server, "show", "18").code == 4)
  }

  private static func line(_ id: Int) -> String {
    #"{"specversion":"1.0","id":"\#(id)","source":"/s","type":"t"}"#
  }

  @Test("emit --from sends parts, waits for room with smaller ones, and loses nothing that was acknowledged")
  func flood() throws {
    let counts = Mutex<[Int]>([])
    let server = try ScriptedServer { request in
      // What is no list fails the test.
      guard let events = try? PlacedJSON.tree(of: Array(request.body.utf8)).json.array else {
        return [.problem(400, kind: "invalid", "no list")]
      }
      let calls = counts.withLock { counts in
        counts.append(events.count)
        return counts.count
      }
      if calls == 2 { return [.problem(503, kind: "queueFull", "10000 events wait")] }
      let answers = events.map { "{\"number\":\($0.object?["id"]?.string ?? ""),\"new\":true}" }
      return [.answer(201, "{\"events\":[\(answers.joined(separator: ","))]}")]
    }
    let input = (1...1700).map { Self.line($0) + ($0 % 2 == 0 ? "\r\n" : "\n\n") }.joined()
    let outcome = try event(server, "emit", "--from", "-", "-o", "ids", input: input)
    #expect(outcome.code == 0 && outcome.error == "millrace: 10000 events wait: waiting for room\n")
    #expect(outcome.out == (1...1700).map { "\($0)\n" }.joined())
    #expect(counts.withLock { $0 } == [1000, 700, 350, 350])
    let sum = try event(server, "emit", "--from", "-", input: Self.line(1))
    #expect(sum.out == "EVENTS  NEW\n     1    1\n")
  }

  @Test("a line that is no event ends it with its place; a runner that stays full ends it with 75")
  func brokenFlood() throws {
    let server = try ScriptedServer { _ in
      [.problem(503, kind: "queueFull", "10000 events wait", hint: "later")]
    }
    let bad = try event(
      server, "emit", "--from", "-", input: Self.line(1) + "\n{\"specversion\":\"1.0\",\"id\":\"a\"\n")
    #expect(bad.code == 2 && bad.error.contains("`-`, line 2, column 30: this is no JSON"), "\(bad.error)")
    #expect(bad.error.contains("hint: no event of it is on record") && server.requests.isEmpty)
    let full = try event(server, "emit", "--from", "-", "--patience", "0", input: Self.line(1))
    #expect(full.code == 75 && full.error.contains("`-`, lines 1 to 1: 10000 events wait"))
    #expect(try event(server, "emit", "--from", "/dev/null").code == 2)
  }

  @Test(
    "what can't be is 2, and nobody is asked",
    arguments: [
      ["emit"], ["emit", "t", "--from", "f"], ["emit", "--from", "f", "--data", "1"],
      ["emit", "t", "--data", "{"],
      ["emit", "t", "--source", "a b"], ["emit", "t", "--time", "soon"], ["emit", "t", "--data", "@/none"],
      ["emit", "--from", "/none"], ["emit", ""], ["list", "--type", "a b"], ["list", "-n", "0"], ["show"],
      ["show", "x"], ["list", "-o", "xml"],
    ])
  func usage(arguments: [String]) throws {
    let server = try server([:])
    let outcome = try Program(
      ["event", arguments[0], "--socket", server.socket] + arguments.dropFirst(), path: Program.path
    ).end()
    #expect(outcome.code == 2 && outcome.out == "" && outcome.error.hasPrefix("error: "), "\(outcome)")
    #expect(server.requests.isEmpty)
  }

  @Test("each verb has help with examples; list and show need no runner, emit does")
  func help() throws {
    for command in EventCommand.configuration.subcommands {
      let outcome = try Program.millrace("help", "event", command._commandName)
      #expect(outcome.code == 0 && outcome.out.contains("examples:"), "\(command._commandName)")
    }
    #expect(try Program.millrace("event", "emit", "t", "--socket", "/none").code == 69)
  }

  @Test("without a runner the record is read")
  func record() async throws {
    let store = MemoryJobStore()
    for id in ["a", "b"] {
      _ = try await store.accept([CloudEvent(id: id, source: "/s", type: "t")], at: Sample.time(0))
    }
    let record = Record(reader: store, logs: "/none")
    let page = try await record.events(matching: EventQuery(limit: 100), atMost: 1)
    #expect(page.events.map(\.number.rawValue) == [2] && page.next == EventNumber(2))
    #expect(try await record.event(EventNumber(1)).open)
    let error = try await #require(throws: CommandError.self) { try await record.event(EventNumber(3)) }
    #expect(error.code == .notFound)
  }
}
