import FoundationEssentials
package import MillraceCore
import MillraceEngine
import Synchronization

extension MemoryJobStore {
  package func evidence(lastOfEach count: Int) async throws -> [Evidence] {
    let shown = records.flatMap { record in
      record.attempts.compactMap { $0.shown(jobClass: record.job.submission.jobClass) }
    }.sorted { ($0.ended, $0.id) < ($1.ended, $1.id) }
    let handlers = Dictionary(grouping: shown) { Estimates.Key(handler: $0.evidence.handler, jobClass: nil) }
    let classes = Dictionary(grouping: shown.filter { $0.evidence.jobClass != nil }) {
      Estimates.Key(handler: $0.evidence.handler, jobClass: $0.evidence.jobClass)
    }
    let kinds = (handlers.sorted { $0.key < $1.key } + classes.sorted { $0.key < $1.key })
      .prefix(Estimates.maxKeys)
    let last = Set(kinds.flatMap { $0.value.suffix(max(0, count)).map(\.id) })
    return shown.filter { last.contains($0.id) }.map(\.evidence)
  }

  package func job(_ id: JobID) async throws -> Job? { record(id)?.job }
  package func attempts(of job: JobID) async throws -> [Attempt] { record(job)?.attempts ?? [] }

  package func result(of job: JobID) async throws -> JobResult? {
    guard let record = record(job) else { return nil }
    let last = record.attempts.last { $0.end?.outcome == .succeeded }
    return last.flatMap { record.results[$0.id.number] }
  }

  package func plugins() async throws -> [Plugin] {
    let builds = state.withLock { $0.builds }
    return Dictionary(grouping: builds, by: \.plugin.name)
      .compactMap { $0.value.max { ($0.last, $0.first) <= ($1.last, $1.first) }?.plugin }
      .sorted { $0.name < $1.name }
  }

  package func jobs(matching filter: JobFilter) async throws -> [Job] {
    let found = records.map(\.job).filter { job in
      let asked = job.submission
      return (filter.states.isEmpty || filter.states.contains(job.state))
        && (filter.handler == nil || filter.handler == asked.handler)
        && (filter.jobClass == nil || filter.jobClass == asked.jobClass)
        && (filter.group == nil || filter.group == asked.group)
        && (filter.isHeld == nil || filter.isHeld == job.isHeld)
        && (filter.workflow == nil || filter.workflow == job.workflow)
        && filter.labels.allSatisfy { asked.labels[$0.key] == $0.value }
        && (filter.since.map { job.submitted >= $0 } ?? true)
        && (filter.until.map { job.submitted < $0 } ?? true)
        && (filter.before.map { job.id < $0 } ?? true)
    }
    return Array(found.reversed().prefix(filter.limit))
  }

  package func history(matching filter: HistoryFilter) async throws -> [HistoryRow] {
    let byNumber = filter.order == .time && filter.job != nil
    let sorted = rows(matching: filter).sorted { left, right in
      let (leftKey, rightKey) =
        byNumber ? (0, 0) : (filter.order.place(of: left.attempt), filter.order.place(of: right.attempt))
      return leftKey == rightKey ? left.attempt.id > right.attempt.id : leftKey > rightKey
    }
    let rest = sorted.filter { row in
      guard let after = filter.after else { return true }
      let (key, last) = byNumber ? (0, 0) : (filter.order.place(of: row.attempt), after.key ?? .min)
      return key == last ? row.attempt.id < after.attempt : key < last
    }
    return Array(rest.prefix(filter.limit))
  }

  package func summaries(matching filter: HistoryFilter) async throws -> [HandlerSummary] {
    let groups = Dictionary(grouping: rows(matching: filter).map(\.attempt), by: \.handler)
    return groups.values.map(summary).sorted { $0.handler < $1.handler }
  }

  package func reportedFigures(lastOfEach count: Int, handler: String?) async throws -> [ReportedFigure] {
    var figures: [ReportedFigure] = []
    for (attempt, numbers) in told(lastOfEach: count, handler: handler) {
      for (name, value) in numbers {
        if let index = figures.firstIndex(where: { $0.handler == attempt.handler && $0.name == name }) {
          figures[index].add(value)
        } else {
          figures.append(
            ReportedFigure(
              handler: attempt.handler, name: name, count: 1, time: attempt.end?.ended ?? attempt.starting,
              last: value, least: value, mean: value, largest: value))
        }
      }
    }
    return figures.sorted { ($0.handler, $0.name) < ($1.handler, $1.name) }
  }

  /// The numbers in the last results of each handler, from the newest on.
  private func told(lastOfEach count: Int, handler: String?) -> [(Attempt, [String: Double])] {
    let all = records.flatMap { record in
      record.attempts.compactMap { attempt -> (Attempt, [String: Double])? in
        guard let result = record.results[attempt.id.number], result.mediaType == ReportedFigure.mediaType,
          handler == nil || attempt.handler == handler
        else { return nil }
        // What is no JSON tells nothing.
        let object = try? JSONDecoder().decode([String: JSONValue].self, from: Data(result.bytes))
        return (attempt, (object ?? [:]).compactMapValues(Self.number))
      }
    }
    let newest = all.sorted { $0.0.id > $1.0.id }
    return Dictionary(grouping: newest, by: \.0.handler).values.flatMap { $0.prefix(count) }
  }

  private static func number(_ value: JSONValue) -> Double? {
    switch value {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: nil
    }
  }

