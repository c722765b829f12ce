import FoundationEssentials
import Glibc
import PluginRecording
import TestSupport
import Testing

@Suite("http.request asks and keeps the answer")
struct HTTPRequestTests {
  @Test("The body is the result, with its media type; nothing of the way is added to what is asked")
  func plain() throws {
    let server = try LoopbackServer(.answer(200, "caf\u{e9}", type: "text/plain; charset=utf-8"))
    let job = try request(server.url + "/a%20b?c=d#e", #","headers":{"X-One":"1","X-None":""}"#)
    #expect(job.text == "café" && job.mediaType == "text/plain; charset=utf-8", "\(job)")
    let asked = try #require(server.requests.first)
    #expect(asked.method == "GET" && asked.target == "/a%20b?c=d" && asked.body.isEmpty)
    #expect(asked.field("X-One") == "1" && asked.field("User-Agent") == "millrace")
    #expect(asked.fields.contains("X-None:") && asked.field("Host") == "127.0.0.1:\(server.port)")
    #expect(asked.fields.count == 5, "\(asked.fields)")
  }

  @Test("An answer without a type is bytes, an empty one an empty result")
  func bare() throws {
    let job = try request(try LoopbackServer(.head(204)))
    #expect(job.result == [] && job.mediaType == "application/octet-stream")
  }

  private struct Whole: Decodable {
    var status: Int
    var url: String
    var headers: [String: String]
    var body: String?
    var bodyBase64: String?
  }

  @Test("The whole answer is JSON: status, address, headers, and a body that is text or base64")
  func whole() throws {
    let server = try LoopbackServer { request in
      guard request.target == "/bytes" else {
        return [.head(200, "X-A: 1", "x-a: 2", "X-Latin: caf\u{e9}", body: "say \"hi\"\u{0}")]
      }
      return [.send("HTTP/1.1 200 X\r\nX-Latin: A"), .send([0xE9]), .send("\r\n\r\n"), .send([0xFF, 0, 1])]
    }
    for (path, body, encoded) in [("/text", "say \"hi\"\u{0}", nil), ("/bytes", nil, "/wAB")] {
      let job = try request(server.url + path, #","result":"answer""#)
      let text = try #require(job.text, "\(job)")
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let answer = try decoder.decode(Whole.self, from: Data(text.utf8))
      #expect(answer.status == 200 && answer.url == server.url + path)
      #expect(answer.body == body && answer.bodyBase64 == encoded)
      #expect(answer.headers["x-a"] == (body == nil ? nil : "1, 2"))
      #expect(answer.headers["x-latin"] == (body == nil ? "Aé" : "café"))
      #expect(job.mediaType == "application/json")
    }
  }

  @Test(
    "A body comes from the parameters or the job's input, and says what it is",
    arguments: [
      (#","method":"POST","body":"a=b""#, nil, "POST", "a=b", nil, "3"),
      (#","method":"PUT","json":{"a":[1,"é"]}"#, nil, "PUT", #"{"a":[1,"é"]}"#, "application/json", "14"),
      (#","method":"PATCH","json":[],"headers":{"content-type":"x/y"}"#, nil, "PATCH", "[]", "x/y", "2"),
      (#","method":"POST""#, "input", "POST", "input", nil, "5"),
      (#","method":"POST""#, nil, "POST", "", nil, "0"),
      (#","method":"DELETE""#, nil, "DELETE", "", nil, nil),
      (#","method":"OPTIONS""#, nil, "OPTIONS", "", nil, nil),
      (#","method":"HEAD""#, nil, "HEAD", "", nil, nil),
    ] as [(String, String?, String, String, String?, String?)])
  func bodies(
    more: String, input: String?, method: String, body: String, type: String?, length: String?
  ) throws {
    let server = try LoopbackServer(.head(200))
    let job = try request(server, more, in: Surroundings(input: input.map { Array($0.utf8) }))
    #expect(job.failure == nil, "\(job)")
    let asked = try #require(server.requests.first)
    #expect(asked.method == method && asked.body == body)
    #expect(asked.field("Content-Type") == type && asked.field("Content-Length") == length)
    #expect(asked.field("Expect") == nil)
  }

  @Test(
    "A status that is not wanted fails the job; another attempt is made where that can help and is safe",
    arguments: [
      (404, "", false), (500, "", true), (503, "", true), (408, "", true), (501, "", false),
      (302, "", false), (503, #","method":"PUT""#, true), (503, #","method":"POST""#, false),
      (429, #","method":"POST""#, true), (503, #","method":"POST","retry":"always""#, true),
      (429, #","method":"POST","retry":"never""#, false), (500, #","retry":"never""#, false),
    ])
  func statuses(status: Int, more: String, isRetryable: Bool) throws {
    let job = try request(try LoopbackServer(.answer(status, "because")), more)
    #expect(job.failureCode == "status_\(status)" && job.failure?.isRetryable == isRetryable, "\(job)")
    #expect(job.result == nil)
    #expect(job.events.contains { if case .log(_, "the answer: because", _) = $0 { true } else { false } })
  }

  @Test("Other statuses can count as success, and 200 as a failure; what is wanted is not followed")
  func okStatuses() throws {
    let more = #","ok_statuses":[404,302]"#
    #expect(try request(try LoopbackServer(.answer(404, "x")), more).text == "x")
    #expect(try request(try LoopbackServer(.redirect(to: "/")), more).result == [])
    #expect(try request(try LoopbackServer(.answer(200, "x")), more).failureCode == "status_200")
  }

  @Test("A server that asks for time gets it, a bounded number of times, and the job uses up no attempt")
  func retryAfter() throws {
    let server = try LoopbackServer(.head(503, "Retry-After: 120"))
    let first = try request(server)
    guard case .snooze(120_000, let why) = first.events.dropLast().last else {
      Issue.record("no snooze: \(first)")
      return
    }
    #expect(why == "`\(server.url)/` answered with 503 and asks to wait" && first.events.last == .returned(2))
    #expect(first.events.contains(.checkpoint(bytes: Data(#"{"id":"","waits":1}"#.utf8))))
    let tired = try request(server, in: Surroundings(checkpoint: #"{"id":"","waits":10}"#))
    #expect(tired.failureCode == "status_503" && tired.failure?.isRetryable == true)
    let hurried = try request(server, #","max_wait":60"#)
    #expect(hurried.failureCode == "status_503" && hurried.failure?.isRetryable == false)
    #expect(hurried.failure?.message.contains("wants 120 s of peace, `max_wait` is 60") == true)
    let post = try request(server, #","method":"POST""#)
    #expect(post.failureCode == "status_503" && post.failure?.isRetryable == false)
  }

  @Test(
    "A time to wait can be a date; what is none, or is over, is passed over",
    arguments: [
      ("Wed, 01 Jan 2200 00:00:00 GMT", false), ("Sat, 01 Jan 2000 00:00:00 GMT", true), ("soon", true),
      ("-5", true), ("0", true), ("99999999999999999999999", false),
    ])
  func retryDates(text: String, isRetryable: Bool) throws {
    let job = try request(try LoopbackServer(.head(503, "Retry-After: \(text)")))
    #expect(job.failureCode == "status_503" && job.failure?.isRetryable == isRetryable, "\(job)")
  }

  @Test("An answer that is too long is refused: announced, in endless chunks, or all headers")
  func tooLarge() throws {
    let announced = try LoopbackServer(.head(200, body: String(repeating: "x", count: 2000)))
    let job = try request(announced, #","max_bytes":1999"#)
    #expect(job.failureCode == "answer_too_large" && job.failure?.isRetryable == false, "\(job)")
    #expect(job.failure?.message.contains("longer than 1999 bytes") == true && job.result == nil)
    #expect(try request(announced, #","max_bytes":"2000""#).result?.count == 2000)

    let chunk = String(repeating: "1000\r\n" + String(repeating: "y", count: 4096) + "\r\n", count: 4096)
    let head = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n"
    let endless = try LoopbackServer(.send(head), .send(chunk), .send(chunk), .awaitClose)
    #expect(try request(endless, #","max_bytes":"1M""#).failureCode == "answer_too_large")

    let line = "X-Filler: " + String(repeating: "z", count: 1000) + "\r\n"
    let headers = try LoopbackServer(
      .send("HTTP/1.1 200 X\r\n" + String(repeating: line, count: 5000)), .awaitClose)
    #expect(try request(headers).failureCode == "answer_too_large")
  }

  @Test("A result that the runner does not take fails the job for good")
  func refusedResult() throws {
    let job = try request(
      try LoopbackServer(.answer(200, "x")), in: Surroundings(refusesResults: true))
    #expect(job.failureCode == "result_refused")
  }
}
