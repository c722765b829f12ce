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
    let body = try await json(request, atMost: maxJob)
    var job = try StrictJSON.decode(StrictSubmitRequest.self, from: body).request
    job.key = try Self.key(of: request, besides: job.key)
    return try job.jobRequest()
  }

  /// Returns the key of the header or of the body.
  private static func key(of request: Request, besides member: String?) throws -> String? {
    guard let key = idempotencyKey(of: request) else { return member }
    guard member == nil || member == key else {
      throw Refusal(.invalid, "the header `Idempotency-Key` and `key` differ")
    }
    return key
  }

  /// The key in the header that others use for it too; with or without quotes around it, nil if there is
  /// none. Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
  private static func idempotencyKey(of request: Request) -> String? {
    guard let value = request.headers[.idempotencyKey] else { return nil }
    guard value.count > 1, value.hasPrefix("\""), value.hasSuffix("\"") else { return value }
    return String(value.dropFirst().dropLast())
  }

  /// Reads which jobs are meant.
  func selection(of request: Request) async throws -> SelectionRequest {
    let body = try await json(request, atMost: Self.maxSmall)
    return try StrictJSON.decode(Strict<SelectionRequest>.self, from: body).value
  }

  /// Reads whether the runner, a handler or a group is meant; an empty body means the runner.
  func station(of request: Request) async throws -> StationRequest {
    let body = try await json(request, atMost: Self.maxSmall)
    if body.isEmpty { return StationRequest() }
    return try StrictJSON.decode(Strict<StationRequest>.self, from: body).value
  }

  /// Reads a setting.
  func setting(of request: Request) async throws -> SettingRequest {
    let body = try await json(request, atMost: Self.maxSmall)
    return try StrictJSON.decode(Strict<SettingRequest>.self, from: body).value
  }

  /// Reads a new priority.
  func priority(of request: Request) async throws -> Priority {
    let body = try await json(request, atMost: Self.maxSmall)
    let number = try StrictJSON.decode(StrictReprioritiseRequest.self, from: body).priority
    guard let priority = Priority(rawValue: number) else {
      throw Refusal(.invalid, "priority is 1 to 10, not \(number)")
    }
    return priority
  }

  /// Reads what shall be different in a retry; no body for nothing.
  func retry(of request: Request) async throws -> RetryBody {
    let body = try await json(request, atMost: Self.maxList)
    return body.isEmpty ? RetryBody() : try StrictJSON.decode(StrictRetryBody.self, from: body).body
  }

  /// Reads what of the record shall go.
  func pruning(of request: Request) async throws -> PruneRequest {
    let body = try await json(request, atMost: Self.maxList)
    return try StrictJSON.decode(StrictPruneRequest.self, from: body).request
  }

  /// Reads where a backup shall be.
  func backup(of request: Request) async throws -> BackupRequest {
    let body = try await json(request, atMost: Self.maxSmall)
    return try StrictJSON.decode(StrictBackupRequest.self, from: body).request
  }

  /// Reads a schedule; `name` is what the address calls it.
  /// - Throws: `Refusal` with all that is wrong with it.
  func schedule(of request: Request, named name: String? = nil) async throws -> ScheduleDefinition {
    let body = try await json(request, atMost: Self.maxList)
    let tree = MemberTree(try StrictJSON.decode(JSONValue.self, from: body))
    do throws(Mistakes) { return try ScheduleDefinition(tree.value, named: name) } catch {
      throw tree.refusal(of: error)
    }
  }

  /// Reads the key of a job that is made now; nil for none, as an empty body has.
  func runKey(of request: Request) async throws -> JobKey? {
    let body = try await json(request, atMost: Self.maxSmall)
    let member = body.isEmpty ? nil : try StrictJSON.decode(Strict<RunNowRequest>.self, from: body).value.key
    return try Self.key(of: request, besides: member).map { JobKey($0) }
  }

  /// Reads the span of a backfill.
  func backfill(of request: Request) async throws -> BackfillRequest {
    let body = try await json(request, atMost: Self.maxSmall)
    return try StrictJSON.decode(Strict<BackfillRequest>.self, from: body).value
  }

  /// The bounds in bytes of a body that is no job, and of one with many numbers.
  private static let maxSmall: Int64 = 64 << 10
  private static let maxList: Int64 = 1 << 20

  /// Reads a batch: an object with `jobs`, or one job on each line (`application/jsonl`).
  func batch(of request: Request) async throws -> [JobRequest] {
    let mediaType = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
    if mediaType == "application/jsonl" { return try await lines(of: request) }
    let body = try await json(request, atMost: maxBatch)
    let jobs = try StrictJSON.decode(StrictBatchRequest.self, from: body).jobs
    try checkCount(jobs.count)
    return try jobs.enumerated().map { index, job in try jobRequest(of: job.request, at: index) }
  }

  /// Reads a workflow.
  func workflow(of request: Request) async throws -> WorkflowRequest {
    let body = try await json(request, atMost: maxBatch)
    let workflow = try StrictJSON.decode(StrictWorkflowRequest.self, from: body)
    try checkCount(workflow.jobs.count)
    let jobs = try workflow.jobs.enumerated().map { try jobRequest(of: $1.request, at: $0) }
    return WorkflowRequest(
      name: workflow.name, jobs: jobs, empty: workflow.empty ?? [],
      key: try Self.key(of: request, besides: workflow.key))
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

  /// Reads a whole body that must be JSON, if it says what it is.
  private func json(_ request: Request, atMost bound: Int64) async throws -> Data {
    if let text = request.headers[.contentType], !MediaType(text).isJSON {
      throw Problem.plain(
        415, "unsupported media type", "the body must be JSON, not `\(text)`",
        hint: "send the header `Content-Type: application/json`")
    }
    return try await collect(request, atMost: bound)
  }

  /// Reads a whole body, and no more of it than the bound; `refusal` is what to say of a larger one.
  func collect(
    _ request: Request, atMost bound: Int64, orRefuse refusal: (Int64) -> Refusal = Self.tooLarge
  ) async throws -> Data {
    try checkAnnounced(request, atMost: bound, orRefuse: refusal)
    let body = request.body
    do {
      let buffer = try await cancelWhenGracefulShutdown { try await body.collect(upTo: Int(bound)) }
      try Task.checkCancellation()
      try checkComplete(request, received: buffer.readableBytes)
      return Data(buffer.readableBytesView)
    } catch is NIOTooManyBytesError {
      throw refusal(bound)
    }
  }

  private func checkAnnounced(
    _ request: Request, atMost bound: Int64, orRefuse refusal: (Int64) -> Refusal = Self.tooLarge
  ) throws {
    guard let announced = announcedLength(of: request), announced > bound else { return }
    throw refusal(bound)
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
      .tooLarge, "a batch has at most \(maxBatchJobs) jobs",
      hint: "`millrace submit --stream` sends any number, a part at a time")
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
