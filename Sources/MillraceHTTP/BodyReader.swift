import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceWire
import NIOCore
import ServiceLifecycle

/// Reads the bodies of submissions, within bounds.
struct BodyReader: Sendable {
  /// The bounds in bytes of the body of one job and of a batch.
  let maxJob: Int64
  let maxBatch: Int64
  let maxBatchJobs: Int

  /// Reads one job.
  func job(of request: Request) async throws -> JobRequest {
    let body = try await collect(request, atMost: maxJob)
    return try StrictJSON.decode(StrictSubmitRequest.self, from: body).request.jobRequest()
  }

  /// Reads a new priority.
  func priority(of request: Request) async throws -> Priority {
    let body = try await collect(request, atMost: Self.maxSmall)
    let number = try StrictJSON.decode(StrictReprioritiseRequest.self, from: body).priority
    guard let priority = Priority(rawValue: number) else {
      throw Refusal(.invalid, "priority is 1 to 10, not \(number)")
    }
    return priority
  }

  /// The bound in bytes of a body that is no job.
  private static let maxSmall: Int64 = 64 << 10

  /// Reads a batch: an object with `jobs`, or one job on each line (`application/jsonl`).
  func batch(of request: Request) async throws -> [JobRequest] {
    let mediaType = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
    if mediaType == "application/jsonl" { return try await lines(of: request) }
    let body = try await collect(request, atMost: maxBatch)
    let jobs = try StrictJSON.decode(StrictBatchRequest.self, from: body).jobs
    try checkCount(jobs.count)
    return try jobs.enumerated().map { index, job in try jobRequest(of: job.request, at: index) }
  }

  private func lines(of request: Request) async throws -> [JobRequest] {
    try checkAnnounced(request, atMost: maxBatch)
    let body = request.body
    return try await cancelWhenGracefulShutdown {
      var splitter = LineSplitter(maxLine: Int(maxJob), maxTotal: Int(maxBatch))
      var jobs: [JobRequest] = []
      for try await buffer in body {
        for line in try splitter.feed(buffer.readableBytesView) { try append(line, to: &jobs) }
      }
      try Task.checkCancellation()
      try checkComplete(request, received: splitter.total)
      if let line = splitter.finish() { try append(line, to: &jobs) }
      return jobs
    }
  }

  private func append(_ line: [UInt8], to jobs: inout [JobRequest]) throws {
    try checkCount(jobs.count + 1)
    let index = jobs.count
    let job = try StrictJSON.decode(StrictSubmitRequest.self, from: Data(line), index: index)
    jobs.append(try jobRequest(of: job.request, at: index))
  }

  private func jobRequest(of request: SubmitRequest, at index: Int) throws -> JobRequest {
    do {
      return try request.jobRequest()
    } catch var refusal as Refusal {
      refusal.index = index
      throw refusal
    }
  }

  private func collect(_ request: Request, atMost bound: Int64) async throws -> Data {
    try checkAnnounced(request, atMost: bound)
    let body = request.body
    do {
      let buffer = try await cancelWhenGracefulShutdown { try await body.collect(upTo: Int(bound)) }
      try Task.checkCancellation()
      try checkComplete(request, received: buffer.readableBytes)
      return Data(buffer.readableBytesView)
    } catch is NIOTooManyBytesError {
      throw Self.tooLarge(bound)
    }
  }

  private func checkAnnounced(_ request: Request, atMost bound: Int64) throws {
    guard let announced = announcedLength(of: request), announced > bound else { return }
    throw Self.tooLarge(bound)
  }

  /// A connection that broke off must not pass for the end of the body.
  private func checkComplete(_ request: Request, received: Int) throws {
    guard let announced = announcedLength(of: request), announced != received else { return }
    throw Problem.plain(
      400, "incomplete body", "the body ended after \(received) of \(announced) bytes")
  }

  private func announcedLength(of request: Request) -> Int64? {
    request.headers[.contentLength].flatMap { Int64($0) }
  }

  private func checkCount(_ count: Int) throws {
    guard count > maxBatchJobs else { return }
    throw Refusal(
      .tooLarge, "a batch has at most \(maxBatchJobs) jobs", hint: "send it in several batches")
  }

  static func tooLarge(_ bound: Int64) -> Refusal {
    Refusal(
      .tooLarge, "the body is larger than \(Bytes(bound))",
      hint: "the bound follows from `bounds: {input: …}` in the runner's configuration")
  }
}

/// Cuts a stream of bytes into lines; empty lines are left out.
struct LineSplitter {
  private let maxLine: Int
  private let maxTotal: Int
  private var partial: [UInt8] = []
  /// The bytes that were fed.
  private(set) var total = 0

  init(maxLine: Int, maxTotal: Int) {
    self.maxLine = maxLine
    self.maxTotal = maxTotal
  }

  /// Returns the lines that these bytes complete.
  mutating func feed(_ bytes: some Collection<UInt8>) throws -> [[UInt8]] {
    total += bytes.count
    guard total <= maxTotal else { throw BodyReader.tooLarge(Int64(maxTotal)) }
    var lines: [[UInt8]] = []
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      partial += rest[..<end]
      rest = rest[rest.index(after: end)...]
      try checkLine()
      if let line = finish() { lines.append(line) }
    }
    partial += rest
    try checkLine()
    return lines
  }

  /// Returns the last line if it has no line break; nil if there is none.
  mutating func finish() -> [UInt8]? {
    defer { partial.removeAll(keepingCapacity: true) }
    let isBlank = partial.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }
    return isBlank ? nil : partial
  }

  private func checkLine() throws {
    guard partial.count > maxLine else { return }
    throw BodyReader.tooLarge(Int64(maxLine))
  }
}
