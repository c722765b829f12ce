import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Query plans")
struct PlanTests {
  @Test("no list of jobs reads a table from end to end, and none is sorted")
  func jobs() async throws {
    try await withFilledStore { db in
      for filter in Self.jobFilters {
        let plan = try Self.plan(of: JobQuery(filter: filter).sql, in: db)
        #expect(!plan.contains { Self.isBareScan($0) || $0.contains("TEMP B-TREE") }, "\(filter): \(plan)")
      }
    }
  }

  @Test("a handler's jobs that went wrong have an index of their own, and its other jobs do not need it")
  func wrong() async throws {
    try await withFilledStore { db in
      var filter = JobFilter()
      filter.handler = "alpha"
      filter.states = [.failed, .running, .cancelled]
      let plan = try Self.plan(of: JobQuery(filter: filter).sql, in: db)
      #expect(plan.count { $0.contains("job_handler_state (handler=? AND state=?") } == 2, "\(plan)")
      #expect(plan.count { $0.contains("job_state (state=?") } == 1, "\(plan)")
    }
  }

  @Test("no list of attempts reads a table from end to end")
  func history() async throws {
    try await withFilledStore { db in
      for order in HistoryFilter.Order.allCases {
        for var filter in Self.historyFilters {
          filter.order = order
          for driver in HistoryQuery.Driver.allCases where filter.permits(driver) {
            let plan = try Self.plan(of: HistoryQuery(filter, driver: driver).list, in: db)
            #expect(!plan.contains(where: Self.isBareScan), "\(driver) \(filter): \(plan)")
          }
        }
      }
    }
  }

  @Test("a list of attempts by time is not sorted, but for the few rows of what is rare")
  func defaultOrder() async throws {
    try await withFilledStore { db in
      for filter in Self.historyFilters {
        // As chosen in a database where nothing is rare.
        let driver = HistoryQuery.indexed(filter)
        let plan = try Self.plan(
          of: HistoryQuery(filter, driver: filter.job == nil ? driver : .job).list, in: db)
        #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(driver) \(filter): \(plan)")
      }
      for order in HistoryFilter.Order.allCases {
        var filter = HistoryFilter()
        filter.order = order
        let plan = try Self.plan(of: HistoryQuery(filter, in: db).list, in: db)
        #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(order): \(plan)")
      }
    }
  }

  @Test("sums of the history and lists of workflows read no table from end to end, and payloads by number")
  func sums() async throws {
    try await withFilledStore { db in
      let columns: SQL = "attempt.handler, attempt.outcome, attempt.memory_peak, attempt.duration"
      for filter in Self.historyFilters {
        for driver in HistoryQuery.Driver.allCases where filter.permits(driver) {
          let plan = try Self.plan(of: HistoryQuery(filter, driver: driver).rows(columns), in: db)
          #expect(!plan.contains(where: Self.isBareScan), "\(driver) \(filter): \(plan)")
        }
      }
      for sql in [WorkflowRows.page, PayloadQuery.sql] {
        let unbound = StatementArguments((0..<sql.count { $0 == "?" }).map { _ in DatabaseValue.null })
        let plan = try Self.plan(of: SQL(sql: sql, arguments: unbound), in: db)
        #expect(!plan.contains { Self.isBareScan($0) || $0.hasPrefix("SCAN workflow") }, "\(plan)")
      }
    }
  }

  @Test("no job is looked up for attempts that are only sorted or counted, unless its state is asked for")
  func jobsOfAttempts() async throws {
    try await withFilledStore { db in
      for filter in Self.historyFilters {
        for driver in HistoryQuery.Driver.allCases where filter.permits(driver) {
          let plan = try Self.plan(of: HistoryQuery(filter, driver: driver).rows("attempt.job"), in: db)
          let needsJobs = !filter.states.isEmpty || driver == .job
          #expect(plan.contains { $0.hasPrefix("SEARCH job ") } == needsJobs, "\(driver) \(filter): \(plan)")
        }
      }
    }
  }

