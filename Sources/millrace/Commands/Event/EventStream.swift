import FoundationEssentials
import Glibc
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace event emit --from`: events of a file of any length, a bounded part of it at a time.
///
/// Each part is taken in as a whole or not at all. While the runner has no room it waits, and sends less at
/// a time; it gives up when nothing was taken in for a while. Since an event that comes again is found by its
/// source and id, what broke off can be sent again from its start.
struct EventStream {
  /// A part has at most so many events, and so many bytes: less than the runner takes.
  private static let eventsOfPart = 1000
  private static let bytesOfPart = 3 << 20
  /// How long it waits for room before it asks again.
  private static let pause = Duration.milliseconds(200)

  private let name: String
  private let client: Client
  private let patience: Duration
  private let format: OutputOptions
  /// The events of the part as they are written, and the line of each, from 1.
  private var events: [[UInt8]] = []
  private var lines: [Int] = []
  private var size = 0
  private var hasTold = false
  private var total = Tally(events: 0, new: 0)
  private var lastLine = 0

  /// How many events are on record, and how many of them were not before.
  struct Tally: Codable, Equatable {
    var events: Int
    var new: Int
  }

  init(_ name: String, client: Client, patience: Duration, format: OutputOptions) {
    (self.name, self.client, self.patience, self.format) = (name, client, patience, format)
  }

  /// Announces all lines.
  /// - Throws: what a line or the runner says no to, with how many events are on record.
  mutating func run() throws {
    var stream = LineStream(of: name)
    do {
      try InputFile.read(name) { bytes in try stream.feed(bytes) { try take($0, number: $1) } }
      try stream.finish { try take($0, number: $1) }
      try send()
    } catch let error as ClientError where total.events > 0 || !lines.isEmpty {
      StandardError.note(standing + "; whether those after it are is not known: send it again")
      throw error
    } catch {
      throw PartFailure(file: name, lines: lines, standing: standing).told(error)
    }
    guard total.events > 0 else { throw CommandError(.usage, "`\(name)` has no event in it") }
    if !isEach { try format.print([total], as: .eventTallies, page: total) }
  }

  /// Whether each event is told of, as soon as it is on the disk.
  private var isEach: Bool { format.output == .ids || format.output == .jsonl }

  private mutating func take(_ line: ArraySlice<UInt8>, number: Int) throws {
    let blanks = " \t\r".utf8
    guard line.contains(where: { !blanks.contains($0) }) else { return }
    let bytes = Array(line)
    try check(bytes, number)
    if lines.count == Self.eventsOfPart || size + bytes.count > Self.bytesOfPart { try send() }
    events.append(bytes)
    lines.append(number)
    size += bytes.count + 1
  }

  /// A line that is no event would make the whole part none.
  private func check(_ line: [UInt8], _ number: Int) throws {
    var mistakes: [Mistake]
    do {
      guard try !CloudEvent(PlacedJSON.tree(of: line)).isTooLarge else {
        throw CommandError(
          .usage, "`\(name)`, line \(number): the event has more than \(CloudEvent.largest)")
      }
      return
    } catch let error as NoJSON {
      mistakes = [Mistake(place: error.place, message: error.message)]
    } catch let error as Mistakes {
      mistakes = error.all
    }
    let words = mistakes.map { mistake in
      let column = mistake.place.map { ", column \($0.column)" } ?? ""
      return "`\(name)`, line \(number)\(column): \(mistake.message)"
    }
    throw CommandError(.usage, words.joined(separator: "\nerror: "))
  }

  private mutating func send() throws {
    var count = lines.count
    var waited = Duration.zero
    while !lines.isEmpty {
      do {
        try send(first: min(count, lines.count))
        waited = .zero
      } catch let problem as Problem where problem.kind == .queueFull && waited < patience {
        if !hasTold { StandardError.note("\(problem.detail): waiting for room") }
        hasTold = true
        usleep(UInt32(Self.pause.microseconds))
        waited += Self.pause
        count = max(1, count / 2)
      }
    }
  }

  private mutating func send(first count: Int) throws {
    let list = [UInt8(ascii: "[")] + events[..<count].joined(separator: [UInt8(ascii: ",")])
    let answers = try client.announce(batch: list + [UInt8(ascii: "]")]).events
    total.events += answers.count
    total.new += answers.count(where: \.new)
    lastLine = lines[count - 1]
    size -= events[..<count].reduce(0) { $0 + $1.count + 1 }
    events.removeFirst(count)
    lines.removeFirst(count)
    if isEach {
      try format.print(answers, as: .eventAnswers, page: EventBatchAnswer(events: answers))
    }
  }

  /// What a failure leaves behind.
  private var standing: String {
    total.events == 0
      ? "no event of it is on record" : "the \(total.events) events up to line \(lastLine) are on record"
  }
}
