import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Query plans of schedules")
struct SchedulePlanTests {
  @Test("no list of nominal times reads more rows than it has, and none is sorted")
  func lists() async throws {
    var filters = [TickFilter(schedule: ScheduleID(1))]
    filters[0].limit = 5
    for change: (inout TickFilter) -> Void in [
      { $0.fates = [.ran] }, { $0.fates = [.ran, .missedDown, .skippedOverlap] },
      { $0.fates = Set(Fate.allCases) }, { $0.from = Sample.time(1) }, { $0.before = Sample.time(2) },
    ] {
      for var filter in filters {
        change(&filter)
        filters.append(filter)
      }
    }
    try await withScheduledStore { store, _ in
      for filter in filters {
        let plan = try await Self.plan(of: TickQuery(filter: filter).sql, in: store)
        #expect(!plan.contains { $0.hasPrefix("SCAN") || $0.contains("TEMP B-TREE") }, "\(filter): \(plan)")
        let isAll = filter.fates.isEmpty || filter.fates.count == Fate.allCases.count
        let step =
          isAll
          ? "SEARCH tick USING PRIMARY KEY (schedule=? AND nominal>? AND nominal<?)"
          : "SEARCH tick USING INDEX tick_fate (schedule=? AND fate=? AND nominal>? AND nominal<?)"
        #expect(plan.count { $0 == step } == (isAll ? 1 : filter.fates.count), "\(filter): \(plan)")
      }
    }
  }

  @Test("what is asked of a schedule or a job is found by an index, however many nominal times there are")
  func figures() async throws {
    let plans = [
      ScheduleFigures.counts: ["SEARCH tick_tally USING PRIMARY KEY (schedule=?)"],
      ScheduleFigures.lastOfFate: ["SEARCH tick USING COVERING INDEX tick_fate (schedule=? AND fate=?)"],
      ScheduleFigures.lastSuccess: [
        "SEARCH tick USING COVERING INDEX tick_ended (schedule=? AND job_state=?)"
      ],
      ScheduleRows.all: ["SCAN schedule USING INDEX schedule_name"],
      ScheduleRows.named: ["SEARCH schedule USING INDEX schedule_name (name=?)"],
      ScheduleRows.later: ["SEARCH schedule USING INDEX schedule_name (name>?)"],
      ScheduleSchema.noteEnd("NULL", of: "?"): ["SEARCH tick USING COVERING INDEX tick_job (job=?)"],
      "SELECT job FROM tick WHERE schedule = ? AND nominal = ?": [
        "SEARCH tick USING PRIMARY KEY (schedule=? AND nominal=?)"
      ],
      // It has only those whose job has not ended.
      ScheduleFigures.unfinishedJobs: [
        "SCAN tick USING INDEX tick_open", "SEARCH schedule USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH job USING INTEGER PRIMARY KEY (rowid=?)",
      ],
      ScheduleFigures.durations: [
        "CO-ROUTINE tick", "SEARCH tick USING COVERING INDEX tick_ended (schedule=? AND job_state=?)",
        "SCAN tick", "CORRELATED SCALAR SUBQUERY 1",
        "SEARCH attempt USING INDEX sqlite_autoindex_attempt_1 (job=?)",
      ],
    ]
    try await withScheduledStore { store, _ in
      for (sql, expected) in plans {
        let unbound = StatementArguments((0..<sql.count { $0 == "?" }).map { _ in DatabaseValue.null })
        let plan = try await Self.plan(of: SQL(sql: sql, arguments: unbound), in: store)
        #expect(plan == expected, "\(sql)")
      }
    }
  }

  @Test("fates are counted along the times of each schedule, from the last ones on")
  func fates() async throws {
    try await withScheduledStore { store, _ in
      let sql = SQL(sql: ScheduleFigures.fates, arguments: ["noop", 199])
      let plan = try await Self.plan(of: sql, in: store)
      #expect(plan.contains("SEARCH tick USING PRIMARY KEY (schedule=? AND nominal>?)"), "\(plan)")
      #expect(plan.contains("SEARCH other USING PRIMARY KEY (schedule=?)"), "\(plan)")
    }
  }

  @Test("old nominal times are found in the order in which they were decided, and not sorted")
  func old() async throws {
    try await withScheduledStore { store, _ in
      let query = OldTicksQuery(choice: OldTicks(since: Sample.time(1), before: Sample.time(9)))
      for sql in [query.list(atMost: 5), query.count] {
        let plan = try await Self.plan(of: sql, in: store)
        #expect(!plan.contains { $0.hasPrefix("SCAN") || $0.contains("TEMP B-TREE") }, "\(plan)")
        #expect(
          plan.contains {
            $0.hasPrefix("SEARCH tick USING") && $0.contains("tick_decided (decided>? AND decided<?)")
          },
          "\(plan)")
        #expect(
          plan.contains("SEARCH success USING COVERING INDEX tick_ended (schedule=? AND job_state=?)"),
          "\(plan)")
      }
    }
  }

  @Test("the end of a job that is of no schedule looks at one index, and at nothing while it goes on")
  func ends() async throws {
    try await withScheduledStore { store, _ in
      let triggers = try await store.pool.read { db in
        try String.fetchAll(
          db, sql: "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'job'")
      }
      #expect(triggers.count == 1)
      #expect(triggers[0].contains("AFTER UPDATE OF ended ON job WHEN OLD.ended IS NOT NEW.ended"))
    }
  }

  private static func plan(of sql: SQL, in store: SQLiteJobStore) async throws -> [String] {
    try await store.pool.read { db in
      try SQLRequest<Row>(literal: "EXPLAIN QUERY PLAN \(sql)").fetchAll(db).map { $0["detail"] }
    }
  }
}
