import MillraceCore
import Synchronization
import Testing

@testable import MillraceClient

/// Bytes in the pieces that a test wants.
private final class Pieces: ByteSource, Sendable {
  private let left: Mutex<[[UInt8]]>

  init(_ pieces: [[UInt8]]) { left = Mutex(pieces.reversed()) }

  func receive() -> [UInt8] { left.withLock { $0.popLast() ?? [] } }
}

@Suite("Reading answers of HTTP/1.1")
struct AnswerReaderTests {
  private func read(_ pieces: [[UInt8]]) throws -> (head: AnswerHead, body: String, parts: Int) {
    var reader = AnswerReader(Pieces(pieces), call: "GET /x")
    let head = try reader.head()
    var body: [UInt8] = []
    var parts = 0
    try reader.body(of: head) {
      body += $0
      parts += 1
    }
    return (head, String(decoding: body, as: UTF8.self), parts)
  }

  private func read(_ text: String) throws -> String { try read([[UInt8](text.utf8)]).body }

  private static let whole = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
  private static let chunked =
    whole + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n, millrace\r\n0\r\nSum: 1\r\n\r\n"
  private static let counted = whole + "Content-Length: 15\r\n\r\nhello, millrace"

  @Test("the same answer is read wherever it is cut", arguments: [chunked, counted])
  func everyCut(text: String) throws {
    let bytes = [UInt8](text.utf8)
    for cut in 0...bytes.count {
      let pieces = [Array(bytes[..<cut]), Array(bytes[cut...])].filter { !$0.isEmpty }
      let answer = try read(pieces)
      #expect(answer.body == "hello, millrace")
      #expect(answer.head.mediaType == "text/plain")
    }
    #expect(try read(bytes.map { [$0] }).body == "hello, millrace")
  }

  @Test("a body without a length goes to the end of the connection")
  func untilEnd() throws {
    #expect(try read("HTTP/1.0 200 OK\r\n\r\nall of it") == "all of it")
  }

  @Test("interim answers are passed over, and 204 has no body")
  func interim() throws {
    #expect(try read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") == "ok")
    #expect(try read("HTTP/1.1 204 No Content\r\n\r\nnot a body") == "")
  }

  @Test("each chunk is handed on as it comes")
  func streaming() throws {
    let pieces = [
      Self.whole + "Transfer-Encoding: chunked\r\n\r\n", "3\r\none\r\n", "3\r\ntwo\r\n", "0\r\n\r\n",
    ]
    let answer = try read(pieces.map { [UInt8]($0.utf8) })
    #expect(answer.body == "onetwo")
    #expect(answer.parts == 2)
  }

  @Test(
    "what is no HTTP/1.1 is malformed",
    arguments: [
      "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 999 OK\r\n\r\n",
      "HTTP/1.1 +20 OK\r\n\r\n", "\r\n", "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
      "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
    ])
  func malformed(text: String) {
    do {
      let body = try read(text)
      Issue.record("read as \(body)")
    } catch let error as ClientError {
      guard case .malformed = error else {
        Issue.record("\(error)")
        return
      }
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test(
    "an answer that ends too soon says so",
    arguments: [
      "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ])
  func cutOff(text: String) {
    #expect(throws: ClientError.closedEarly(call: "GET /x")) { try read(text) }
  }

  @Test("a head without an end is given up at its bound")
  func endlessHead() {
    let flood = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 14)
    #expect(throws: ClientError.malformed(call: "GET /x", reason: "a line of it is too long")) {
      try read([[UInt8]("HTTP/1.1 200 OK\r\nX: ".utf8)] + Array(repeating: flood, count: 5))
    }
    let fields = [UInt8](String(repeating: "A: b\r\n", count: 4000).utf8)
    #expect(throws: ClientError.malformed(call: "GET /x", reason: "a line of it is too long")) {
      try read([[UInt8]("HTTP/1.1 200 OK\r\n".utf8)] + Array(repeating: fields, count: 5))
    }
  }
}