  @Test("where jobs are found first, their attempts are by the job's number, whatever else is asked of them")
  func attemptsOfJobs() async throws {
    try await withFilledStore { db in
      for filter in Self.historyFilters {
        for driver in [HistoryQuery.Driver.job, .label, .state, .handlerState] where filter.permits(driver) {
          let plan = try Self.plan(of: HistoryQuery(filter, driver: driver).rows("attempt.job"), in: db)
          let attempts = plan.filter { $0.hasPrefix("SEARCH attempt ") }
          #expect(attempts.count == 1 && attempts[0].contains(" (job=?"), "\(driver) \(filter): \(plan)")
        }
      }
    }
  }

  @Test("what is rare drives, and what is not does not")
  func drivers() async throws {
    try await withFilledStore { db in
      var filter = HistoryFilter()
      #expect(try HistoryQuery(filter, in: db).driver == .time)
      filter.handler = "alpha"
      #expect(try HistoryQuery(filter, in: db).driver == .handler)
      filter.outcomes = [.error]
      #expect(try HistoryQuery(filter, in: db).driver == .handlerOutcome)
      filter.states = [.failed]
      #expect(try HistoryQuery(filter, in: db).driver == .state)
      filter.labels = ["team": "red"]
      #expect(try HistoryQuery(filter, in: db).driver == .label)
      // More jobs than are few, all with one label.
      try db.inTransaction {
        try db.execute(
          sql: """
            INSERT INTO label SELECT job.id, 'team', 'red' FROM job WHERE id NOT IN (SELECT job FROM label);
            WITH RECURSIVE n (i) AS
              (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < \(HistoryQuery.few + 1))
            INSERT INTO job (handler, state, priority, parameters, limit_memory, limit_cpu_millis, limit_pids,
              timeout, grace, max_attempts, retry_delay, submitted, ended)
            SELECT 'many', 'failed', 5, '{}', 1, 1, 1, 1, 1, 1, 1, i, i FROM n;
            INSERT INTO label SELECT id, 'team', 'red' FROM job WHERE handler = 'many'
            """)
        // Of that handler there are few.
        #expect(try HistoryQuery(filter, in: db).driver == .handlerState)
        filter.states = [.failed, .succeeded]
        #expect(try HistoryQuery(filter, in: db).driver == .handlerOutcome)
        filter.handler = nil
        #expect(try HistoryQuery(filter, in: db).driver == .outcome)
        return .rollback
      }
    }
  }

  @Test("by another figure than the time, few rows are sorted and many are found along the figure")
  func orders() async throws {
    let parts: [(HistoryQuery.Driver, @Sendable (inout HistoryFilter) -> Void)] = [
      (.handler, { $0.handler = "alpha" }), (.outcome, { $0.outcomes = [.crashed, .error] }),
      (.jobClass, { $0.jobClass = "small" }), (.time, { $0.since = Sample.time(50) }),
    ]
    try await withFilledStore { db in
      for (driver, change) in parts {
        var filter = HistoryFilter()
        filter.order = .duration
        change(&filter)
        #expect(try HistoryQuery(filter, in: db).driver == driver)
        try db.inTransaction {
          try db.execute(
            sql: """
              WITH RECURSIVE n (i) AS
                (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < \(HistoryQuery.few + 1))
              INSERT INTO attempt (job, number, handler, class, outcome, ended, plugin, plugin_version,
                plugin_sha256, limit_memory, limit_cpu_millis, limit_pids, admission_estimate,
                admission_memory_used, admission_memory_capacity, admission_running, admission_queued, queued,
                starting)
              SELECT (SELECT min(id) FROM job), i + 100, 'alpha', 'small', 'crashed', 1, 'p', '1',
                printf('%064d', 1), 1, 1, 1, 1, 1, 1, 1, 1, \(Sample.time(60).rawValue),
                \(Sample.time(60).rawValue) FROM n
              """)
          let query = try HistoryQuery(filter, in: db)
          #expect(query.driver == .order)
          let plan = try Self.plan(of: query.list, in: db)
          #expect(!plan.contains { Self.isBareScan($0) || $0.contains("TEMP B-TREE") }, "\(plan)")
          return .rollback
        }
      }
    }
  }

