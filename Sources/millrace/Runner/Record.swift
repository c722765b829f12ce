import Glibc
import MillraceCore
import MillraceEngine
import MillraceStore
import MillraceWire

/// What the runner wrote down, read without it.
struct Record: JobSource {
  private let reader: any HistoryReader & ScheduleReader & EventReader
  private let logs: String

  /// Opens the record in a state directory, read-only.
  init(state: String) throws {
    self.init(reader: try SQLiteHistory(opening: Self.database(in: state)), logs: state + "/logs")
  }

  /// Makes a record of its parts.
  init(reader: any HistoryReader & ScheduleReader & EventReader, logs: String) {
    self.reader = reader
    self.logs = logs
  }

  /// The path of the database in a state directory.
  static func database(in state: String) -> String { state + "/millrace.db" }

  func jobs(matching filter: JobFilter) async throws -> JobPage {
    let jobs = try await reader.jobs(matching: filter)
    return JobPage(jobs: jobs.map(JobView.init), next: jobs.count == filter.limit ? jobs.last?.id : nil)
  }

  func job(_ id: JobID) async throws -> JobDetail {
    guard let job = try await reader.job(id) else { throw Self.unknown(id) }
    return JobDetail(
      job: JobView(job), attempts: try await reader.attempts(of: id).map(AttemptView.init),
      course: CourseView(job))
  }

  func workflow(_ id: Int64) async throws -> WorkflowView {
    guard let record = try await reader.workflow(id) else {
      throw CommandError(.notFound, "there is no workflow \(id) on record")
    }
    return WorkflowView(record)
  }

  func workflows(before: Int64?, limit: Int) async throws -> WorkflowPage {
    let workflows = try await reader.workflows(before: before, limit: limit)
    return WorkflowPage(
      workflows: workflows.map(WorkflowSummaryView.init),
      next: workflows.count == limit ? workflows.last?.id : nil)
  }

  /// Only the runner knows the gates of a job that waits.
  func why(_ id: JobID) async throws -> WhyView {
    let detail = try await job(id)
    let last = detail.attempts.last
    switch detail.job.state {
    case .blocked, .scheduled, .queued:
      throw CommandError(
        .unreachable, "job \(id) is \(detail.job.state.rawValue), and the runner is down: nothing starts",
        hint: "start `millraced`; it knows the gates of the jobs that wait")
    case .starting, .running, .succeeded, .failed, .cancelled: return WhyView(job: detail.job, attempt: last)
    }
  }

  func history(matching filter: HistoryFilter) async throws -> HistoryPage {
    let rows = try await reader.history(matching: filter)
    let last = rows.count == filter.limit ? rows.last?.attempt : nil
    return HistoryPage(
      attempts: rows.map(AttemptView.init),
      next: last.map { HistoryCursor($0, in: filter.order).description })
  }

  func summaries(matching filter: HistoryFilter) async throws -> [SummaryView] {
    try await reader.summaries(matching: filter).map(SummaryView.init)
  }

  func buildSummaries(matching filter: HistoryFilter) async throws -> [SummaryView] {
    try await reader.buildSummaries(matching: filter).map(SummaryView.init)
  }

  func statistics(of handler: String?) async throws -> StatisticsPage {
    let rule = Policy.Learning()
    var estimates = Estimates(rule: rule)
    let evidence = try await reader.evidence(lastOfEach: rule.window)
    for evidence in evidence { estimates.note(evidence) }
    let names = handler.map { [$0] } ?? Set(evidence.map(\.handler)).sorted()
    let fates = try await reader.fates(lastOfEach: rule.window, handler: handler)
    let figures = try await reader.reportedFigures(lastOfEach: rule.window, handler: handler)
    let views = names.flatMap(estimates.statistics).map(StatisticsView.init)
    if let handler, views.isEmpty, fates.isEmpty, figures.isEmpty {
      throw CommandError(.notFound, "nothing of a handler `\(handler)` is on record")
    }
    return StatisticsPage(handlers: views, fates: fates, figures: figures, window: rule.window)
  }

  func result(of id: JobID) async throws -> JobResult {
    guard let job = try await reader.job(id) else { throw Self.unknown(id) }
    guard let result = try await reader.result(of: id) else {
      throw CommandError(
        job.state.isFinal ? .notFound : .waiting, "job \(id) is \(job.state.rawValue): it has no result")
    }
    return result
  }

  func logs(
    of id: JobID, attempt: Int?, follow: Bool, to sink: ([UInt8]) throws -> Void
  ) async throws {
    let attempts = try await job(id).attempts
    guard let chosen = attempts.last(where: { attempt == nil || $0.attempt == attempt }) else {
      let missing = attempt.map { "attempt \(id).\($0)" } ?? "attempt at job \(id)"
      throw CommandError(.notFound, "there is no \(missing) on record")
    }
    if chosen.outcome == nil { StandardError.note("\(chosen.id) has not ended; its log may go on") }
    let path = "\(logs)/\(id)/\(chosen.attempt).log"
    guard Places.exists(path) else {
      throw CommandError(.notFound, "\(chosen.id) has no log: there is no `\(path)`")
    }
    try sink(try InputFile.bytes(path))
  }

  func schedules(after name: String?, limit: Int) async throws -> SchedulePage {
    let later = try await reader.schedules(after: name ?? "", atMost: limit + 1)
    var page = SchedulePage(schedules: [])
    for schedule in later.prefix(limit) {
      let rows = try await reader.ticks(
        matching: TickFilter(schedule: schedule.id, limit: ScheduleWarning.span))
      page.schedules.append(ScheduleView(schedule, rows: rows))
    }
    if later.count > limit { page.next = page.schedules.last?.name }
    return page
  }

  func schedule(_ name: String) async throws -> ScheduleDetail {
    let schedule = try await existing(name)
    let rows = try await reader.ticks(matching: TickFilter(schedule: schedule.id, limit: ScheduleDetail.span))
    let tally = try await reader.tallies(of: [schedule.id])[schedule.id] ?? ScheduleTally()
    return ScheduleDetail(ScheduleView(schedule, rows: rows, tally: tally), tally, times: [], rows: rows)
  }

  func ticks(of name: String, matching filter: TickFilter) async throws -> TickPage {
    var own = filter
    own.schedule = try await existing(name).id
    return TickPage(try await reader.ticks(matching: own), of: own)
  }

  func events(matching query: EventQuery) async throws -> EventPage {
    EventPage(try await reader.events(matching: query), of: query)
  }

  func event(_ number: EventNumber) async throws -> EventView {
    guard let row = try await reader.event(number) else {
      throw CommandError(.notFound, "there is no event \(number) on record")
    }
    return EventView(row)
  }

  private func existing(_ name: String) async throws -> Schedule {
    if let schedule = try await reader.schedule(named: name) { return schedule }
    let names = try await reader.schedules().map(\.definition.name)
    let question = Spelling.question(about: name, among: names) ?? ""
    throw CommandError(.notFound, "there is no schedule `\(name)` on record\(question)")
  }

  private static func unknown(_ id: JobID) -> CommandError {
    CommandError(.notFound, "there is no job \(id) on record")
  }
}
