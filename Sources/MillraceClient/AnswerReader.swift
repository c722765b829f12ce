import MillraceCore

/// The first lines of an answer.
struct AnswerHead: Equatable {
  var status: Int
  /// Names in lower case.
  var fields: [(name: String, value: String)] = []

  /// Returns the values of all fields with a name in lower case.
  func values(of name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

  /// The media type without its parameters, in lower case; nil if none is given.
  var mediaType: String? {
    guard let value = values(of: "content-type").first else { return nil }
    return value.prefix { $0 != ";" && $0 != " " }.lowercased()
  }

  static func == (left: AnswerHead, right: AnswerHead) -> Bool {
    left.status == right.status && left.fields.elementsEqual(right.fields, by: ==)
  }
}

/// Reads one answer of HTTP/1.1 ([RFC 9112](https://www.rfc-editor.org/rfc/rfc9112)) and takes nothing that
/// the standard does not allow.
struct AnswerReader<Source: ByteSource & ~Copyable>: ~Copyable {
  /// The most bytes that the head, or the trailer, may have.
  static var headLimit: Int { 64 << 10 }
  private static var chunkLineLimit: Int { 1 << 10 }

  private let source: Source
  private let call: String
  private var buffer: [UInt8] = []
  private var position = 0

  init(_ source: consuming Source, call: String) {
    self.source = source
    self.call = call
  }

  /// Reads the head of the final answer; interim ones (1xx) are passed over.
  mutating func head() throws -> AnswerHead {
    var budget = Self.headLimit
    while true {
      let head = try oneHead(budget: &budget)
      if !(100..<200).contains(head.status) { return head }
    }
  }

  /// Reads the body that follows `head` and hands it on as it comes.
  mutating func body(of head: AnswerHead, to sink: ([UInt8]) throws -> Void) throws {
    if head.status == 204 || head.status == 304 { return }
    let codings = head.values(of: "transfer-encoding")
    let lengths = Set(head.values(of: "content-length"))
    if !codings.isEmpty {
      guard codings.count == 1, codings[0].lowercased() == "chunked", lengths.isEmpty else {
        throw malformed("its transfer coding is not `chunked` alone")
      }
      try chunks(to: sink)
    } else if let text = lengths.first {
      guard lengths.count == 1, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let length = Int(text)
      else { throw malformed("its content length is no number") }
      try pass(length, to: sink)
    } else {
      while let bytes = try some(atMost: .max) { try sink(bytes) }
    }
  }

  // MARK: Head

  private mutating func oneHead(budget: inout Int) throws -> AnswerHead {
    let words = try line(budget: &budget).split(
      separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0", words[1].utf8.count == 3,
      let status = Int(words[1]), (100..<600).contains(status)
    else { throw malformed("it is no HTTP/1.1") }
    var head = AnswerHead(status: status)
    while true {
      let line = try line(budget: &budget)
      if line.isEmpty { return head }
      head.fields.append(try field(line))
    }
  }

  private func field(_ line: String) throws -> (name: String, value: String) {
    guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
      !line[..<colon].contains(where: { $0 == " " || $0 == "\t" })
    else { throw malformed("a line of its head is no field") }
    let value = line[line.index(after: colon)...]
    let trimmed = value.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }
      .reversed()
    return (line[..<colon].lowercased(), String(trimmed))
  }

  // MARK: Body

  private mutating func chunks(to sink: ([UInt8]) throws -> Void) throws {
    while true {
      var budget = Self.chunkLineLimit
      let digits = try line(budget: &budget).prefix { $0 != ";" && $0 != " " && $0 != "\t" }
      guard (1...15).contains(digits.utf8.count), let length = Int(digits, radix: 16), digits.first != "-",
        digits.first != "+"
      else { throw malformed("a chunk has no size") }
      if length == 0 { break }
      try pass(length, to: sink)
      var ending = 2
      guard try line(budget: &ending).isEmpty else { throw malformed("a chunk is longer than its size") }
    }
    var budget = Self.headLimit
    while try !line(budget: &budget).isEmpty {}
  }

  private mutating func pass(_ length: Int, to sink: ([UInt8]) throws -> Void) throws {
    var left = length
    while left > 0 {
      guard let bytes = try some(atMost: left) else { throw ClientError.closedEarly(call: call) }
      left -= bytes.count
      try sink(bytes)
    }
  }

  // MARK: Bytes

  /// Returns a line without its end, and takes its length from `budget`.
  private mutating func line(budget: inout Int) throws -> String {
    var scanned = position
    while true {
      if let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
        var bytes = buffer[position..<end]
        budget -= bytes.count + 1
        guard budget >= 0 else { break }
        position = end + 1
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw malformed("it is no UTF-8") }
        return text
      }
      guard buffer.count - position <= budget else { break }
      scanned = buffer.count - position
      buffer.removeFirst(position)
      position = 0
      let more = try source.receive()
      guard !more.isEmpty else { throw ClientError.closedEarly(call: call) }
      buffer += more
    }
    throw malformed("a line of it is too long")
  }

  /// Returns up to `count` bytes, at least one; nil at the end.
  private mutating func some(atMost count: Int) throws -> [UInt8]? {
    if position == buffer.count {
      position = 0
      buffer = try source.receive()
      if buffer.isEmpty { return nil }
    }
    let end = position + min(count, buffer.count - position)
    defer { position = end }
    return position == 0 && end == buffer.count ? buffer : Array(buffer[position..<end])
  }

  private func malformed(_ reason: String) -> ClientError { .malformed(call: call, reason: reason) }
}
