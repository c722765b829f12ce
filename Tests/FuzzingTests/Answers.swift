import FoundationEssentials
import Synchronization

@testable import MillraceClient
@testable import MillraceCore
@testable import MillraceHTTP
@testable import MillraceWire

extension FuzzedParser {
  /// What a client reads.
  static let answers = [
    FuzzedParser("answer", longest: 2048) { bytes in
      let whole = accepted { try answer(in: [bytes]) }
      demandEqual(accepted { try answer(in: bytes.map { [$0] }) }, whole, "an answer byte by byte")
    },
    FuzzedParser("server-sent-events", longest: 1024) { bytes in
      demandEqual(try events(in: bytes.map { [$0] }), try events(in: [bytes]), "events byte by byte")
      let line = String(decoding: bytes.filter { $0 >= 0x20 }, as: UTF8.self)
      let text = MillraceHTTP.ServerSentEvent.text(Array(line.utf8), id: 7, name: "x")
      let told = [MillraceClient.ServerSentEvent(name: "x", data: line)]
      demandEqual(try events(in: [text]), Events(all: told, lastID: "7"), "an event of the runner's")
    },
    FuzzedParser("problem", longest: 512) { bytes in
      let problem = try Wire.decoder().decode(Problem.self, from: Data(bytes))
      demandEqual(try again(problem), problem, "a problem that is read again")
      _ = problem.kind
    },
    FuzzedParser("views", longest: 2048) { bytes in
      try demandView(JobView.self, bytes)
      try demandView(AttemptView.self, bytes)
      try demandView(HistoryPage.self, bytes)
      try demandView(ScheduleView.self, bytes)
      try demandView(EventView.self, bytes)
      try demandView(WhyView.self, bytes)
      try demandView(StatusView.self, bytes)
      try demandView(LiveEventView.self, bytes)
    },
  ]

  private struct Answer: Equatable {
    var head: AnswerHead
    var body: [UInt8] = []
  }

  private static func answer(in pieces: [[UInt8]]) throws -> Answer {
    var reader = AnswerReader(Pieces(pieces), call: "GET /x")
    let head = try reader.head()
    var answer = Answer(head: head)
    try reader.body(of: head) { answer.body += $0 }
    return answer
  }

  private struct Events: Equatable {
    var all: [MillraceClient.ServerSentEvent] = []
    var lastID: String?
  }

  private static func events(in pieces: [[UInt8]]) throws -> Events {
    var reader = ServerSentEventReader()
    var events = Events()
    for piece in pieces { try reader.feed(piece) { events.all.append($0) } }
    events.lastID = reader.lastID
    return events
  }

  private static func again<Value: Codable>(_ value: Value) throws -> Value {
    try Wire.decoder().decode(Value.self, from: try Wire.encoder().encode(value))
  }

  private static func demandView<View: Codable & Equatable>(_ type: View.Type, _ bytes: [UInt8]) throws {
    guard let view = accepted({ try Wire.decoder().decode(type, from: Data(bytes)) }) else { return }
    demandEqual(try again(view), view, "a view that is read again")
  }
}

/// Bytes in some pieces.
private final class Pieces: ByteSource, Sendable {
  private let left: Mutex<[[UInt8]]>

  init(_ pieces: [[UInt8]]) { left = Mutex(pieces.reversed().filter { !$0.isEmpty }) }

  func receive() -> [UInt8] { left.withLock { $0.popLast() ?? [] } }
}
