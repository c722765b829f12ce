import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("A database of an older Millrace")
struct MigrationTests {
  @Test("is brought up to date by the store, and everything in it can be read and goes on")
  func store() async throws {
    try await withSchema("v1") { file in
      let store = try SQLiteJobStore(opening: file)
      let ended = try await store.attempts(of: JobID(1))
      var expected = Sample.attempt(JobID(1), handler: "resize")
      expected.admission = Admission(
        demand: Resources(slots: 1, memory: Bytes(5), committed: Bytes(1), cpuMillis: 2),
        used: Resources(slots: 8, memory: Bytes(6)), capacity: Resources(memory: Bytes(7)), queued: 9)
      expected.started = Sample.time(12)
      expected.end = Sample.fullEnd(.succeeded)
      expected.end?.usage.timeToPeak = nil
      expected.end?.result = nil
      #expect(ended == [expected])
      #expect(try await store.history(matching: HistoryFilter()).count == 2)
      #expect(try await store.evidence(lastOfEach: 5).map(\.duration) == [.seconds(8)])

      let running = AttemptID(job: JobID(2), number: 1)
      #expect(try await store.unfinished().map(\.openAttempt?.id) == [running])
      try await store.commit([
        .frozen(running, at: Sample.time(21)),
        .ended(running, Sample.fullEnd(.succeeded, at: 30), next: .done(.succeeded)),
      ])
      #expect(try await store.attempts(of: JobID(2)).first?.frozenTime == .seconds(9))
      #expect(try await store.evidence(lastOfEach: 5).map(\.duration) == [.seconds(8), .seconds(9)])
      let seconds = try await store.pool.read { db in
        try Double.fetchAll(db, sql: "SELECT frozen_s FROM history ORDER BY job")
      }
      #expect(seconds == [0, 9])
      try store.close()
    }
  }

  @Test("is refused by a reader, which may not bring it up to date")
  func reader() async throws {
    try await withSchema("v1") { file in
      let error = try await storeError { _ = try SQLiteHistory(opening: file) }
      #expect(error.reason == .olderSchema)
      #expect(error.description.contains("hint: start `millraced` once"))
      try SQLiteJobStore(opening: file).close()
      let history = try SQLiteHistory(opening: file)
      #expect(try await history.jobs(matching: JobFilter()).count == 2)
      try history.close()
    }
  }

