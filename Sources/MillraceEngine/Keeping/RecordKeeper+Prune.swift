package import MillraceCore

extension RecordKeeper {
  package func prune(_ wish: PruneWish) async throws -> PruneReport {
    guard wish.states.allSatisfy(\.isFinal) else {
      throw Refusal(.invalid, "only jobs that have ended can go: succeeded, failed or cancelled")
    }
    var report = PruneReport()
    report.isRehearsal = wish.isRehearsal
    do {
      let now = clock.now()
      let choices = choices(for: wish, at: now)
      if wish.isRehearsal {
        for choice in choices { report.add(try await store.tallies(of: choice, at: now)) }
      } else {
        for choice in choices {
          try await delete(choice) { deletion in
            report.add(deletion.tallies)
            return true
          }
        }
      }
      try await pruneLogs(choices, wish, at: now, into: &report)
      if wish.isConfigured {
        try await pruneTicks(at: now, into: &report)
        try await pruneEvents(at: now, into: &report)
        try await pruneTransitions(at: now, into: &report)
        try await pruneAudit(at: now, into: &report)
        try await pruneBuilds(at: now, into: &report)
        try await keepBound(wish, into: &report)
      }
      if wish.shrinks, !wish.isRehearsal { try await shrink(into: &report) }
      report.size = try await store.size()
      report.next = try await nextTime(logs: report.next, at: now)
      return report
    } catch let error as Refusal {
      throw error
    } catch {
      throw Refusal(.storage, "\(error)", hint: "`millrace doctor` shows the state of the disk")
    }
  }

  /// What shall go by its age, a choice for each state.
  private func choices(for wish: PruneWish, at now: Timestamp) -> [EndedJobs] {
    let states = wish.states.isEmpty ? [.succeeded, .failed, .cancelled] : wish.states
    if let jobs = wish.jobs {
      return [EndedJobs(states, before: wish.olderThan.map { now - $0 }, jobs: jobs)]
    }
    return states.compactMap { state in
      (wish.olderThan ?? retention.span(for: state)).map { EndedJobs([state], before: now - $0) }
    }
  }

  /// Deletes jobs slice by slice, as long as `goesOn` says so.
  private func delete(
    _ choice: EndedJobs, while goesOn: (Deletion) async throws -> Bool
  ) async throws {
    var rest = choice
    while !Task.isCancelled {
      let deletion = try await store.delete(rest, atMost: slice, at: clock.now())
      guard !deletion.jobs.isEmpty else { return }
      rest.since = deletion.last
      guard try await goesOn(deletion) else { return }
    }
    throw CancellationError()
  }

  /// Removes logs: of jobs that are not on record, and old ones.
  private func pruneLogs(
    _ choices: [EndedJobs], _ wish: PruneWish, at now: Timestamp, into report: inout PruneReport
  ) async throws {
    let oldest = wish.isConfigured ? retention.logs.map { now - $0 } : nil
    for page in try await files.logs().pages(of: 1000) {
      let ends = try await store.ends(of: page.map(\.job))
      var gone: [JobID] = []
      for logs in page {
        let isGone: Bool
        switch ends[logs.job] {
        case nil: isGone = true
        case .some(nil): isGone = false  // It may run: its log is open.
        case .some(.some(let end)):
          let goesWithJob = wish.isRehearsal && choices.contains { $0.means(logs.job, end) }
          isGone = goesWithJob || oldest.map { logs.lastWrite < $0 } ?? false
        }
        if isGone {
          gone.append(logs.job)
          report.logFiles += logs.files
          report.logBytes = report.logBytes + logs.bytes
        } else {
          report.logsLeft = report.logsLeft + logs.bytes
          if let span = retention.logs { report.next = earlier(report.next, logs.lastWrite + span) }
        }
      }
      if !wish.isRehearsal { try await files.removeLogs(of: gone) }
    }
  }

  private func pruneTicks(at now: Timestamp, into report: inout PruneReport) async throws {
    guard let span = retention.ticks else { return }
    var old = OldTicks(before: now - span)
    report.ticks = try await rows(of: report, counted: { try await store.count(old) }) {
      old.since = $0
      return try await store.delete(old, atMost: slice * Self.ticksPerJob)
    }
  }

  private func pruneEvents(at now: Timestamp, into report: inout PruneReport) async throws {
    guard let span = retention.events else { return }
    var old = OldEvents(before: now - span)
    report.events = try await rows(of: report, counted: { try await store.count(old) }) {
      old.since = $0
      return try await store.delete(old, atMost: slice)
    }
  }

  private func pruneTransitions(at now: Timestamp, into report: inout PruneReport) async throws {
    guard let span = retention.transitions else { return }
    let old = OldTransitions(before: now - span)
    report.transitions = try await rows(of: report, counted: { try await store.count(old) }) { _ in
      try await store.delete(old, atMost: slice * Self.ticksPerJob)
    }
  }

