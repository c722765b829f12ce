import HTTPTypes
import MillraceCore

/// Attributes of an event that are headers, as a text that somebody wrote: its lines are the headers.
struct HeaderTree {
  private var members: [PlacedValue.Member] = []
  /// The header of each line, the first one at line 2: line 1 is for all of them.
  private var headers: [String] = []
  private var mistakes: [Mistake] = []

  /// The attributes so far.
  var value: PlacedValue { .object(members, .start) }

  private func place(_ line: Int) -> TextPlace { TextPlace(line: line, column: 1) }

  /// Adds an attribute.
  mutating func add(_ name: String, _ text: String, from header: String) {
    headers.append(header)
    let place = place(headers.count + 1)
    guard !members.contains(where: { $0.name == name }) else {
      return mistakes.append(Mistake(place: place, message: "it is given twice"))
    }
    members.append(.init(name: name, place: place, value: .scalar(.string(text), place)))
  }

  /// Notes what is wrong with a header.
  mutating func note(_ message: String, of header: String) {
    headers.append(header)
    mistakes.append(Mistake(place: place(headers.count + 1), message: message))
  }

  /// Returns the event of these attributes; `hint` says how they are written.
  /// - Throws: `Refusal` (`invalid`) with all mistakes, each with its header.
  func event(hint: String) throws -> CloudEvent {
    var all = mistakes
    do throws(Mistakes) {
      let event = try CloudEvent(value)
      if all.isEmpty { return event }
    } catch {
      all += error.all
    }
    let lines = all.map { mistake in
      guard let line = mistake.place?.line, headers.indices.contains(line - 2) else { return mistake.message }
      return "header `\(headers[line - 2])`: \(mistake.message)"
    }
    throw Refusal(.invalid, lines.joined(separator: "\n"), hint: hint)
  }
}