  @Test("a result, the attempts at a job and the unfinished jobs are found by an index")
  func others() async throws {
    try await withFilledStore { db in
      let statements: [SQL] =
        ["SELECT * FROM attempt WHERE job = 1 ORDER BY number"]
        + [
          UnfinishedQuery.jobs, UnfinishedQuery.labels, UnfinishedQuery.dependencies,
          UnfinishedQuery.attempts,
        ].map { SQL(sql: $0, arguments: [1, 9]) }
      for sql in statements {
        let plan = try Self.plan(of: sql, in: db)
        #expect(!plan.contains { Self.isBareScan($0) || $0.contains("TEMP B-TREE") }, "\(plan)")
      }
    }
  }

  @Test("what attempts have shown is found by leaps along an index, and read from its end")
  func evidence() async throws {
    try await withFilledStore { db in
      let plans = try [
        EvidenceQuery.nextHandler, EvidenceQuery.nextClass, EvidenceQuery.lastOfHandler,
        EvidenceQuery.lastOfClass,
      ].map { sql in
        // No values are bound: the plan does not depend on them.
        let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
        let unbound = StatementArguments((0..<sql.count { $0 == "?" }).map { _ in DatabaseValue.null })
        return try Row.fetchAll(statement, arguments: unbound).map { $0["detail"] as String }
      }
      #expect(
        plans == [
          ["SEARCH attempt USING INDEX attempt_evidence (handler>?)"],
          ["SEARCH attempt USING INDEX attempt_class_evidence ((handler,class)>(?,?))"],
          ["SEARCH attempt USING INDEX attempt_evidence (handler=?)"],
          ["SEARCH attempt USING INDEX attempt_class_evidence (handler=? AND class=?)"],
        ])
    }
  }

  @Test("ended jobs that may go are found along the index of ends, and what belongs to them by its own")
  func ended() async throws {
    try await withFilledStore { db in
      for choice in [
        EndedJobs(), EndedJobs([.failed], before: Sample.time(9)),
        EndedJobs(since: Sample.time(1), before: Sample.time(9)), EndedJobs(jobs: [JobID(3), JobID(4)]),
      ] {
        let query = EndedQuery(choice: choice, now: Sample.time(9))
        let list = try Self.plan(of: try #require(query.list(atMost: 5)), in: db)
        #expect(!list.contains(where: Self.isBareScan), "\(list)")
        #expect(choice.jobs != nil || !list.contains { $0.contains("TEMP B-TREE") }, "\(list)")
        #expect(
          choice.jobs != nil || list.contains { $0.contains("job_ended (state=? AND ended>?") }, "\(list)")
        let tallies = try Self.plan(of: try #require(query.tallies), in: db)
        #expect(!tallies.contains(where: Self.isBareScan), "\(tallies)")
      }
    }
  }

  @Test("keys, dependencies, workflows, groups, builds and the ends of jobs are found by an index")
  func course() async throws {
    let plans = [
      "SELECT * FROM job_key WHERE handler = '' AND text = ''": "SEARCH job_key USING PRIMARY KEY",
      "DELETE FROM job_key WHERE job = 1": "job_key_job",
      "SELECT * FROM dependency WHERE job = 1": "SEARCH dependency USING PRIMARY KEY",
      "SELECT * FROM dependency WHERE needed = 1": "dependency_needed",
      "SELECT id FROM job WHERE workflow = 1": "job_workflow",
      "SELECT id FROM job WHERE job_group = 'a'": "job_group",
      "SELECT * FROM checkpoint WHERE job = 1": "INTEGER PRIMARY KEY",
      "SELECT value FROM memo WHERE kind = 'pause' AND name = ''": "SEARCH memo USING PRIMARY KEY",
      SQLiteJobStore.endsOfJobs: "SEARCH job USING INTEGER PRIMARY KEY",
      SQLiteJobStore.attemptOfBuild: "attempt_build",
      BlobDirectory.namesOnRecord: "sqlite_autoindex_result",
    ]
    try await withFilledStore { db in
      for (sql, index) in plans {
        let plan = try Row.fetchAll(
          db.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql),
          arguments: StatementArguments((0..<(sql.contains("?") ? 1 : 0)).map { _ in DatabaseValue.null })
        ).map { $0["detail"] as String }
        #expect(plan.contains { $0.contains(index) }, "\(sql): \(plan)")
        #expect(!plan.contains(where: Self.isBareScan), "\(sql): \(plan)")
      }
    }
  }

  private static let jobFilters: [JobFilter] = {
    let parts: [(inout JobFilter) -> Void] = [
      { $0.states = [.failed] }, { $0.states = [.queued, .running, .succeeded] }, { $0.handler = "alpha" },
      { $0.jobClass = "small" }, { $0.labels = ["team": "red"] },
      { $0.labels = ["team": "red", "rare": "yes"] },
      { $0.since = Sample.time(50) }, { $0.until = Sample.time(90) }, { $0.before = JobID(80) },
      { $0.group = "line" }, { $0.isHeld = true }, { $0.workflow = 3 },
    ]
    return combinations(of: parts, starting: JobFilter())
  }()

  private static let historyFilters: [HistoryFilter] = {
    let parts: [(inout HistoryFilter) -> Void] = [
      { $0.states = [.failed] }, { $0.states = [.succeeded, .failed] }, { $0.handler = "alpha" },
      { $0.outcomes = [.crashed] }, { $0.outcomes = [.succeeded, .error, .lost] }, { $0.jobClass = "small" },
      { $0.labels = ["team": "red"] }, { $0.labels = ["team": "red", "rare": "yes"] }, { $0.job = JobID(7) },
      { $0.since = Sample.time(50) }, { $0.until = Sample.time(90) }, { $0.minMemory = Bytes(5) },
    ]
    return combinations(of: parts, starting: HistoryFilter())
  }()

  /// No part, each part, and each pair of parts.
  private static func combinations<Filter>(
    of parts: [(inout Filter) -> Void], starting: Filter
  ) -> [Filter] {
    var filters = [starting]
    for (index, part) in parts.enumerated() {
      var one = starting
      part(&one)
      filters.append(one)
      for other in parts[(index + 1)...] {
        var two = one
        other(&two)
        filters.append(two)
      }
    }
    return filters
  }

  /// Whether a step reads a table from end to end: its time grows with the record. A scan of an index does
  /// not where a LIMIT ends it, which holds for every list: its rows come in the order of the index.
  private static func isBareScan(_ line: String) -> Bool {
    (line.hasPrefix("SCAN job") || line.hasPrefix("SCAN attempt") || line.hasPrefix("SCAN label"))
      && !line.contains("INDEX")
  }

  private static func plan(of sql: SQL, in db: Database) throws -> [String] {
    try SQLRequest<Row>(literal: "EXPLAIN QUERY PLAN \(sql)").fetchAll(db).map { $0["detail"] }
  }

  private func withFilledStore(_ body: @escaping @Sendable (Database) throws -> Void) async throws {
    try await withStore { store, file in
      var workload = Workload(seed: 9)
      try await workload.run(jobs: 120, on: [store])
      let queue = try DatabaseQueue(path: file)
      try await queue.writeWithoutTransaction { db in try body(db) }
      try queue.close()
    }
  }
}
