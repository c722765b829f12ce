package import MillraceCore

extension Engine: EventService {
  package func announce(_ events: [CloudEvent]) async throws -> [EventAcceptance] {
    for (index, event) in events.enumerated() where event.isReserved {
      throw Refusal(
        .invalid, "only the runner is the source `\(event.source)`", hint: "name another source",
        index: events.count > 1 ? index : nil)
    }
    return try await put(events)
  }

  package func webhook(ofSchedule name: String) throws -> Trigger.WebhookRule {
    _ = try scheduleParts
    guard case .webhook(let rule) = try existingSchedule(named: name).definition.trigger?.origin else {
      throw Refusal(
        .notFound, "schedule `\(name)` has no webhook", hint: "give it one: `webhook: {signature: …}`")
    }
    return rule
  }

  package func announce(fromWebhook event: CloudEvent) async throws -> EventAcceptance {
    try await put([event])[0]
  }

  nonisolated package var eventRecord: any EventReader {
    guard let parts = ports.schedules else { preconditionFailure("an engine without schedules serves none") }
    return parts.store
  }

  /// Takes events in with the next tick; returned means committed.
  func put(_ events: [CloudEvent]) async throws -> [EventAcceptance] {
    _ = try scheduleParts
    guard !events.isEmpty else { return [] }
    return try await withCheckedThrowingContinuation { answer in
      put(.announcements(Announcement(events: events, answer: answer)))
    }
  }

  /// Writes what callers announce, each of them all or nothing, in one transaction; they are answered here.
  func takeIn(_ announcements: [Announcement]) async {
    guard let parts = ports.schedules, !announcements.isEmpty else { return }
    var admitted: [Announcement] = []
    var open = eventBook.openCount
    for announcement in announcements {
      do {
        if let trouble { throw trouble.refusal }
        try demandRoomForEvents(announcement.events.count, open: open)
        open += announcement.events.count
        admitted.append(announcement)
      } catch {
        announcement.answer.resume(throwing: refusal(for: error))
      }
    }
    do {
      try await write(admitted, in: parts)
    } catch let error as any StorageFailure where error.kind == .mistake {
      // One caller's mistake is nobody else's.
      for announcement in admitted {
        do { try await write([announcement], in: parts) } catch {
          announcement.answer.resume(throwing: refusal(for: error))
        }
      }
    } catch {
      let refusal = refusal(for: error)
      for announcement in admitted { announcement.answer.resume(throwing: refusal) }
    }
  }

  private func demandRoomForEvents(_ count: Int, open: Int) throws(Refusal) {
    guard count > EventBook.mostOpen - open else { return }
    throw Refusal(
      .queueFull, "\(open) events wait to be decided about; there is no room for \(count) more",
      hint: "try again when jobs have run: events wait while the queue of jobs is full")
  }

  private func write(_ announcements: [Announcement], in parts: ScheduleParts) async throws {
    guard !announcements.isEmpty else { return }
    let acceptances = try await timed(.announce) {
      try await parts.store.accept(announcements.flatMap(\.events), at: parts.wall.now())
    }
    let answers = acceptances.parts(of: announcements.map(\.events.count))
    for (announcement, own) in zip(announcements, answers) {
      eventBook.openCount += own.count(where: \.isNew)
      announcement.answer.resume(returning: own)
    }
    eventBook.mayHaveOpen = true
  }
}
