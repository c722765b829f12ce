import FoundationEssentials
import MillraceClient
import MillraceCore
import MillraceWire

/// A line for each event.
enum EventLine {
  /// Prints an event.
  /// - Throws: what writing throws, and `CommandError` for one that can't be read.
  static func print(_ event: ServerSentEvent, as format: EventsCommand.Format) throws {
    guard event.name == "message" else {
      if event.name == "reset" { try tell(try decoded(LiveResetView.self, event)) }
      return
    }
    switch format {
    case .jsonl: try StandardOutput.write(event.data + "\n")
    case .text: try StandardOutput.write(text(of: try decoded(LiveEventView.self, event)) + "\n")
    }
  }

  /// Says what is missing: for programs it shows in the numbers, too.
  private static func tell(_ reset: LiveResetView) throws {
    StandardError.note(
      reset.resume < reset.after
        ? "the record has no event \(reset.after): it is another one; going on behind \(reset.resume)"
        : "the events from \(reset.after + 1) to \(reset.resume) are no longer on record")
  }

  private static func decoded<Value: Decodable>(_ type: Value.Type, _ event: ServerSentEvent) throws -> Value
  {
    do {
      return try Wire.decoder().decode(type, from: Data(event.data.utf8))
    } catch {
      throw CommandError(
        .failure, "an event can't be read: \(event.data.printable)",
        hint: "is `millraced` as new as this `millrace` (\(Millrace.version))?")
    }
  }

  /// Returns the line for people: time, type, job or attempt, handler, then what else there is to say.
  static func text(of event: LiveEventView) -> String {
    var members = event.members
    let time = members.removeValue(forKey: "time")?.string ?? ""
    members["type"] = nil
    members["id"] = nil
    var subject = ""
    if case .integer(let job)? = members.removeValue(forKey: "job") { subject = "\(job)" }
    if case .integer(let attempt)? = members.removeValue(forKey: "attempt") { subject += ".\(attempt)" }
    let handler = members.removeValue(forKey: "handler")?.string ?? ""
    let rest = members.sorted { $0.key < $1.key }.map { "\($0.key)=\(word(for: $0.value))" }
    let columns = [time, padded(event.type, 20), padded(subject, 8), padded(handler, 12)] + rest
    let line = columns.joined(separator: " ").printable
    return String(line.reversed().drop { $0 == " " }.reversed())
  }

  private static func word(for value: JSONValue) -> String {
    switch value {
    case .string(let text): text.contains(" ") || text.isEmpty ? "\"\(text)\"" : text
    case .integer(let whole): "\(whole)"
    case .number(let number): "\((number * 1000).rounded() / 1000)"
    case .bool(let bool): "\(bool)"
    case .null: "none"
    case .array, .object: "…"
    }
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
