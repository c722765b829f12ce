package import MillraceCore
package import MillraceEngine

/// The journal has "accept events [upload.done]", "accepted events [1]", with "1 again" for one that is
/// known.
extension FaultyJobStore: EventStore {
  package func accept(_ events: [CloudEvent], at received: Timestamp) async throws -> [EventAcceptance] {
    let words = "accept events [\(events.map(\.type).joined(separator: ", "))]"
    journal.append(words)
    let accepted = try await pass("accept events", words) { try await record.accept(events, at: received) }
    let numbers = accepted.map { $0.isNew ? "\($0.number)" : "\($0.number) again" }
    journal.append("accepted events [\(numbers.joined(separator: ", "))]")
    return accepted
  }

  package func openEvents(atMost count: Int) async throws -> [EventRecord] {
    try await pass("events", "open events") { try await record.openEvents(atMost: count) }
  }

  package func openEventCount() async throws -> Int {
    try await pass("events", "count of open events") { try await record.openEventCount() }
  }

  package func gatherings() async throws -> [ScheduleID: GatheredEvents] {
    try await pass("events", "gatherings") { try await record.gatherings() }
  }

  package func gatheredEvents(of schedule: ScheduleID) async throws -> [EventRecord] {
    try await pass("events", "gathered events of \(schedule)") {
      try await record.gatheredEvents(of: schedule)
    }
  }

  package func events(matching query: EventQuery) async throws -> [EventRow] {
    try await record.events(matching: query)
  }

  package func event(_ number: EventNumber) async throws -> EventRow? { try await record.event(number) }
}