  private func pruneAudit(at now: Timestamp, into report: inout PruneReport) async throws {
    guard let span = retention.audit else { return }
    let old = OldAudit(before: now - span)
    report.audit = try await rows(of: report, counted: { try await store.count(old) }) { _ in
      try await store.delete(old, atMost: slice * Self.ticksPerJob)
    }
  }

  /// Returns how many rows go: in a rehearsal they are only counted, else they are deleted slice by slice,
  /// each from where the one before has ended.
  private func rows(
    of report: PruneReport, counted: () async throws -> Int,
    deletingSlice deleteSlice: (Timestamp?) async throws -> RowDeletion
  ) async throws -> Int {
    if report.isRehearsal { return try await counted() }
    var (count, last) = (0, Timestamp?.none)
    while !Task.isCancelled {
      let deletion = try await deleteSlice(last)
      guard deletion.count > 0 else { return count }
      count += deletion.count
      last = deletion.last
    }
    throw CancellationError()
  }

  private func pruneBuilds(at now: Timestamp, into report: inout PruneReport) async throws {
    guard let inUse = await buildsInUse() else { return }
    let candidates = try await files.builds().filter {
      !inUse.contains($0.sha256) && $0.made < now - Self.youngBuild
    }
    let named = try await store.builds(onRecord: candidates.map(\.sha256))
    for build in candidates where !named.contains(build.sha256) {
      report.builds += 1
      report.buildBytes = report.buildBytes + build.bytes
      if !report.isRehearsal { try await files.removeBuild(build.sha256) }
    }
  }

  /// Deletes more jobs, the first ends first and dead letters last, until the record keeps its bound.
  private func keepBound(_ wish: PruneWish, into report: inout PruneReport) async throws {
    guard let bound = retention.bytes else { return }
    var used = try await store.size().used + report.logsLeft
    if wish.isRehearsal {
      report.over = used - report.tally.bytes - bound
      return
    }
    guard used > bound else { return }
    var logs = Dictionary(
      try await files.logs().map { ($0.job, $0) }, uniquingKeysWith: { first, _ in first })
    for states in Retention.order {
      guard used > bound else { break }
      try await delete(EndedJobs(states)) { deletion in
        report.add(deletion.tallies)
        let gone = deletion.jobs.compactMap { logs.removeValue(forKey: $0) }
        try await self.files.removeLogs(of: gone.map(\.job))
        for one in gone {
          report.logFiles += one.files
          report.logBytes = report.logBytes + one.bytes
          report.logsLeft = report.logsLeft - one.bytes
        }
        used = try await self.store.size().used + report.logsLeft
        return used > bound
      }
    }
    report.over = used - bound
  }

  private func shrink(into report: inout PruneReport) async throws {
    while !Task.isCancelled {
      let bytes = try await store.shrink()
      guard bytes > .zero else { return }
      report.shrunk = report.shrunk + bytes
    }
  }

  /// When the next thing will be old enough. What ends from now on is not before the shortest span from now.
  private func nextTime(logs: Timestamp?, at now: Timestamp) async throws -> Timestamp? {
    var next = logs
    for state in [JobState.succeeded, .failed, .cancelled] {
      guard let span = retention.span(for: state) else { continue }
      let first = try await store.firstEnd(of: EndedJobs([state]), at: now)
      next = earlier(next, min(first ?? now, now) + span)
    }
    if let span = retention.ticks {
      next = earlier(next, min(try await store.firstOldTick() ?? now, now) + span)
    }
    if let span = retention.events {
      next = earlier(next, min(try await store.firstOldEvent() ?? now, now) + span)
    }
    if let span = retention.transitions {
      next = earlier(next, min(try await store.firstOldTransition() ?? now, now) + span)
    }
    if let span = retention.audit {
      next = earlier(next, min(try await store.firstAuditEntry() ?? now, now) + span)
    }
    return retention.logs.map { earlier(next, now + $0) } ?? next
  }

  private func earlier(_ left: Timestamp?, _ right: Timestamp) -> Timestamp { min(left ?? right, right) }
}

extension RecordSize {
  /// What counts against the bound: free pages are filled before the file grows.
  package var used: Bytes { database + payloads }
}

extension EndedJobs {
  /// Whether a job that ended so is meant.
  fileprivate func means(_ job: JobID, _ end: JobEnd) -> Bool {
    jobs?.contains(job) ?? true && states.contains(end.state) && before.map { end.ended < $0 } ?? true
  }
}

extension Array {
  /// The elements in order, so many at a time.
  fileprivate func pages(of count: Int) -> [ArraySlice<Element>] {
    stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)] }
  }
}
