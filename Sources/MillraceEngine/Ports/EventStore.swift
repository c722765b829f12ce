package import MillraceCore

/// An event that is on record.
package struct EventAcceptance: Sendable, Hashable {
  package var number: EventNumber
  /// False if one with its source and id was there already: nothing is done about it a second time.
  package var isNew: Bool

  package init(number: EventNumber, isNew: Bool) {
    self.number = number
    self.isNew = isNew
  }
}

/// What is decided about events beside the nominal times that come of them.
package struct EventSettlement: Sendable {
  /// Events about which everything is decided.
  package var settled: [EventNumber] = []
  /// Events that a schedule gathers until they make a job together.
  package var gathered: [(schedule: ScheduleID, event: EventNumber)] = []

  package init() {}

  package var isEmpty: Bool { settled.isEmpty && gathered.isEmpty }
}

/// Where events are kept, and what came of them. One writer: the engine.
///
/// What comes of events is written by `ScheduleStore.claim`; what is announced of jobs that end, by
/// `JobStore.commit`.
package protocol EventStore: EventReader {
  /// Takes events in, all or none; returned means committed.
  ///
  /// - Parameters:
  ///   - events: in their order; two with the same source and id are one event.
  ///   - received: when they came, by the wall clock.
  /// - Returns: the number of each, and whether it is new.
  /// - Throws: a `StorageFailure`; then none is on record.
  func accept(_ events: [CloudEvent], at received: Timestamp) async throws -> [EventAcceptance]
  /// Returns events about which not everything is decided, the first ones first.
  func openEvents(atMost count: Int) async throws -> [EventRecord]
  /// Returns how many such events there are.
  func openEventCount() async throws -> Int
  /// Returns what schedules gather that are not removed.
  func gatherings() async throws -> [ScheduleID: GatheredEvents]
  /// Returns the events that a schedule gathers, the first ones first.
  func gatheredEvents(of schedule: ScheduleID) async throws -> [EventRecord]
}

/// What can be asked of events; also with the runner down.
package protocol EventReader: Sendable {
  /// Returns events, the newest first.
  func events(matching query: EventQuery) async throws -> [EventRow]
  /// Returns an event; nil if it is not on record.
  func event(_ number: EventNumber) async throws -> EventRow?
}
