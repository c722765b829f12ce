package import MillraceCore
package import MillraceEngine
import Synchronization

extension MemoryJobStore: EventStore {
  package func accept(_ events: [CloudEvent], at received: Timestamp) async throws -> [EventAcceptance] {
    defer { ring.yield() }
    return state.withLock { state in events.map { state.accept($0, at: received) } }
  }

  package func openEvents(atMost count: Int) async throws -> [EventRecord] {
    state.withLock { $0.presentEvents.filter(\.isOpen).prefix(count).map(\.record) }
  }

  package func openEventCount() async throws -> Int {
    state.withLock { $0.presentEvents.count(where: \.isOpen) }
  }

  package func gatherings() async throws -> [ScheduleID: GatheredEvents] {
    state.withLock { state in
      state.schedules.filter { $0.removed == nil }.reduce(into: [:]) { gatherings, entry in
        let events = state.gathered(for: entry.schedule.id)
        guard let first = events.map(\.received).min(), let last = events.map(\.received).max() else {
          return
        }
        gatherings[entry.schedule.id] = GatheredEvents(count: events.count, first: first, last: last)
      }
    }
  }

  package func gatheredEvents(of schedule: ScheduleID) async throws -> [EventRecord] {
    state.withLock { $0.gathered(for: schedule) }
  }

  package func events(matching query: EventQuery) async throws -> [EventRow] {
    guard (1...10_000).contains(query.limit) else { throw Refusal(description: "a list has 1 to 10000 rows") }
    return state.withLock { state in
      let found = state.presentEvents.reversed().filter { entry in
        (query.type?.matches(entry.record.event.type) ?? true)
          && (query.source.map { $0 == entry.record.event.source } ?? true)
          && (query.before.map { entry.record.number < $0 } ?? true)
      }
      return found.prefix(query.limit).map(state.row)
    }
  }

  package func event(_ number: EventNumber) async throws -> EventRow? {
    state.withLock { state in state.presentEvents.first { $0.record.number == number }.map(state.row) }
  }
}

extension MemoryJobStore {
  /// An event, and for each schedule that was told of it the nominal time of its row: nil while gathered.
  struct EventEntry: Sendable {
    var record: EventRecord
    var isOpen = true
    var told: [ScheduleID: Timestamp?] = [:]
    /// Its number is never given again.
    var isDeleted = false
  }
}

extension MemoryJobStore.State {
  /// Those on record, by their numbers.
  var presentEvents: [MemoryJobStore.EventEntry] { events.filter { !$0.isDeleted } }

  /// Adds an event, unless one with its source and id is there.
  @discardableResult
  mutating func accept(_ event: CloudEvent, at received: Timestamp, hops: Int = 0) -> EventAcceptance {
    if let former = eventNumbers[[event.source, event.id]], !events[Int(former.rawValue) - 1].isDeleted {
      return EventAcceptance(number: former, isNew: false)
    }
    let number = EventNumber(Int64(events.count + 1))
    eventNumbers[[event.source, event.id]] = number
    events.append(
      MemoryJobStore.EventEntry(
        record: EventRecord(number: number, event: event, received: received, hops: hops)))
    return EventAcceptance(number: number, isNew: true)
  }

  /// Adds the event that a job has ended.
  mutating func announceEnd(of id: JobID, at received: Timestamp) throws {
    guard has(id), records[Int(id.rawValue) - 1].job.state.isFinal else {
      throw MemoryJobStore.Refusal(description: "job `\(id)` has not ended")
    }
    let made = ticks.flatMap { schedule, rows in
      rows.values.filter { $0.job == id }.map { (schedule, $0.nominal) }
    }
    let causes = presentEvents.filter { entry in
      made.contains { schedule, nominal in entry.told[schedule] == .some(nominal) }
    }
    accept(
      CloudEvent(endOf: records[Int(id.rawValue) - 1].job), at: received,
      hops: causes.map(\.record.hops).max().map { $0 + 1 } ?? 0)
  }

  mutating func settle(_ settlement: EventSettlement) throws {
    for number in settlement.settled { events[try index(of: number)].isOpen = false }
    for (schedule, number) in settlement.gathered {
      let place = try index(of: number)
      // What is decided stays decided.
      if events[place].told[schedule] == nil { events[place].told[schedule] = .some(nil) }
    }
  }

  /// Notes which row came of events.
  mutating func note(_ claim: Claim) throws {
    for number in claim.events {
      events[try index(of: number)].told[claim.schedule.id] = claim.tick.nominal
    }
  }

  /// What a schedule gathers makes no job any more.
  mutating func forgetGathered(by schedule: ScheduleID) {
    for place in events.indices where events[place].told[schedule] == .some(nil) {
      events[place].told[schedule] = nil
    }
  }

  /// A nominal time goes, and what is noted of the events that it came of.
  mutating func forget(_ tick: Tick) {
    ticks[tick.schedule]?[tick.nominal] = nil
    for place in events.indices where events[place].told[tick.schedule] == .some(tick.nominal) {
      events[place].told[tick.schedule] = nil
    }
  }

  /// The events that may go, in the order in which they came by the wall clock.
  func old(_ choice: OldEvents) -> [EventRecord] {
    presentEvents.filter { entry in
      entry.record.received < choice.before && choice.since.map { entry.record.received >= $0 } ?? true
        && !entry.isOpen && !entry.told.values.contains(nil)
    }.map(\.record).sorted { ($0.received, $0.number) < ($1.received, $1.number) }
  }

  func gathered(for schedule: ScheduleID) -> [EventRecord] {
    presentEvents.filter { $0.told[schedule] == .some(nil) }.map(\.record)
  }

  func row(_ entry: MemoryJobStore.EventEntry) -> EventRow {
    let told = entry.told.map { id, nominal in
      let name = schedules.first { $0.schedule.id == id }?.schedule.definition.name ?? ""
      let tick = nominal.flatMap { ticks[id]?[$0] }
      return (id, EventRow.Effect(schedule: name, nominal: nominal, fate: tick?.fate, job: tick?.job))
    }
    // Schedules that are removed may have had the same name.
    let effects = told.sorted { ($0.1.schedule, $0.0) < ($1.1.schedule, $1.0) }.map(\.1)
    return EventRow(record: entry.record, isOpen: entry.isOpen, effects: effects)
  }

  /// Where an event is that is on record.
  private func index(of number: EventNumber) throws -> Int {
    let place = Int(number.rawValue) - 1
    guard events.indices.contains(place), !events[place].isDeleted else {
      throw MemoryJobStore.Refusal(description: "event \(number) is not there")
    }
    return place
  }
}
