import FoundationEssentials
package import MillraceCore
package import MillraceWire

extension Client {
  /// Announces an event; returned means committed.
  package func announce(_ event: CloudEvent) throws -> EventAnswer {
    var call = call("POST", "/events", body: try Wire.encoder().encode(event.json))
    call.mediaType = "application/cloudevents+json"
    return try value(call)
  }

  /// Announces the events of a JSON array, all or none.
  package func announce(batch list: [UInt8]) throws -> EventBatchAnswer {
    var call = call("POST", "/events", body: Data(list))
    call.mediaType = "application/cloudevents-batch+json"
    return try value(call)
  }

  /// Returns a page of events, the newest first.
  package func events(matching query: EventQuery) throws -> EventPage {
    try value(call("GET", "/events", query: query.queryItems))
  }

  /// Returns an event with what schedules made of it.
  package func event(_ number: EventNumber) throws -> EventView {
    try value(call("GET", "/events/\(number)"))
  }
}
