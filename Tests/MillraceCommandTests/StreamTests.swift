import Glibc
import MillraceClient
import MillraceWire
import Synchronization
import TestSupport
import Testing

@testable import millrace

@Suite("Requests in a stream")
struct StreamTests {
  /// A runner that accepts everything, and gives numbers from 1 on; nil from `refusal` means yes.
  private func runner(
    refusal: @escaping @Sendable (_ lines: [Substring], _ call: Int) -> ScriptedServer.Step? = { _, _ in nil }
  ) throws -> ScriptedServer {
    let counts = Mutex((calls: 0, jobs: 0))
    return try ScriptedServer { request in
      let lines = request.body.split(separator: "\n")
      let call = counts.withLock { counts in
        counts.calls += 1
        return counts.calls
      }
      if let step = refusal(lines, call) { return [step] }
      let first = counts.withLock { counts in
        counts.jobs += lines.count
        return counts.jobs - lines.count + 1
      }
      let ids = (first..<first + lines.count).map { "\($0)" }.joined(separator: ",")
      return [.answer(201, "{\"ids\":[\(ids)]}")]
    }
  }

  private func numbers(_ range: ClosedRange<Int>) -> String { range.map { "\($0)\n" }.joined() }

  @Test("many lines go in parts, as they are, and their numbers come in order")
  func parts() throws {
    let server = try runner()
    let lines = (1...2500).map { "{\"handler\": \"noop\", \"labels\": {\"n\": \"\($0)\"}}" }
    let outcome = try Program.millrace(
      "submit", "--stream", "-", "--socket", server.socket, input: lines.joined(separator: "\n"))
    #expect(outcome == .init(code: 0, out: numbers(1...2500), error: ""))
    #expect(
      server.requests.map { "\($0.method) \($0.target)" } == .init(repeating: "POST /v1/jobs/batch", count: 3)
    )
    #expect(server.requests.flatMap { $0.body.split(separator: "\n").map(String.init) } == lines)
    #expect(server.requests.map { $0.body.split(separator: "\n").count } == [1000, 1000, 500])
  }

  @Test("options fill what a line does not say; a key gets the number of the line")
  func options() throws {
    let server = try runner()
    let outcome = try Program.millrace(
      "submit", "--stream", "-", "--key", "k", "--class", "c", "--socket", server.socket,
      input: "# words\n\nnoop a=1\r\n  {\"handler\":\"noop\",\"key\":\"own\"}\n{\"handler\":\"noop\"}\n")
    #expect(outcome == .init(code: 0, out: "1\n2\n3\n", error: ""))
    #expect(
      server.requests.map(\.body) == [
        """
        {"arguments":[{"name":"a","value":"1"}],"class":"c","handler":"noop","key":"k:3"}
        {"class":"c","handler":"noop","key":"own"}
        {"class":"c","handler":"noop","key":"k:5"}

        """
      ])
  }

  @Test("what the runner refuses is told with its line, and how much is accepted before it")
  func refused() throws {
    let server = try runner { lines, _ in
      lines.firstIndex { $0.contains("bad") }.map { index in
        .answer(
          422,
          #"{"type":"urn:millrace:invalid","title":"t","status":422,"detail":"no","index":\#(index)}"#,
          type: "application/problem+json")
      }
    }
    let lines = (1...1500).map { "{\"handler\":\"\($0 == 1207 ? "bad" : "noop")\"}\n" }.joined()
    let outcome = try Program.millrace(
      "submit", "--stream", "-", "--socket", server.socket, input: "\n" + lines)
    #expect(outcome.code == 2)
    #expect(outcome.out == numbers(1...1000))
    #expect(
      outcome.error == """
        error: `-`, line 1208: no

        hint: the 1000 jobs of the lines up to 1001 are accepted, none after that

        """)
  }

  @Test(
    "a line that can't be read is told with its number",
    arguments: [
      ("noop 'a", "line 2: a quote has no end"), ("noop --memory x", "line 2: "),
      ("noop --input -", "line 2: a line can't read standard input"),
    ])
  func unreadable(line: String, message: String) throws {
    let server = try runner()
    let outcome = try Program.millrace(
      "submit", "--stream", "-", "--socket", server.socket, input: "noop\n\(line)\n")
    #expect(outcome.code == 2 && outcome.out.isEmpty)
    #expect(outcome.error.hasPrefix("error: `-`, \(message)"), "\(outcome.error)")
    #expect(outcome.error.hasSuffix("\n\nhint: no job of it is accepted\n"))
  }

  @Test("a full queue is waited for, with smaller parts")
  func full() throws {
    let server = try runner { lines, call in
      call == 1 || lines.count > 5 ? .problem(503, kind: "queueFull", "the queue is full") : nil
    }
    let outcome = try Program.millrace(
      "submit", "--stream", "-", "--socket", server.socket, input: String(repeating: "noop\n", count: 11))
    #expect(
      outcome
        == .init(code: 0, out: numbers(1...11), error: "millrace: the queue is full: waiting for room\n"))
    #expect(server.requests.map { $0.body.split(separator: "\n").count } == [11, 5, 5, 1])
  }

  @Test("nothing in it, another source beside it and a runner that goes away are errors")
  func wrong() throws {
    let server = try runner()
    #expect(
      try Program.millrace("submit", "--stream", "-", "--socket", server.socket, input: "# x\n").code == 2)
    for words in [["noop"], ["--batch", "-"], ["--wait"], ["--dry-run"], ["-o", "json"], ["--input", "-"]] {
      let outcome = try Program(["submit", "--stream", "-"] + words, path: Program.path).end()
      #expect(outcome.code == 2, "\(words)")
    }
    let broken = try ScriptedServer { _ in [] }
    let outcome = try Program.millrace("submit", "--stream", "-", "--socket", broken.socket, input: "noop\n")
    #expect(outcome.code == 125)
    #expect(outcome.error.hasPrefix("millrace: no job of it is accepted; whether the lines after these are"))
  }

  @Test("bytes become lines however they come")
  func lines() throws {
    let text = [UInt8]("a\n\nbcd\nlast".utf8)
    for size in 1...text.count {
      var stream = LineStream(of: "f")
      var lines: [String] = []
      for start in stride(from: 0, to: text.count, by: size) {
        try stream.feed(text[start..<min(start + size, text.count)]) { line, number in
          lines.append("\(number) \(String(decoding: line, as: UTF8.self))")
        }
      }
      try stream.finish { line, number in lines.append("\(number) \(String(decoding: line, as: UTF8.self))") }
      #expect(lines == ["1 a", "2 ", "3 bcd", "4 last"])
    }
  }
}
