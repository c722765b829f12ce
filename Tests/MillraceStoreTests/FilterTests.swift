import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Filters, orders and summaries")
struct FilterTests {
  @Test("answer as a plain loop over all rows does", arguments: [1, 2, 3] as [UInt64])
  func random(seed: UInt64) async throws {
    try await withStore { store, _ in
      let memory = MemoryJobStore()
      var workload = Workload(seed: seed)
      try await workload.run(jobs: 150, on: [store, memory])
      for _ in 0..<300 {
        let filter = workload.historyFilter(jobs: 150)
        let rows = try await store.history(matching: filter)
        let expected = try await memory.history(matching: filter)
        #expect(rows == expected, "\(filter)")
        let summaries = try await store.summaries(matching: filter)
        let expectedSummaries = try await memory.summaries(matching: filter)
        #expect(summaries == expectedSummaries, "\(filter)")
        let jobFilter = workload.jobFilter(jobs: 150)
        let jobs = try await store.jobs(matching: jobFilter)
        let expectedJobs = try await memory.jobs(matching: jobFilter)
        #expect(jobs == expectedJobs, "\(jobFilter)")
      }
    }
  }

  @Test("answer the same along every index that could drive them")
  func drivers() async throws {
    try await withStore { store, file in
      var workload = Workload(seed: 4)
      try await workload.run(jobs: 150, on: [store])
      let queue = try DatabaseFile(path: file).openForReading()
      for _ in 0..<60 {
        var filter = workload.historyFilter(jobs: 150)
        filter.job = nil
        let expected = try await store.history(matching: filter).map(\.attempt.id)
        for driver in HistoryQuery.Driver.allCases where filter.permits(driver) {
          let ids = try await queue.read { [filter] db in try HistoryQuery(filter, driver: driver).ids(in: db)
          }
          #expect(ids == expected, "\(driver) \(filter)")
        }
      }
      try queue.close()
    }
  }

  @Test(
    "page by page a list is the whole one, whatever comes in at its head",
    arguments: HistoryFilter.Order.allCases)
  func pages(order: HistoryFilter.Order) async throws {
    try await withStore { store, _ in
      var workload = Workload(seed: 6)
      try await workload.run(jobs: 60, on: [store])
      var filter = HistoryFilter()
      filter.order = order
      let whole = try await store.history(matching: filter).map(\.attempt.id)
      filter.limit = 7
      var found: [AttemptID] = []
      repeat {
        let page = try await store.history(matching: filter)
        found += page.map(\.attempt.id)
        filter.after = page.last.map { HistoryCursor($0.attempt, in: order) }
        if order == .time {
          let late = try await store.submit([Sample.plain()], at: Sample.time(10_000))[0]
          var attempt = Sample.attempt(late)
          attempt.starting = Sample.time(10_000)
          try await store.commit([.starting(attempt)])
        }
      } while filter.after != nil
      #expect(found == whole && found.count > 50)
    }
  }

  @Test("a list of no rows or of too many is refused", arguments: [0, -1, 10_001])
  func limits(limit: Int) async throws {
    try await withStore { store, _ in
      var jobs = JobFilter()
      jobs.limit = limit
      let first = try await storeError { [jobs] in _ = try await store.jobs(matching: jobs) }
      var history = HistoryFilter()
      history.limit = limit
      let second = try await storeError { [history] in _ = try await store.history(matching: history) }
      #expect(first.reason == .unfit && second.reason == .unfit)
    }
  }
}

extension HistoryFilter {
  /// Whether a driver has a condition of this filter to go by.
  func permits(_ driver: HistoryQuery.Driver) -> Bool {
    switch driver {
    case .job: job != nil
    case .label: !labels.isEmpty
    case .state: !states.isEmpty
    case .handlerState: handler != nil && !states.isEmpty && states.allSatisfy(\.isWrong)
    case .memory: minMemory != nil
    case .build: build != nil
    case .node: node != nil
    case .outcome: !outcomes.isEmpty
    case .handlerOutcome: handler != nil && !outcomes.isEmpty
    case .jobClass: jobClass != nil
    case .handler: handler != nil
    case .time: true
    case .order: order != .time
    }
  }
}

extension HistoryQuery {
  /// The attempts in the list.
  func ids(in db: Database) throws -> [AttemptID] {
    try SQLRequest<Row>(literal: list).fetchAll(db).map { AttemptID(job: JobID($0[1]), number: $0[2]) }
  }
}
