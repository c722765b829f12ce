import Logging
import MillraceCore

extension Engine {
  /// How many nominal times are claimed in one transaction.
  private static let claimsAtOnce = 256
  /// How often events that wait for room in the queue are looked at.
  private static let roomInterval = Duration.seconds(1)

  /// Whether nominal times can be claimed: not before all that they depend on is known, nor while their jobs
  /// could not be accepted.
  var canClaim: Bool {
    isRestored && hasCatalog && scheduleBook.hasReadFiles && scheduleBook.files == nil && trouble == nil
      && !scheduler.isDraining
  }

  /// When the next nominal time is due, by the engine's clock; nil if none is.
  var nextClaim: Timestamp? {
    guard let parts = ports.schedules, canClaim, let next = scheduleBook.timetable.nextTime else {
      return nil
    }
    let now = ports.clock.now()
    let time = now + (next - parts.wall.now())
    return eventBook.waitsForRoom ? max(time, now + Self.roomInterval) : time
  }

  /// Claims the nominal times that are due, with their jobs; what can't be written is due in a later tick.
  func claimDue(besides others: Int) async -> [Accepted] {
    guard let parts = ports.schedules else { return [] }
    noteSteps(of: parts.wall)
    await adoptFiles(parts)
    guard canClaim, let upSince = scheduleBook.upSince else { return [] }
    let decisions = scheduleBook.timetable.decisions(
      at: parts.wall.now(), upSince: upSince, atMost: Self.claimsAtOnce)
    guard !decisions.isEmpty else { return [] }
    var claims: [Claim] = []
    var cancels: [JobID] = []
    var jobs = others
    for decision in decisions {
      let claim = await claim(decision, parts, besides: jobs)
      if claim.submission != nil {
        jobs += 1
        cancels += decision.cancels
      }
      claims.append(claim)
    }
    do {
      var accepted = try await record(claims, in: parts.store).accepted
      accepted.cancels = cancels
      return [accepted]
    } catch let error as any StorageFailure where error.kind == .mistake {
      return await recordEach(zip(claims, decisions).map { ($0, $1.cancels) }, in: parts.store)
    } catch {
      _ = refusal(for: error)
      return []
    }
  }

  /// Writes each claim by itself: one that can't be stored keeps no other back, and makes no job.
  private func recordEach(
    _ claims: [(Claim, cancels: [JobID])], in store: any ScheduleStore
  ) async -> [Accepted] {
    var all: [Accepted] = []
    for (claim, cancels) in claims {
      do {
        var accepted = try await record([claim], in: store).accepted
        accepted.cancels = claim.submission == nil ? [] : cancels
        all.append(accepted)
      } catch let error as any StorageFailure where error.kind == .mistake && claim.submission != nil {
        // Without its job there is nothing in it that somebody wrote.
        let failed = failed(claim, because: "\(error)")
        do { _ = try await record([failed], in: store) } catch {
          _ = refusal(for: error)
          return all
        }
      } catch {
        _ = refusal(for: error)
        return all
      }
    }
    return all
  }

  /// Returns what is written of a decision: with its job, or with the reason why there is none.
  func claim(
    _ decision: Timetable.Decision, _ parts: ScheduleParts, besides others: Int
  ) async -> Claim {
    var claim = Claim(tick: decision.tick, schedule: decision.schedule)
    claim.events = decision.events.map(\.number)
    guard decision.tick.fate.hasJob else { return claim }
    do {
      try demandRoom(for: 1, besides: others)
      var submission = try await submission(
        of: decision.schedule, at: decision.nominal, about: decision.events, parts.store)
      if decision.jitter > .zero {
        let wait = decision.nominal.time + decision.jitter - parts.wall.now()
        if wait > .zero { submission.notBefore = ports.clock.now() + wait }
      }
      submission.after += decision.after.map { Dependency(.job($0), .any) }
      claim.submission = submission
      scheduleBook.refused.remove(decision.schedule.id)
      return claim
    } catch {
      return failed(claim, because: refusal(for: error).message)
    }
  }