  package func buildSummaries(matching filter: HistoryFilter) async throws -> [HandlerSummary] {
    let groups = Dictionary(grouping: rows(matching: filter).map(\.attempt)) {
      [$0.handler, $0.pluginSHA256]
    }
    let inOrder = groups.values.compactMap { attempts -> (attempts: [Attempt], summary: HandlerSummary)? in
      guard let first = attempts.first else { return nil }
      var summary = summary(of: attempts)
      summary.build = BuildFigures(
        sha256: first.pluginSHA256, version: attempts.map(\.pluginVersion).max() ?? "",
        first: attempts.map(\.starting).min() ?? first.starting)
      return (attempts, summary)
    }.sorted { left, right in
      (left.summary.handler, left.summary.build?.first.rawValue ?? 0)
        < (right.summary.handler, right.summary.build?.first.rawValue ?? 0)
    }
    var summaries = inOrder.map(\.summary)
    for index in summaries.indices.dropFirst()
    where summaries[index].handler == summaries[index - 1].handler {
      summaries[index].build?.regressions = regressions(
        of: inOrder[index].attempts, against: inOrder[index - 1].attempts)
    }
    return summaries
  }

  private func regressions(of newer: [Attempt], against older: [Attempt]) -> [Regression] {
    func figures(_ attempts: [Attempt]) -> (memory: [Int64], run: [Int64]) {
      let last = attempts.compactMap { $0.shown(jobClass: nil) }
        .sorted { ($0.ended, $0.id) < ($1.ended, $1.id) }.suffix(200).map(\.evidence)
      return (
        last.compactMap { $0.memoryPeak?.rawValue }.sorted(), last.map(\.duration.microseconds).sorted()
      )
    }
    let (new, old) = (figures(newer), figures(older))
    let former = older.first?.pluginSHA256 ?? ""
    return [
      Regression.find(.memory, new.memory, against: old.memory, of: former),
      Regression.find(.time, new.run, against: old.run, of: former),
    ].compactMap(\.self)
  }

  private func summary(of attempts: [Attempt]) -> HandlerSummary {
    let outcomes = attempts.compactMap { $0.end?.outcome }.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    let peaks = attempts.compactMap { $0.end?.usage.memoryPeak }.sorted()
    let durations = attempts.compactMap(\.duration).sorted()
    let cpu = attempts.reduce(Duration.zero) { $0 + ($1.cpu ?? .zero) }
    return HandlerSummary(
      handler: attempts.first?.handler ?? "", attempts: attempts.count, succeeded: outcomes[.succeeded] ?? 0,
      outcomes: outcomes, memoryP95: peaks.nearestRank(0.95), memoryMax: peaks.last,
      durationP50: durations.nearestRank(0.5), durationP95: durations.nearestRank(0.95),
      waitP50: attempts.map { $0.starting - $0.queued }.sorted().nearestRank(0.5), cpuTotal: cpu)
  }

  private func rows(matching filter: HistoryFilter) -> [HistoryRow] {
    records.flatMap { record in
      let job = record.job
      return record.attempts.map { attempt in
        HistoryRow(
          attempt: attempt, jobState: job.state, priority: job.submission.priority,
          jobClass: job.submission.jobClass, labels: job.submission.labels)
      }
    }.filter(filter.matches)
  }
}

extension Estimates.Key {
  /// In the order of handlers, then of classes, as SQLite compares text.
  fileprivate static func < (left: Estimates.Key, right: Estimates.Key) -> Bool {
    let (first, second) = ([left.handler, left.jobClass ?? ""], [right.handler, right.jobClass ?? ""])
    return first.lexicographicallyPrecedes(second) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

extension Attempt {
  /// What it has shown; nil if it has not, or is no evidence.
  fileprivate func shown(jobClass: String?) -> (id: AttemptID, ended: Timestamp, evidence: Evidence)? {
    guard let started, let end, end.outcome.isEvidence else { return nil }
    let evidence = Evidence(
      handler: handler, jobClass: jobClass, build: pluginSHA256, started: started,
      memoryPeak: end.usage.memoryPeak, cpu: cpu,
      duration: max(.zero, end.ended - started - frozenTime), timeToPeak: end.usage.timeToPeak)
    return (id, end.ended, evidence)
  }
}

extension HistoryFilter {
  fileprivate func matches(_ row: HistoryRow) -> Bool {
    let attempt = row.attempt
    return (handler == nil || handler == attempt.handler) && (states.isEmpty || states.contains(row.jobState))
      && (node == nil || attempt.end?.whereabouts?.node == node)
      && (outcomes.isEmpty || attempt.end.map { outcomes.contains($0.outcome) } ?? false)
      && (jobClass == nil || jobClass == row.jobClass)
      && labels.allSatisfy { row.labels[$0.key] == $0.value }
      && (job == nil || job == attempt.id.job)
      && (build.map { attempt.pluginSHA256.hasPrefix($0) } ?? true)
      && (since.map { attempt.starting >= $0 } ?? true) && (until.map { attempt.starting < $0 } ?? true)
      && (minMemory.map { least in attempt.end?.usage.memoryPeak.map { $0 >= least } ?? false } ?? true)
  }
}

extension HistoryFilter.Order {
  /// The sort key of an attempt; unknown is below everything.
  fileprivate func place(of attempt: Attempt) -> Int64 { key(of: attempt) ?? .min }
}

extension Array {
  /// The percentile by nearest rank of a sorted list; nil if it is empty.
  func nearestRank(_ part: Double) -> Element? {
    isEmpty ? nil : self[Int((part * Double(count)).rounded(.up)) - 1]
  }
}
