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