  @Test("of the schema before schedules has none, and takes them; jobs of before end as ever")
  func schedules() async throws {
    try await withSchema("v4") { file in
      let error = try await storeError { _ = try SQLiteHistory(opening: file) }
      #expect(error.reason == .olderSchema)
      let store = try SQLiteJobStore(opening: file)
      #expect(try await store.schedules().isEmpty)
      let added = try await store.change(
        .add(try Sample.definition(), file: nil, created: Sample.time(0)))
      let schedule = try #require(added)
      var claim = Sample.claim(5, of: schedule)
      claim.submission?.after = [Dependency(.job(JobID(2)), .any)]
      #expect(
        try await store.claim([claim], at: Sample.time(25))
          == [
            .claimed(
              Acceptance(job: JobID(3), state: .blocked, waitsFor: [Dependency(.job(JobID(2)), .any)]))
          ])
      let running = AttemptID(job: JobID(2), number: 1)
      try await store.commit([
        .ended(running, Sample.fullEnd(.succeeded, at: 30), next: .done(.succeeded)),
        .closed(JobID(3), .cancelled, .cancelled, at: Sample.time(31)),
      ])
      #expect(
        try await store.ticks(matching: TickFilter(schedule: schedule.id)).map(\.state) == [.cancelled])
      try store.close()
    }
  }

  @Test("of the schema before events keeps its nominal times and their counts, and takes events")
  func events() async throws {
    try await withSchema("v5") { file in
      let queue = try DatabaseQueue(path: file)
      try await queue.write { db in
        try db.execute(sql: Self.ticks, arguments: [Sample.time(0).rawValue])
      }
      let before = try await queue.read { try String.fetchAll($0, sql: Self.allTicks) }
      try queue.close()
      let store = try SQLiteJobStore(opening: file)
      let after = try await store.pool.read { try String.fetchAll($0, sql: Self.allTicks) }
      #expect(after == before && after.count == 4)
      func tally() async throws -> ScheduleTally? {
        try await store.tallies(of: [ScheduleID(1)])[ScheduleID(1)]
      }
      #expect(try await tally()?.fates == [.ran: 1, .late: 1, .missedDown: 2])
      #expect(try await tally()?.succeeded == 1)
      #expect(try await store.unfinishedJobsOfSchedules() == [ScheduleID(1): [JobID(2)]])
      // What is counted is still counted.
      let running = AttemptID(job: JobID(2), number: 1)
      try await store.commit([
        .ended(running, Sample.fullEnd(.succeeded, at: 30), next: .done(.succeeded)),
        .announcedEnd(JobID(2), at: Sample.time(30)),
      ])
      #expect(try await tally()?.succeeded == 2)
      var claim = Sample.claim(9, of: try #require(try await store.schedules().first), .skippedLoop)
      claim.events = try await store.openEvents(atMost: 9).map(\.number)
      _ = try await store.claim([claim], at: Sample.time(40))
      #expect(try await tally()?.fates == [.ran: 1, .late: 1, .missedDown: 2, .skippedLoop: 1])
      #expect(try await store.event(EventNumber(1))?.effects.map(\.fate) == [.skippedLoop])
      #expect(try await store.delete(OldTicks(before: Sample.time(4)), atMost: 9).count == 3)
      #expect(try await tally()?.fates == [.late: 1, .skippedLoop: 1])
      try store.close()
      let history = try SQLiteHistory(opening: file)
      #expect(try await history.check(within: .seconds(60)).damages == [])
      try history.close()
    }
  }

  @Test("of the schema before transitions tells of what comes from then on")
  func transitions() async throws {
    try await withSchema("v6") { file in
      let store = try SQLiteJobStore(opening: file)
      #expect(try await store.transitionNumbers() == nil && store.live.last == 0)
      let running = AttemptID(job: JobID(2), number: 1)
      try await store.commit([.ended(running, Sample.fullEnd(.succeeded, at: 30), next: .done(.succeeded))])
      let rows = try await store.transitions(after: 0, atMost: 9)
      #expect(rows.flatMap(\.transitions).map(\.kind) == [.attemptEnded, .jobSucceeded])
      #expect(rows.flatMap(\.transitions).map(\.handler) == ["resize", "resize"])
      try store.close()
    }
  }

  @Test("what admission knew is kept as text that a later build must still read")
  func admissionText() async throws {
    try await withStore { store, _ in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      try await store.commit([.starting(Sample.attempt(id))])
      let text = try await store.pool.read { db in
        try String.fetchOne(db, sql: "SELECT admission FROM attempt")
      }
      #expect(
        text == """
          {"basis":{"percentile95":{"of":17}},\
          "capacity":{"committed":15,"cpuMillis":16,"memory":7,"slots":14},\
          "demand":{"committed":10,"cpuMillis":11,"memory":5,"slots":1},\
          "heldBy":{"capacity":20,"gate":"rate","isOpen":false,"need":18,"opensAt":1767225621000000,\
          "subject":"5/min","used":19},\
          "isBackfill":true,"pressure":1,"queued":9,\
          "used":{"committed":12,"cpuMillis":13,"memory":6,"slots":8}}
          """)
    }
  }

  private static let allTicks = """
    SELECT json_array(schedule, nominal, local, fate, decided, job, note, job_state) FROM tick
    ORDER BY schedule, nominal
    """

  /// A schedule with a time whose job has succeeded, one whose job runs, and two that were missed.
  private static let ticks = """
    CREATE TEMP TABLE given AS SELECT ? AS zero;
    INSERT INTO schedule (id, name, definition, created, decided)
      SELECT 1, 'nightly', '{"name": "nightly", "every": "1h", "job": {"handler": "noop"}}', zero, zero
      FROM given;
    INSERT INTO tick (schedule, nominal, local, fate, decided, job, note, job_state)
    SELECT 1, zero + 1000000, 'one', 'ran', zero + 1000000, 1, NULL, 'succeeded' FROM given
    UNION ALL SELECT 1, zero + 2000000, 'two', 'late', zero + 2000000, 2, '15 s late', NULL FROM given
    UNION ALL SELECT 1, zero + 3000000, 'three', 'missed-down', zero + 3000000, NULL, 'ä', NULL FROM given
    UNION ALL SELECT 1, zero + 3500000, 'four', 'missed-down', zero + 3500000, NULL, NULL, NULL FROM given;
    DROP TABLE given
    """

  /// Gives `body` the path of a database in an old schema: a job that has ended, and one that runs.
  private func withSchema(_ version: String, _ body: (String) async throws -> Void) async throws {
    try await withDirectory { directory in
      let file = directory + "/millrace.sqlite"
      let queue = try DatabaseQueue(path: file)
      try Schema.migrator.migrate(queue, upTo: version)
      try await queue.write { db in
        try db.execute(
          sql: Self.rows, arguments: [Sample.time(0).rawValue, String(repeating: "f", count: 64)])
      }
      try queue.close()
      try await body(file)
    }
  }

  private static let rows = """
    CREATE TEMP TABLE given AS SELECT ? AS zero, ? AS build;
    INSERT INTO job (id, handler, state, priority, parameters, limit_memory, limit_cpu_millis, limit_pids,
      timeout, grace, max_attempts, retry_delay, submitted, ended, attempts, attempts_used)
    SELECT 1, 'resize', 'succeeded', 5, '{}', 1, 2, 3, 1000000, 1, 1, 1, zero,
      zero + 20000000, 1, 1 FROM given
    UNION ALL
    SELECT 2, 'resize', 'running', 5, '{}', 1, 2, 3, 1000000, 1, 1, 1, zero, NULL, 1, 0 FROM given;
    INSERT INTO attempt (job, number, handler, plugin, plugin_version, plugin_sha256, limit_memory,
      limit_cpu_millis, limit_pids, limit_io, admission_estimate, admission_memory_used,
      admission_memory_capacity, admission_running, admission_queued, queued, starting, started)
    SELECT job.id, 1, 'resize', 'tools', '1.0', build, 1, 2, 3, '[{"device":"8:0","writeBytesPerSecond":4}]',
      5, 6, 7, 8, 9, zero + 10000000, zero + 11000000, zero + 12000000 FROM job, given;
    UPDATE attempt SET outcome = 'succeeded', ended = (SELECT zero + 20000000 FROM given), exit_code = 7,
      failure_code = 'bad-picture', failure_message = 'it is no picture', failure_retryable = 1,
      memory_peak = 1,
      cpu_user = 2, cpu_system = 3, throttled = 4, io_read = 5, io_written = 6, pids_peak = 7, oom_kills = 8,
      forks_refused = 9
    WHERE job = 1;
    DROP TABLE given
    """
}
