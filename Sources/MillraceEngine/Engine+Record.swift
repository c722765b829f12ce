import Logging
import MillraceCore

extension Engine {
  /// Writes what is decided, then starts what is to be started. What fails stays, and is tried again later.
  func write() async {
    do {
      try await notePlugins()
      try await commit()
      try await startLaunches()
    } catch {
      if let arrivals = backlog.arrivals, await turnAway(arrivals, because: error) { return await write() }
      meet(RecordTrouble(error, at: ports.clock.now()))
      return
    }
    guard trouble != nil else { return }
    trouble = nil
    note("the record is written again")
  }

  /// Tries again to write, if it is time. With nothing to write the builds in use are noted once more: only a
  /// write shows whether one is possible.
  func mend() async {
    guard let trouble, trouble.nextTry <= ports.clock.now() else { return }
    if backlog.isEmpty { backlog.plugins = inUse.plugins }
    await write()
  }

  /// Takes note of trouble with the record; tells of it once.
  func meet(_ found: RecordTrouble) {
    if trouble?.kind != found.kind {
      log.error(
        "the record cannot be written: no job is taken or started, what runs goes on",
        metadata: ["error": "\(found.message)", "hint": "\(found.hint)"])
      keep(notice: "the record cannot be written: \(found.message)")
    }
    trouble = found
  }

  private func notePlugins() async throws {
    guard let plugins = backlog.plugins else { return }
    do {
      try await ports.store.note(plugins, at: ports.clock.now())
    } catch let error as any StorageFailure where error.kind == .mistake {
      // Jobs don't depend on this note.
      log.error("cannot record the plugins", metadata: ["error": "\(error)"])
    }
    backlog.plugins = nil
  }

  private func commit() async throws {
    let (arrivals, changes, ended) = (backlog.arrivals, backlog.changes, backlog.ended)
    let all = (arrivals?.changes ?? []) + changes
    if !all.isEmpty { try await timed(.commit) { try await ports.store.commit(all, at: ports.clock.now()) } }
    if let arrivals {
      backlog.arrivals = nil
      meters.accepted(arrivals.submissions.lazy.map(\.handler))
      arrivals.answer()
    }
    guard !changes.isEmpty else { return }
    backlog.changes.removeFirst(changes.count)
    backlog.ended.removeFirst(ended.count)
    let attempts = changes.compactMap { if case .ended(let id, _, _) = $0 { id } else { nil } }
    if !attempts.isEmpty { await release(attempts) }
    let crashed = changes.compactMap(\.crash)
    if !crashed.isEmpty { ports.plugins.crashed(crashed) }
    if changes.contains(where: \.isAnnouncement) {
      eventBook.mayHaveOpen = true
      ring.yield()
    }
    for job in ended {
      scheduleBook.timetable.ended(job)
      waiters.resume(of: .end(job))
    }
  }

  /// Starts what is on record as `starting`.
  /// - Throws: what keeps a payload from being read if that passes; its attempt is started then.
  private func startLaunches() async throws {
    while !backlog.launches.isEmpty {
      let unread = backlog.launches.filter { $0.payload == nil }.map(\.id.job)
      var read =
        unread.isEmpty
        ? [][...] : await ports.store.payloads(of: unread, atMost: Self.payloadsAtOnce)[...]
      var plans: [LaunchPlan] = []
      var settled = 0
      var failure: (any StorageFailure)?
      for launch in backlog.launches {
        guard let payload = launch.payload.map(Result.success) ?? read.popFirst() else { break }
        switch payload {
        case .success(let payload):
          plans.append(plan(launch, payload, at: ports.clock.now()))
        case .failure(let error as any StorageFailure) where error.kind == .passing: failure = error
        case .failure(let error):
          put(.event(.refused(launch.id, reason: "cannot read its input: \(error)")))
        }
        if failure != nil { break }
        settled += 1
      }
      backlog.launches.removeFirst(settled)
      if !plans.isEmpty {
        meters.ordered(plans.map(\.attempt), at: ports.clock.now())
        await launch(plans)
        auditRing.yield()
      }
      if let failure { throw failure }
    }
  }

  /// How many bytes of payloads are read before their attempts are started.
  private static let payloadsAtOnce = Bytes.mebibytes(64)
}

extension Backlog.Launch {
  /// Puts the attempt's own span in the place of the submitter's, for the handler to go on from.
  func traced(_ payload: StoredPayload) -> StoredPayload {
    var payload = payload
    let trace = JobTrace(job.id, submitted: job.enqueued, traceParent: payload.traceParent)
    payload.traceParent = trace.span(of: .run, attempt: id.number).description
    return payload
  }

}

extension StoreChange {
  /// The attempt that ended by a crash; nil for other changes.
  fileprivate var crash: AttemptID? {
    if case .ended(let id, let end, _) = self, end.outcome == .crashed { id } else { nil }
  }
}
