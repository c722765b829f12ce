import MillraceClient
import MillraceCore
import MillraceWire

/// What can be read about jobs: from the runner, or from its record while it is down.
protocol JobSource: Sendable {
  /// Returns a page of jobs, the newest first.
  func jobs(matching filter: JobFilter) async throws -> JobPage
  /// Returns all that is known of a job.
  func job(_ id: JobID) async throws -> JobDetail
  /// Returns a workflow with its steps and jobs.
  func workflow(_ id: Int64) async throws -> WorkflowView
  /// Returns a page of workflows, the newest first.
  func workflows(before: Int64?, limit: Int) async throws -> WorkflowPage
  /// Returns why a job waits, or what held it back until it started.
  func why(_ id: JobID) async throws -> WhyView
  /// Returns a page of the history.
  func history(matching filter: HistoryFilter) async throws -> HistoryPage
  /// Returns a line per handler.
  func summaries(matching filter: HistoryFilter) async throws -> [SummaryView]
  /// Returns a line per handler and build.
  func buildSummaries(matching filter: HistoryFilter) async throws -> [SummaryView]
  /// Returns what was learned of a handler's jobs, or of all, and the fates of their schedules' times.
  func statistics(of handler: String?) async throws -> StatisticsPage
  /// Returns a page of schedules, by name: those behind one.
  func schedules(after name: String?, limit: Int) async throws -> SchedulePage
  /// Returns a schedule with figures and its times.
  func schedule(_ name: String) async throws -> ScheduleDetail
  /// Returns nominal times of a schedule that were, the newest first; that of the filter is not used.
  func ticks(of name: String, matching filter: TickFilter) async throws -> TickPage
  /// Returns a page of events, the newest first.
  func events(matching query: EventQuery) async throws -> EventPage
  /// Returns an event with what schedules made of it.
  func event(_ number: EventNumber) async throws -> EventView
  /// Returns the result of a job.
  func result(of id: JobID) async throws -> JobResult
  /// Hands on the log of an attempt; of the newest one if `attempt` is nil.
  func logs(
    of id: JobID, attempt: Int?, follow: Bool, to sink: ([UInt8]) throws -> Void
  ) async throws
}

extension Client: JobSource {}

extension JobSource {
  /// Returns jobs over as many pages as it takes.
  func jobs(matching filter: JobFilter, atMost count: Int) async throws -> JobPage {
    var filter = filter
    var found = JobPage(jobs: [], next: nil)
    while found.jobs.count < count {
      filter.limit = min(1000, count - found.jobs.count)
      let page = try await jobs(matching: filter)
      found.jobs += page.jobs
      found.next = page.next
      guard let next = page.next, !page.jobs.isEmpty else { break }
      filter.before = next
    }
    return found
  }

  /// Returns attempts over as many pages as it takes.
  func history(matching filter: HistoryFilter, atMost count: Int) async throws -> HistoryPage {
    var filter = filter
    var found = HistoryPage(attempts: [], next: nil)
    while found.attempts.count < count {
      filter.limit = min(1000, count - found.attempts.count)
      let page = try await history(matching: filter)
      found.attempts += page.attempts
      found.next = page.next
      guard let next = page.next.flatMap(HistoryCursor.init), !page.attempts.isEmpty else { break }
      filter.after = next
    }
    return found
  }

  /// Returns events over as many pages as it takes.
  func events(matching query: EventQuery, atMost count: Int) async throws -> EventPage {
    var query = query
    var found = EventPage(events: [])
    while found.events.count < count {
      query.limit = min(100, count - found.events.count)
      let page = try await events(matching: query)
      found.events += page.events
      found.next = page.next
      guard let next = page.next else { break }
      query.before = next
    }
    return found
  }

  /// Returns all schedules, over as many pages as it takes.
  func allSchedules() async throws -> SchedulePage {
    var found = SchedulePage(schedules: [])
    repeat {
      let page = try await schedules(after: found.next, limit: 1000)
      found.schedules += page.schedules
      found.next = page.next
    } while found.next != nil
    return found
  }
}
