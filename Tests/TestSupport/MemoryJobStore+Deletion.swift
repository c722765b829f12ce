package import MillraceCore
package import MillraceEngine
import Synchronization

extension MemoryJobStore {
  package func delete(_ choice: EndedJobs, atMost count: Int, at now: Timestamp) async throws -> Deletion {
    state.withLock { state in
      var deletion = Deletion()
      for record in state.matching(choice, at: now).prefix(count) {
        let (id, tally) = (record.job.id, record.tally)
        state.records[Int(id.rawValue) - 1].isDeleted = true
        state.keys = state.keys.filter { $0.value.job != id }
        deletion.jobs.append(id)
        deletion.tallies[record.job.state] = (deletion.tallies[record.job.state] ?? JobTally()) + tally
        deletion.last = record.job.ended
      }
      return deletion
    }
  }
}

extension MemoryJobStore.State {
  /// Whether there is such a job.
  func has(_ job: JobID) -> Bool {
    let index = Int(job.rawValue) - 1
    return records.indices.contains(index) && !records[index].isDeleted
  }

  /// The ended jobs that are meant and may go, the first end first.
  func matching(_ choice: EndedJobs, at now: Timestamp) -> [MemoryJobStore.Record] {
    let there = records.filter { !$0.isDeleted }
    let needed = Set(
      there.filter { !$0.job.state.isFinal }.flatMap { $0.job.submission.after.map(\.needed) })
    let held = keys.values.filter { $0.until.map { $0 > now } ?? false }.map(\.job)
    let found = there.filter { record in
      guard let ended = record.job.ended else { return false }
      return choice.states.contains(record.job.state) && !needed.contains(.job(record.job.id))
        && choice.since.map { ended >= $0 } ?? true && choice.before.map { ended < $0 } ?? true
        && choice.jobs.map { $0.contains(record.job.id) } ?? !held.contains(record.job.id)
    }
    // A stable order: by the end, then by the number.
    return found.sorted {
      ($0.job.ended ?? $0.job.submitted, $0.job.id) < ($1.job.ended ?? $1.job.submitted, $1.job.id)
    }
  }
}

extension MemoryJobStore.Record {
  /// How much it is.
  var tally: JobTally {
    let size = (input?.count ?? 0) + results.values.reduce(0) { $0 + $1.bytes.count }
    return JobTally(jobs: 1, attempts: attempts.count, bytes: Bytes(Int64(size)))
  }
}
