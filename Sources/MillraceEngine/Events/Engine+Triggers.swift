import MillraceCore

extension Engine {
  /// How many events are decided about in one transaction.
  private static let eventsAtOnce = 256

  /// What is written about one event, or about those that a schedule has gathered: all of it or nothing.
  private struct EventWork {
    var claims: [Claim] = []
    /// Jobs that are cancelled for those that it makes.
    var cancels: [JobID] = []
    var gathered: [(schedule: ScheduleID, event: EventRecord)] = []
    /// The event that everything is decided about with it; nil for gathered ones.
    var settled: EventRecord?
    /// The schedule whose gathered events it is about.
    var gathering: ScheduleID?
  }

  /// Decides about events that are open, and makes their jobs; what can't be written is decided in a later
  /// tick. While the queue of jobs is full they wait.
  func decideOnEvents(besides others: Int) async -> [Accepted] {
    guard let parts = ports.schedules, canClaim, let upSince = scheduleBook.upSince else { return [] }
    eventBook.waitsForRoom = false
    let due = scheduleBook.timetable.gatheringsDue(at: parts.wall.now())
    guard eventBook.mayHaveOpen || !due.isEmpty else { return [] }
    do {
      var works: [EventWork] = []
      for id in due where hasRoom(besides: others + works.count) {
        works += try await work(onGatheredBy: id, parts, upSince)
      }
      if !works.isEmpty {
        defer { ring.yield() }
        return try await record(works, in: parts)
      }
      guard hasRoom(besides: others) else { return [] }
      let events = try await parts.store.openEvents(atMost: Self.eventsAtOnce)
      works = await work(on: events, parts, upSince, besides: others)
      let accepted = works.isEmpty ? [] : try await record(works, in: parts)
      if works.count == events.count, events.count < Self.eventsAtOnce {
        (eventBook.mayHaveOpen, eventBook.openCount) = (false, 0)
      } else {
        ring.yield()
      }
      return accepted
    } catch {
      _ = refusal(for: error)
      // What is no trouble of the record would come again and again: it waits for the next event.
      if trouble == nil { eventBook.mayHaveOpen = false }
      return []
    }
  }

  /// Whether the queue takes one more job; if not, that is remembered.
  private func hasRoom(besides others: Int) -> Bool {
    do throws(Refusal) {
      try demandRoom(for: 1, besides: others)
      return true
    } catch {
      eventBook.waitsForRoom = true
      return false
    }
  }

  /// Has events decided about in a next tick that could not be in this one: until now there was no room, or
  /// not all was known that they depend on.
  func resumeEvents() {
    guard eventBook.mayHaveOpen || eventBook.waitsForRoom, canClaim, hasRoom(besides: 0) else { return }
    ring.yield()
  }

  private func work(
    onGatheredBy id: ScheduleID, _ parts: ScheduleParts, _ upSince: Timestamp
  ) async throws -> [EventWork] {
    let events = try await parts.store.gatheredEvents(of: id)
    let decision = scheduleBook.timetable.decision(
      aboutGathered: events, of: id, at: parts.wall.now(), upSince: upSince)
    guard let decision else {
      scheduleBook.timetable.forgetGathered(of: id)
      return []
    }
    var work = EventWork(gathering: id)
    await add(decision, to: &work, parts)
    return [work]
  }

  /// Returns what is decided about events: until one needs what comes of another, or there is no room.
  private func work(
    on events: [EventRecord], _ parts: ScheduleParts, _ upSince: Timestamp, besides others: Int
  ) async -> [EventWork] {
    var works: [EventWork] = []
    var page = EventPage(room: others)
    for event in events {
      let told = scheduleBook.timetable.schedules(toldOf: event.event)
        .compactMap { page.changed[$0] ?? scheduleBook.timetable.schedule($0) }
      let wall = parts.wall.now()
      let rulings = told.compactMap { schedule in
        scheduleBook.timetable.ruling(on: event, for: schedule, at: wall, upSince: upSince)
          .map { (schedule, $0) }
      }
      guard works.isEmpty || page.canTake(rulings, in: scheduleBook.timetable) else { break }
      // An event that concerns many schedules may go over the bound: else it could wait for ever.
      guard hasRoom(besides: page.jobs) else { break }
      var work = EventWork(settled: event)
      for (schedule, ruling) in rulings {
        page.note(ruling, of: schedule)
        switch ruling {
        case .gather: work.gathered.append((schedule.id, event))
        case .decide(let decision): await add(decision, to: &work, parts)
        }
      }
      works.append(work)
    }
    return works
  }

  private func add(
    _ decision: Timetable.Decision, to work: inout EventWork, _ parts: ScheduleParts
  ) async {
    let claim = await claim(decision, parts, besides: 0)
    if claim.submission != nil { work.cancels += decision.cancels }
    work.claims.append(claim)
  }

  /// Writes all in one transaction; each by itself if something in it can't be stored.
  private func record(_ works: [EventWork], in parts: ScheduleParts) async throws -> [Accepted] {
    do {
      return [try await write(works, in: parts)]
    } catch let error as any StorageFailure where error.kind == .mistake {
      var accepted: [Accepted] = []
      for work in works {
        do {
          accepted.append(try await write([work], in: parts))
        } catch let error as any StorageFailure where error.kind == .mistake {
          var failing = work
          failing.cancels = []
          failing.claims = work.claims.map { $0.submission == nil ? $0 : failed($0, because: "\(error)") }
          accepted.append(try await write([failing], in: parts))
        }
      }
      return accepted
    }
  }

  private func write(_ works: [EventWork], in parts: ScheduleParts) async throws -> Accepted {
    var settlement = EventSettlement()
    settlement.settled = works.compactMap(\.settled?.number)
    settlement.gathered = works.flatMap(\.gathered).map { ($0.schedule, $0.event.number) }
    var accepted = try await record(works.flatMap(\.claims), settling: settlement, in: parts.store).accepted
    accepted.cancels = works.flatMap(\.cancels)
    for work in works {
      if let event = work.settled { meters.eventLag.observe(parts.wall.now() - event.received) }
      if let id = work.gathering { scheduleBook.timetable.forgetGathered(of: id) }
      for (id, event) in work.gathered { scheduleBook.timetable.gather(event, for: id) }
    }
    eventBook.openCount = max(0, eventBook.openCount - settlement.settled.count)
    return accepted
  }

  /// What is decided in one transaction, as far as later events of it must know.
  private struct EventPage {
    /// How many jobs are made, those of others too.
    private(set) var jobs: Int
    /// Schedules as they are after it.
    private(set) var changed: [ScheduleID: Schedule] = [:]
    /// How many events each gathers.
    private var gathered: [ScheduleID: Int] = [:]

    init(room others: Int) { jobs = others }

    /// Whether what is said of an event stays right behind what was decided before it.
    func canTake(
      _ rulings: [(Schedule, Timetable.EventRuling)], in timetable: Timetable
    ) -> Bool {
      rulings.allSatisfy { schedule, ruling in
        switch ruling {
        case .gather: gathered[schedule.id, default: 0] < timetable.gatheringRoom(of: schedule)
        // A job of this page is not known yet to one that must not run beside it.
        case .decide: schedule.definition.overlap == .allow || changed[schedule.id] == nil
        }
      }
    }

    mutating func note(_ ruling: Timetable.EventRuling, of schedule: Schedule) {
      switch ruling {
      case .gather: gathered[schedule.id, default: 0] += 1
      case .decide(let decision):
        changed[schedule.id] = decision.schedule
        if decision.tick.fate.hasJob { jobs += 1 }
      }
    }
  }
}
