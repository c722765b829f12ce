package import MillraceCore
package import MillraceEngine
import Synchronization

extension MemoryJobStore {
  package func transitions(after last: Int64, atMost count: Int) async throws -> [TransitionRow] {
    state.withLock { Array($0.told.filter { $0.last > last }.prefix(count)) }
  }

  package func transitionNumbers() async throws -> ClosedRange<Int64>? {
    state.withLock { state in state.told.first.map { $0.first...(state.told.last ?? $0).last } }
  }

  package func delete(_ choice: OldTransitions, atMost count: Int) async throws -> RowDeletion {
    state.withLock { state in
      var deletion = RowDeletion()
      let old = state.old(choice).prefix(count)
      (deletion.count, deletion.last) = (old.count, old.last?.time)
      state.told.removeFirst(old.count)
      return deletion
    }
  }

  package func count(_ choice: OldTransitions) async throws -> Int { state.withLock { $0.old(choice).count } }

  package func firstOldTransition() async throws -> Timestamp? {
    state.withLock { $0.old(OldTransitions(before: Timestamp(rawValue: .max))).first?.time }
  }

  /// Makes a write, all of it or nothing, and tells of it in the order of the writes.
  func write<Value>(at now: Timestamp, _ body: (inout State) throws -> Value) throws -> Value {
    defer { ring.yield() }
    return try state.withLock { state in
      var draft = state
      let value = try body(&draft)
      let rows = TransitionRow.rows(of: draft.telling, after: draft.told.last?.last ?? 0, at: now)
      draft.telling = []
      draft.told += rows
      state = draft
      live.publish(rows)
      return value
    }
  }
}

extension MemoryJobStore.State {
  /// The rows that may go; the newest stays.
  func old(_ choice: OldTransitions) -> ArraySlice<TransitionRow> {
    told.dropLast().prefix { $0.time < choice.before }
  }

  mutating func tell(_ change: StoreChange) {
    telling += change.transitions { id in
      has(id) ? records[Int(id.rawValue) - 1].job.submission.handler : ""
    }
  }
}

extension JobStore {
  /// The same where it does not matter when it is told.
  package func commit(_ changes: [StoreChange]) async throws { try await commit(changes, at: Sample.time(0)) }
}

extension ScheduleStore {
  /// The same where it does not matter when it is told.
  package func change(_ change: ScheduleChange) async throws -> Schedule? {
    try await self.change(change, at: Sample.time(0))
  }
}
