package import MillraceCore

/// What changed, as those are told who follow the runner: an object whose members depend on its type.
///
/// All have `type` and `time`; those that can be resumed behind have `id`. `docs/live.md` has the others.
package struct LiveEventView: Sendable, Equatable {
  package var members: [String: JSONValue]

  /// Makes the view of a transition on record.
  package init(_ transition: Transition, number: Int64, time: Timestamp) {
    members = transition.details
    members["id"] = .integer(number)
    members["time"] = .string(Wire.text(of: time))
    members["type"] = .string(transition.kind.rawValue)
    members["job"] = transition.job.map { .integer($0.rawValue) }
    members["attempt"] = transition.attempt.map { .integer(Int64($0)) }
    members["handler"] = transition.handler.map { .string($0) }
    members["state"] = transition.state.map { .string($0.rawValue) }
    let name = transition.kind == .scheduleDecided ? "nominal" : "not_before"
    members[name] = transition.time.map { .string(Wire.text(of: $0)) }
  }

  /// Makes the view of progress, which is not on record.
  package init(_ progress: AttemptProgress) {
    members = [
      "time": .string(Wire.text(of: progress.time)), "type": .string(AttemptProgress.type),
      "job": .integer(progress.attempt.job.rawValue), "attempt": .integer(Int64(progress.attempt.number)),
      "handler": .string(progress.handler), "fraction": .number(progress.fraction),
      "message": .string(progress.message),
    ]
  }

  package var type: String { members["type"]?.string ?? "" }
}

extension LiveEventView: Codable {
  package init(from decoder: any Decoder) throws {
    members = try decoder.singleValueContainer().decode([String: JSONValue].self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(members)
  }
}

/// That a stream can't go on where it was: what lies between is no longer on record, or never was.
package struct LiveResetView: Codable, Sendable, Equatable {
  /// The number behind which it was to go on.
  package var after: Int64
  /// The number behind which it goes on.
  package var resume: Int64

  package init(after: Int64, resume: Int64) {
    self.after = after
    self.resume = resume
  }
}

/// What a client wants to be told of, and from where on.
package struct LiveQuery: Sendable, Equatable {
  /// Where a stream begins.
  package enum Start: Sendable, Equatable {
    /// With what comes next.
    case now
    /// Behind a number; 0: with the first that is on record.
    case after(Int64)
    /// So many before the end, whether they match or not.
    case last(Int)
  }

  package var start = Start.now
  package var filter = TransitionFilter()
  /// Whether it goes on when all that is on record was told.
  package var follows = true

  package init() {}

  /// Returns the query as query items.
  package var queryItems: QueryItems {
    var items: QueryItems = []
    switch start {
    case .now: break
    case .after(let number): items.append(("after", "\(number)"))
    case .last(let count): items.append(("last", "\(count)"))
    }
    if let type = filter.type { items.append(("type", type.text)) }
    if let job = filter.job { items.append(("job", job.description)) }
    if let handler = filter.handler { items.append(("handler", handler)) }
    if !follows { items.append(("follow", "false")) }
    return items
  }

  /// Reads a query from query items; `lastEventID` is what a client was told last that comes again: it counts
  /// more than they do.
  /// - Throws: `Refusal` (`invalid`) that names the item.
  package init(queryItems: QueryItems, lastEventID: String?) throws {
    for (name, value) in queryItems {
      switch name {
      case "after": start = .after(Int64(try QueryValue.count(name, value, 0...Int.max)))
      case "last": start = .last(try QueryValue.count(name, value, 1...Int.max))
      case "type":
        guard let pattern = NamePattern(text: value) else {
          throw Refusal(
            .invalid, "`type` is no pattern of names: `\(value)`", hint: "write a name, or job.* or *.ended")
        }
        filter.type = pattern
      case "job": filter.job = JobID(Int64(try QueryValue.count(name, value, 1...Int.max)))
      case "handler": filter.handler = value
      case "follow": follows = try QueryValue.flag(name, value)
      default: throw QueryValue.unknown(name)
      }
    }
    if let number = try QueryValue.lastEventID(lastEventID) { start = .after(number) }
  }
}

/// A part of a log that is followed by server-sent events.
package struct LogTextView: Codable, Sendable, Equatable {
  /// Where it begins, in bytes.
  package var offset: Int64
  /// What is no UTF-8 is replaced.
  package var text: String

  package init(offset: Int64, text: String) {
    self.offset = offset
    self.text = text
  }
}
