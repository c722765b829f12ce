package import MillraceCore

/// What came of an event that somebody announced: it is on the disk.
package struct EventAnswer: Codable, Sendable, Equatable {
  package var number: EventNumber
  /// False if an event with its source and id was on record already: nothing was added.
  package var new: Bool

  package init(number: EventNumber, new: Bool) {
    self.number = number
    self.new = new
  }
}

/// The same for a batch, in its order.
package struct EventBatchAnswer: Codable, Sendable, Equatable {
  package var events: [EventAnswer]

  package init(events: [EventAnswer]) { self.events = events }
}

/// An event on record.
package struct EventView: Codable, Sendable, Equatable {
  package var number: EventNumber
  /// When it was taken in.
  package var received: String
  /// How many jobs of schedules lie between it and an event from outside.
  package var hops: Int
  /// Whether nothing is decided about it yet.
  package var open: Bool
  /// The event in the JSON format of CloudEvents.
  package var event: JSONValue
  /// What schedules made of it, by their names.
  package var schedules: [EventEffectView]

  package init(_ row: EventRow) {
    number = row.record.number
    received = Wire.text(of: row.record.received)
    hops = row.record.hops
    open = row.isOpen
    event = row.record.event.json
    schedules = row.effects.map { EventEffectView($0) }
  }
}

/// What one schedule made of an event.
package struct EventEffectView: Codable, Sendable, Equatable {
  package var schedule: String
  /// The time of its row in the schedule's history; nil while it is gathered with others.
  package var nominal: String?
  package var fate: Fate?
  package var job: JobID?

  package init(_ effect: EventRow.Effect) {
    schedule = effect.schedule
    nominal = effect.nominal.map(Wire.text)
    fate = effect.fate
    job = effect.job
  }
}

/// A page of events, the newest first.
package struct EventPage: Codable, Sendable, Equatable {
  package var events: [EventView]
  /// Where the next page begins: its `before`; nil if there may be no more.
  package var next: EventNumber?

  package init(events: [EventView], next: EventNumber? = nil) {
    self.events = events
    self.next = next
  }

  /// Makes the page of rows that a query has found.
  package init(_ rows: [EventRow], of query: EventQuery) {
    self.init(
      events: rows.map { EventView($0) }, next: rows.count == query.limit ? rows.last?.record.number : nil)
  }
}

extension EventQuery {
  /// The most events of a page: each can have 256 KiB.
  package static let largestPage = 1000

  /// Returns the query as query items.
  package var queryItems: QueryItems {
    var items: QueryItems = []
    if let type { items.append(("type", type.text)) }
    if let source { items.append(("source", source)) }
    if let before { items.append(("before", before.description)) }
    items.append(("limit", "\(limit)"))
    return items
  }

  /// Reads a query from query items.
  /// - Throws: `Refusal` (`invalid`) that names the item.
  package init(queryItems: QueryItems) throws {
    self.init()
    for (name, value) in queryItems {
      switch name {
      case "type":
        guard let pattern = NamePattern(text: value) else {
          throw Refusal(
            .invalid, "`type` is no pattern of names: `\(value)`",
            hint: "write a name, or upload.* (1 to 256 characters of ASCII, no spaces)")
        }
        type = pattern
      case "source": source = value
      case "before": before = EventNumber(Int64(try QueryValue.count(name, value, 1...Int.max)))
      case "limit": limit = try QueryValue.count(name, value, 1...Self.largestPage)
      default: throw QueryValue.unknown(name)
      }
    }
  }
}