  /// Returns the claim of a time whose job is refused.
  func failed(_ claim: Claim, because reason: String) -> Claim {
    var failed = Claim(tick: claim.tick, schedule: claim.schedule)
    failed.events = claim.events
    failed.tick.fate = .failedToSubmit
    // What it is about stays in the note.
    let about = claim.events.isEmpty ? nil : claim.tick.note
    failed.tick.note = [about, reason].compactMap(\.self).joined(separator: "; ")
    failed.schedule.runs -= 1
    let name = claim.schedule.definition.name
    log.warning("schedule without its job", metadata: ["schedule": "\(name)", "reason": "\(reason)"])
    if scheduleBook.refused.insert(claim.schedule.id).inserted {
      keep(notice: "schedule `\(name)`: its job is refused: \(reason)")
    }
    return failed
  }

  /// Returns the job of a schedule for a nominal time, or for events.
  /// - Throws: `Refusal`.
  func submission(
    of schedule: Schedule, at time: NominalTime, about events: [EventRecord] = [],
    _ store: any ScheduleStore
  ) async throws -> Submission {
    let definition = schedule.definition
    let success = definition.usesLastSuccess ? try await store.lastSuccess(of: schedule.id) : nil
    return try submission(
      of: definition, for: ScheduleDefinition.Occasion(time, lastSuccess: success, events: events))
  }

  /// The same, with all that it is told.
  func submission(
    of definition: ScheduleDefinition, for occasion: ScheduleDefinition.Occasion
  ) throws -> Submission {
    do {
      return try submission(of: try definition.request(for: occasion))
    } catch let error as Mistakes {
      throw Refusal(.invalid, error.all.map(\.message).joined(separator: "; "))
    }
  }

  /// Writes claims, and takes note of them; returns the jobs that the scheduler shall know, and what came of
  /// each claim.
  func record(
    _ claims: [Claim], settling settlement: EventSettlement = EventSettlement(),
    in store: any ScheduleStore
  ) async throws -> (accepted: Accepted, results: [ClaimResult]) {
    let now = ports.clock.now()
    let results = try await timed(.claim) { try await store.claim(claims, settling: settlement, at: now) }
    var acceptances: [Acceptance] = []
    var submissions: [Submission] = []
    for (claim, result) in zip(claims, results) {
      scheduleBook.timetable.put(claim.schedule)
      guard case .claimed(let acceptance?) = result, let submission = claim.submission else { continue }
      if !acceptance.state.isFinal, !claim.repeats(acceptance) {
        scheduleBook.timetable.began(acceptance.job, of: claim.schedule.id)
      }
      acceptances.append(acceptance)
      submissions.append(submission)
    }
    return (taken(acceptances, submissions, at: now), results)
  }

  /// Tells the operator if the wall clock was set, or the machine has slept.
  private func noteSteps(of wall: any WallClock) {
    let lead = wall.now() - ports.clock.now()
    defer { scheduleBook.lead = lead }
    guard let last = scheduleBook.lead, abs((lead - last).microseconds) > 2_000_000 else { return }
    let span = Duration.microseconds(abs((lead - last).microseconds)).text
    note("the wall clock was set \(lead > last ? "forward" : "back") by \(span); schedules go by it")
    complainOfFuture(at: wall.now())
  }

  /// Tells of schedules that wait for times that a clock once showed: nothing of them runs twice.
  private func complainOfFuture(at wall: Timestamp) {
    let ahead = scheduleBook.timetable.schedules.filter { $0.decided > wall + .seconds(3600) }
    guard let first = ahead.first else { return }
    let others = ahead.count > 1 ? " and \(ahead.count - 1) others have" : " has"
    note(
      "schedule `\(first.definition.name)`\(others) already decided times that are over an hour ahead;"
        + " they go on after them, or at once after `millrace schedule edit`")
  }
}
