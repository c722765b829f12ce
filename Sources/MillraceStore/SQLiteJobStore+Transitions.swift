import GRDB
package import MillraceCore
package import MillraceEngine

extension SQLiteJobStore {
  package func transitions(after last: Int64, atMost count: Int) async throws -> [TransitionRow] {
    try await history.read("read transitions") { try TransitionRows.read(after: last, atMost: count, in: $0) }
  }

  package func transitionNumbers() async throws -> ClosedRange<Int64>? {
    try await history.read("look for the transitions on record") { db in
      try TransitionRows.first(in: db).map { $0.first...(try TransitionRows.last(in: db)) }
    }
  }

  package func delete(_ choice: OldTransitions, atMost count: Int) async throws -> RowDeletion {
    try await write("delete transitions", placing: []) {
      try NumberedRows.transitions.delete(before: choice.before, atMost: count, in: $0)
    }
  }

  package func count(_ choice: OldTransitions) async throws -> Int {
    try await history.read("count transitions") {
      try NumberedRows.transitions.old(before: choice.before, atMost: .max, in: $0).count
    }
  }

  package func firstOldTransition() async throws -> Timestamp? {
    try await history.read("look for the first transition") {
      try NumberedRows.transitions.old(before: Timestamp(rawValue: .max), atMost: 1, in: $0).first?.time
    }
  }
}
