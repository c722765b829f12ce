import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Transitions in SQLite")
struct TransitionTests {
  @Test("numbers go on in the next runner, which tells of what came before when it is asked")
  func reopening() async throws {
    try await withDirectory { directory in
      let file = directory + "/millrace.sqlite"
      let first = try SQLiteJobStore(opening: file)
      let job = try await first.submit([Sample.plain()], at: Sample.time(1))[0]
      try await first.commit([.held(job, true), .held(job, false)])
      try first.close()
      let second = try SQLiteJobStore(opening: file)
      #expect(second.live.last == 3 && second.live.rows(after: 3) == [])
      #expect(second.live.rows(after: 1) == nil)
      var reader = TransitionReader(second, after: 2)
      try await second.commit([.held(job, true)])
      var numbers: [Int64] = []
      while case .rows(let rows, let seen)? = try await reader.next() {
        numbers += rows.flatMap { Array($0.first...$0.last) }.filter { $0 > seen }
      }
      #expect(numbers == [3, 4])
      try second.close()
    }
  }

  @Test("no more than so many are kept, however many come")
  func bound() async throws {
    try await withDirectory { directory in
      let database = DatabaseFile(path: directory + "/millrace.sqlite", keptTransitions: 3000)
      let store = try SQLiteJobStore(opening: database)
      let job = try await store.submit([Sample.plain()], at: Sample.time(1))[0]
      for _ in 0..<80 {
        try await store.commit((0..<100).map { .held(job, $0 % 2 == 0) })
        let numbers = try #require(try await store.transitionNumbers())
        #expect(numbers.count <= 3000 + Int(TransitionWriter.slack) + 100)
      }
      #expect(try await store.transitionNumbers()?.upperBound == 8001)
      #expect(try await store.transitionNumbers()?.lowerBound ?? 0 > 4900 - TransitionWriter.slack)
      try store.close()
    }
  }

  @Test("are written as a decoder reads them, whatever is in them")
  func text() async throws {
    try await withStore { store, _ in
      var odd = Transition(
        .pluginRefused, job: JobID(.max), attempt: 7, handler: "a\"\\\u{0}\n/é", state: .scheduled,
        time: Sample.time(9))
      odd.details = [
        "text": .string("\u{1F600}\u{7F}\""), "null": .null, "part": .number(0.5),
        "list": .array([.bool(true)]),
      ]
      let all = [odd] + Transition.Kind.allCases.map { Transition($0) }
      try await store.commit(all.map { .told($0) }, at: Sample.time(1))
      #expect(try await store.transitions(after: 0, atMost: 9).flatMap(\.transitions) == all)
    }
  }

  @Test("one that can't be read is damage")
  func damage() async throws {
    try await withStore { store, file in
      _ = try await store.submit([Sample.plain()], at: Sample.time(1))
      let history = try SQLiteHistory(opening: file)
      #expect(try await history.check(within: .seconds(60)).damages == [])
      try await store.pool.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA ignore_check_constraints = ON; UPDATE transition SET content = '{'")
      }
      #expect(
        try await history.check(within: .seconds(60)).damages == ["the transitions up to 1 can't be read"])
      try history.close()
    }
  }

  @Test("what is read or deleted is found by the number, and nothing is sorted")
  func plans() async throws {
    try await withStore { store, _ in
      let plans = [
        TransitionRows.above: ["SEARCH transition USING INTEGER PRIMARY KEY (rowid>?)"],
        NumberedRows.transitions.query: [
          "SEARCH transition USING INTEGER PRIMARY KEY (rowid<?)", "SCALAR SUBQUERY 1", "SEARCH transition",
        ],
      ]
      for (sql, expected) in plans {
        let plan = try await store.pool.read { db in
          let unbound = StatementArguments((0..<sql.count { $0 == "?" }).map { _ in DatabaseValue.null })
          return try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: unbound).map {
            $0["detail"] as String
          }
        }
        #expect(plan == expected)
      }
    }
  }
}
