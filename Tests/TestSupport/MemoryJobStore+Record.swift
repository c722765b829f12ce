package import MillraceCore
package import MillraceEngine
import Synchronization

extension MemoryJobStore: RecordStore {
  package func tallies(of choice: EndedJobs, at now: Timestamp) async throws -> [JobState: JobTally] {
    state.withLock { state in
      state.matching(choice, at: now).reduce(into: [:]) { tallies, record in
        tallies[record.job.state] = (tallies[record.job.state] ?? JobTally()) + record.tally
      }
    }
  }

  package func firstEnd(of choice: EndedJobs, at now: Timestamp) async throws -> Timestamp? {
    state.withLock { $0.matching(choice, at: now).first?.job.ended }
  }

  package func ends(of jobs: [JobID]) async throws -> [JobID: JobEnd?] {
    state.withLock { state in
      jobs.reduce(into: [:]) { ends, id in
        guard state.has(id) else { return }
        let job = state.records[Int(id.rawValue) - 1].job
        ends[id] = .some(job.ended.map { JobEnd(state: job.state, ended: $0) })
      }
    }
  }

  package func builds(onRecord candidates: [String]) async throws -> Set<String> {
    let named = state.withLock { state in
      Set(state.records.filter { !$0.isDeleted }.flatMap { $0.attempts.map(\.pluginSHA256) })
    }
    return named.intersection(candidates)
  }

  package func delete(_ choice: OldTicks, atMost count: Int) async throws -> RowDeletion {
    state.withLock { state in
      let old = state.old(choice).prefix(count)
      for tick in old { state.forget(tick) }
      var deletion = RowDeletion()
      (deletion.count, deletion.last) = (old.count, old.last?.decided)
      return deletion
    }
  }

  package func count(_ choice: OldTicks) async throws -> Int { state.withLock { $0.old(choice).count } }

  package func firstOldTick() async throws -> Timestamp? {
    state.withLock { $0.old(OldTicks(before: Timestamp(rawValue: .max))).first?.decided }
  }

  package func delete(_ choice: OldEvents, atMost count: Int) async throws -> RowDeletion {
    state.withLock { state in
      let old = state.old(choice).prefix(count)
      for record in old { state.events[Int(record.number.rawValue) - 1].isDeleted = true }
      var deletion = RowDeletion()
      (deletion.count, deletion.last) = (old.count, old.last?.received)
      return deletion
    }
  }

  package func count(_ choice: OldEvents) async throws -> Int { state.withLock { $0.old(choice).count } }

  package func firstOldEvent() async throws -> Timestamp? {
    state.withLock { $0.old(OldEvents(before: Timestamp(rawValue: .max))).first?.received }
  }

  /// A job counts 1000 bytes and its payloads.
  package func size() async throws -> RecordSize {
    let records = state.withLock { $0.records.filter { !$0.isDeleted } }
    let payloads = records.map(\.tally).reduce(JobTally(), +).bytes
    return RecordSize(database: Bytes(Int64(1000 * records.count)), payloads: payloads, canShrink: true)
  }

  package func shrink() async throws -> Bytes { .zero }

  package func backup(to directory: String) async throws -> BackupReport {
    throw Refusal(description: "a store in memory has no files")
  }
}
