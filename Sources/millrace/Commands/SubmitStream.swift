import FoundationEssentials
import Glibc
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace submit --stream`: requests of a file of any length, a bounded part of it at a time.
///
/// Each part is accepted as a whole or not at all, and its numbers are printed when it is on the disk.
/// Neither this program nor the runner ever holds more than one part. A line of JSON that nothing is added
/// to goes as it is; the runner checks it. While the queue is full it waits, and sends less at a time.
struct SubmitStream {
  /// A part has at most so many jobs,
  static let jobsOfPart = 1000
  /// and ends with the line that makes it longer than so many bytes.
  static let bytesOfPart = 4 << 20
  /// How long it waits for room in the queue before it asks again.
  private static let pause = Duration.milliseconds(500)

  private let name: String
  private let options: RequestOptions
  private let client: Client
  /// Whether the options say nothing, so that a line of JSON may go as it is.
  private let isPlain: Bool
  private var part: [UInt8] = []
  /// The lines of the part, from 1, and where each ends in it.
  private var lines: [Int] = []
  private var ends: [Int] = []
  private var hasTold = false
  /// How many jobs are accepted, and up to which line.
  private var accepted = 0
  private var lastLine = 0

  init(_ name: String, options: RequestOptions, client: Client) throws {
    self.name = name
    self.options = options
    self.client = client
    let empty = SubmitRequest(handler: "")
    isPlain = try options.fill(empty) == empty
  }

  /// Submits all lines.
  /// - Throws: what a line or the runner says no to, with the number of jobs that are accepted.
  mutating func run() throws {
    var stream = LineStream(of: name)
    do {
      try InputFile.read(name) { bytes in try stream.feed(bytes) { try take($0, number: $1) } }
      try stream.finish { try take($0, number: $1) }
      try send()
    } catch let error as ClientError where accepted > 0 || !lines.isEmpty {
      StandardError.note(standing + "; whether the lines after these are accepted is not known")
      throw error
    } catch {
      throw PartFailure(file: name, lines: lines, standing: standing).told(error)
    }
    guard accepted > 0 else { throw CommandError(.usage, "`\(name)` has no job in it") }
  }

  private mutating func take(_ line: ArraySlice<UInt8>, number: Int) throws {
    let start = line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
    if isPlain, start == UInt8(ascii: "{") {
      part += line
    } else {
      guard let text = String(validating: line, as: UTF8.self) else {
        throw CommandError(.usage, "`\(name)`, line \(number): it is no UTF-8 text")
      }
      // A line may end as those of Windows do.
      let trimmed = text.hasSuffix("\r") ? text.dropLast() : text[...]
      guard var request = try BatchFile.request(trimmed, of: name, number: number) else { return }
      let hasKey = request.key != nil
      request = try options.fill(request)
      // One key for all would make them one job.
      if !hasKey, let key = options.key { request.key = "\(key):\(number)" }
      part += try Wire.encoder().encode(request)
    }
    part.append(UInt8(ascii: "\n"))
    lines.append(number)
    ends.append(part.count)
    if lines.count == Self.jobsOfPart || part.count >= Self.bytesOfPart { try send() }
  }

  private mutating func send() throws {
    var count = lines.count
    while !lines.isEmpty {
      do {
        try send(first: min(count, lines.count))
      } catch let problem as Problem where problem.kind == .queueFull {
        if !hasTold { StandardError.note("\(problem.detail): waiting for room") }
        hasTold = true
        usleep(UInt32(Self.pause.microseconds))
        count = max(1, count / 2)
      }
    }
  }

  private mutating func send(first count: Int) throws {
    let size = ends[count - 1]
    let answer = try client.submit(lines: [UInt8](part[..<size]))
    for id in answer.existing ?? [] {
      StandardError.note("job \(id) has this key already; nothing was added")
    }
    accepted += answer.ids.count
    lastLine = lines[count - 1]
    part.removeFirst(size)
    lines.removeFirst(count)
    ends = ends.dropFirst(count).map { $0 - size }
    try StandardOutput.write(answer.ids.map { "\($0)\n" }.joined())
    ProgressLine.show("\(accepted) jobs accepted, up to line \(lastLine)")
  }

  /// What a failure leaves behind.
  private var standing: String {
    accepted == 0
      ? "no job of it is accepted"
      : "the \(accepted) jobs of the lines up to \(lastLine) are accepted, none after that"
  }
}
