import ArgumentParser
import Glibc
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace event emit`: announces an event, or many of a file.
struct EventEmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "emit", abstract: "Announce an event; prints its number once it is on the disk.",
    discussion: """
      examples:
        millrace event emit upload.finished --data '{"path": "/srv/in/a.csv", "size": 12}'
        millrace event emit report.ready --data @report.json --subject 2026-04
        git log -1 | millrace event emit commit.made --data - --content-type text/plain
        millrace event emit order.paid --source /shop --id order-17
        millrace event emit --from events.jsonl

      An event with the source and the id of one on record is the same event: nothing is added, and its \
      number is printed. With --from each line is an event in the JSON of CloudEvents, with its own id, \
      source and type; up to 1,000 of them are taken in together, and while the runner has no room for them \
      it is asked again. What broke off can be sent again: no event is taken in twice.
      """)

  @Argument(help: ArgumentHelp("The type of the event: upload.finished.", valueName: "name"))
  var name: String?

  @Option(
    parsing: .unconditional,
    help: "Its data: JSON, or @FILE for what is in a file; - is standard input.", completion: .file())
  var data: String?

  @Option(help: "What makes it one event of its source. As default, drawn at random.")
  var id: String?

  @Option(help: "Who announces it: a URI reference. As default, /host/USER@HOST.")
  var source: String?

  @Option(help: "What it is about.")
  var subject: String?

  @Option(help: "When it happened: 2h (ago), 2026-08-01, RFC 3339.", transform: Moment.past)
  var time: Timestamp?

  @Option(help: "The media type of the data. As default JSON; text/* is text, others go in base64.")
  var contentType: String?

  @Option(help: "Announce the events of a file, one a line; - is standard input.", completion: .file())
  var from: String?

  @Option(
    help: "How long the runner may have no room for the events of --from. As default, 2m.",
    transform: Quantities.spanOrZero)
  var patience: Duration = .seconds(120)

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    guard from != nil else {
      guard name != nil else { throw ValidationError("which event? give its name, or --from") }
      return
    }
    let isOne = [name, data, id, source, subject, contentType].contains { $0 != nil } || time != nil
    guard !isOne else { throw ValidationError("--from has whole events: it excludes a name and its options") }
  }

  func run() throws {
    if let from {
      var stream = EventStream(from, client: runner.client, patience: patience, format: format)
      return try stream.run()
    }
    let answer = try runner.client.announce(try event())
    try format.print([answer], as: .eventAnswers, page: answer)
    if !answer.new { StandardError.note("event \(answer.number) was on record already; nothing was added") }
  }

  private func event() throws -> CloudEvent {
    var members: [String: JSONValue] = [
      "specversion": .string("1.0"), "type": .string(name ?? ""), "id": .string(id ?? Self.randomID()),
      "source": .string(source ?? Self.ownSource),
    ]
    members["subject"] = subject.map { .string($0) }
    members["time"] = time.map { .string(Wire.text(of: $0)) }
    members["datacontenttype"] = contentType.map { .string($0) }
    var event: CloudEvent
    do throws(Mistakes) { event = try CloudEvent(PlacedValue(.object(members), at: .start)) } catch {
      throw CommandError(.usage, error.all.map(\.message).joined(separator: "\nerror: "))
    }
    guard let data else { return event }
    let bytes =
      data == "-" || data.hasPrefix("@")
      ? try InputFile.bytes(data == "-" ? data : String(data.dropFirst())) : Array(data.utf8)
    guard bytes.count <= CloudEvent.largest.rawValue else {
      throw CommandError(
        .usage, "--data: \(bytes.count) bytes are too many: an event has at most \(CloudEvent.largest)",
        hint: "put it into a file, and its path into the event")
    }
    do throws(NoJSON) { try event.setData(bytes, of: contentType.map { MediaType($0) }) } catch {
      let place = error.place.map { " \($0.line):\($0.column):" } ?? ""
      throw CommandError(
        .usage, "--data:\(place) \(error.message)",
        hint: "--content-type text/plain takes any text; quotes of the shell go around JSON")
    }
    return event
  }

  /// 128 bits in hexadecimal digits.
  private static func randomID() -> String {
    let digits = Array("0123456789abcdef")
    return String((0..<32).map { _ in digits[Int.random(in: 0..<16)] })
  }

  /// Whoever runs this process.
  private static var ownSource: String {
    let user = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "\(getuid())"
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "/host/\(user)@\(host)"
  }
}
