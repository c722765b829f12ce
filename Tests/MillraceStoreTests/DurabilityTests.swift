import Dispatch
import GRDB
import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("What was promised")
struct DurabilityTests {
  @Test("every number that was given out is there after kill -9")
  func killed() async throws {
    try await withDirectory { directory in
      let file = directory + "/millrace.sqlite"
      let child = try await #require(
        processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
      ) { [file = file as String] in
        let store = try SQLiteJobStore(opening: file)
        var count = 0
        while true {
          for id in try await store.submit([Sample.full(), Sample.plain()], at: Sample.time(0)) {
            print("accepted \(id)")
            count += 1
          }
          fflush(nil)
          // The thread that kills runs while the next batch is written.
          if count == 200 { DispatchQueue.global().async { kill(getpid(), SIGKILL) } }
        }
      }
      let ids = String(decoding: child.standardOutputContent, as: UTF8.self).split(separator: "\n")
        .filter { $0.hasPrefix("accepted ") }.compactMap { JobID(text: String($0.dropFirst(9))) }
      try #require(ids.count >= 200)
      let history = try SQLiteHistory(opening: file)
      for id in ids { #expect(try await history.job(id)?.state == .queued) }
      try history.close()
      let store = try SQLiteJobStore(opening: file)
      let found = Set(try await store.unfinished().map(\.job.id))
      #expect(found.isSuperset(of: ids))
      #expect(found.count.isMultiple(of: 2), "half a batch is there")
      try store.close()
    }
  }

  @Test("after kill -9 each nominal time has one job at most, and each row that has a job has it on record")
  func killedWhileClaiming() async throws {
    try await withDirectory { directory in
      let file = directory + "/millrace.sqlite"
      let child = try await #require(
        processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
      ) { [file = file as String] in
        let store = try SQLiteJobStore(opening: file)
        let change = ScheduleChange.add(try Sample.definition(), file: nil, created: Sample.time(0))
        guard var schedule = try await store.change(change) else { return }
        for second: Int64 in stride(from: 1, to: .max, by: 3) {
          let claims = threeClaims(from: second, of: schedule)
          _ = try await store.claim(claims, at: Sample.time(second))
          schedule = claims[2].schedule
          print("claimed \(second)")
          fflush(nil)
          // The thread that kills runs while the next claims are written.
          if second == 601 { DispatchQueue.global().async { kill(getpid(), SIGKILL) } }
        }
      }
      let claimed = String(decoding: child.standardOutputContent, as: UTF8.self).split(separator: "\n")
        .filter { $0.hasPrefix("claimed ") }.compactMap { Int64($0.dropFirst(8)) }
      try #require(claimed.count > 200)
      let store = try SQLiteJobStore(opening: file)
      let schedule = try #require(try await store.schedules().first)
      let newest = try await demandMatching(of: schedule, in: store)
      #expect(newest >= (claimed.last ?? 0) + 2 && newest.isMultiple(of: 3), "some of the claims are there")
      // One that does not know how far it came claims all of them again.
      let jobs = try await store.unfinished().count
      for second: Int64 in stride(from: 1, to: newest, by: 3) {
        let results = try await store.claim(threeClaims(from: second, of: schedule), at: Sample.time(second))
        #expect(results == [.taken, .taken, .taken])
      }
      #expect(try await store.unfinished().count == jobs)
      try store.close()
    }
  }

  /// Demands that each row that has a job has one of its own, and the other way about.
  /// - Returns: the newest nominal time in seconds.
  private func demandMatching(of schedule: Schedule, in store: SQLiteJobStore) async throws -> Int64 {
    var filter = TickFilter(schedule: schedule.id)
    filter.limit = 10_000
    let ticks = try await store.ticks(matching: filter).map(\.tick)
    var every = JobFilter()
    every.limit = 10_000
    let jobs = try await store.jobs(matching: every)
    let rows = ticks.filter(\.fate.hasJob).map { Pair(job: $0.job, nominal: "\($0.nominal.rawValue)") }
    #expect(Set(rows) == Set(jobs.map { Pair(job: $0.id, nominal: $0.submission.labels["nominal"]) }))
    #expect(rows.count == jobs.count && jobs.count < 10_000)
    #expect(schedule.runs == jobs.count && schedule.decided == ticks.first?.nominal)
    return ((ticks.first?.nominal ?? Sample.time(0)) - Sample.time(0)).microseconds / 1_000_000
  }

  private struct Pair: Hashable {
    var job: JobID?
    var nominal: String?
  }

  @Test("batches that are accepted at once have numbers of their own, each without a gap")
  func concurrentBatches() async throws {
    try await withStore { store, _ in
      let batches = try await withThrowingTaskGroup(of: [JobID].self) { group in
        for size in 1...20 {
          group.addTask { try await store.submit((0..<size).map { _ in Sample.plain() }, at: Sample.time(0)) }
        }
        return try await group.reduce(into: [[JobID]]()) { $0.append($1) }
      }
      for batch in batches {
        #expect(batch.map(\.rawValue) == Array(batch[0].rawValue..<(batch[0].rawValue + Int64(batch.count))))
      }
      #expect(Set(batches.flatMap { $0 }).count == 210)
    }
  }

  @Test("a cancelled task's commit is committed all the same")
  func cancelledTask() async throws {
    try await withStore { store, _ in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await store.submit([Sample.plain()], at: Sample.time(0))
      }
      let ids = try await task.value
      #expect(try await store.unfinished().map(\.job.id) == ids)
    }
  }

  @Test("a change from a wrong state says which job, which state and what was expected")
  func wrongState() async throws {
    try await withStore { store, _ in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      let error = try await storeError {
        try await store.commit([.running(AttemptID(job: id, number: 1), at: Sample.time(1))])
      }
      #expect(error.reason == .wrongState)
      #expect(
        error.detail.hasPrefix(
          "job `1` is `queued` with 0 attempts, not `starting`, so it can't become running")
      )
    }
  }
}

/// Two nominal times with jobs, which have them as a label, and one without.
private func threeClaims(from second: Int64, of schedule: Schedule) -> [Claim] {
  var claims: [Claim] = []
  for (place, fate) in [Fate.ran, .late, .missedDown].enumerated() {
    var claim = Sample.claim(second + Int64(place), of: claims.last?.schedule ?? schedule, fate)
    claim.submission?.labels = ["nominal": "\(claim.tick.nominal.rawValue)"]
    claims.append(claim)
  }
  return claims
}
