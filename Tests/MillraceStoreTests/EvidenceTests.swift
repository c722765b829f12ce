import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("What attempts have shown")
struct EvidenceTests {
  @Test("is found as a plain loop over all rows finds it", arguments: [1, 2, 3] as [UInt64])
  func random(seed: UInt64) async throws {
    try await withStore { store, _ in
      let memory = MemoryJobStore()
      var workload = Workload(seed: seed)
      try await workload.run(jobs: 300, on: [store, memory])
      for count in [1, 2, 3, 5, 10, 30, 1000] {
        let found = try await store.evidence(lastOfEach: count)
        let expected = try await memory.evidence(lastOfEach: count)
        #expect(found == expected && !found.isEmpty, "\(count)")
      }
    }
  }

  @Test("is read of so many kinds and no more, handlers first, by name")
  func bound() async throws {
    try await withStore { store, _ in
      for (handler, jobClass) in [("b", "y"), ("a", "x"), ("c", "z"), ("a", "w"), ("a", "x"), ("b", nil)] {
        let id = try await store.submit(
          [Sample.plain(handler: handler, jobClass: jobClass)], at: Sample.time(0))[0]
        let attempt = Sample.attempt(id, handler: handler)
        try await store.commit([
          .starting(attempt), .running(attempt.id, at: Sample.time(12)),
          .ended(
            attempt.id, AttemptEnd(outcome: .succeeded, ended: Sample.time(20 + id.rawValue)),
            next: .done(.succeeded)),
        ])
      }
      let expected = [
        [], ["a x"], ["a x", "b -"], ["c z", "a x", "b -"], ["c z", "a w", "a x", "b -"],
        ["c z", "a w", "a x", "b -"], ["b y", "c z", "a w", "a x", "b -"],
      ]
      for (bound, kinds) in expected.enumerated() {
        let found = try await store.pool.read { db in
          try EvidenceQuery(count: 1, maxKinds: bound).read(in: db)
        }
        #expect(found.map { "\($0.handler) \($0.jobClass ?? "-")" } == kinds, "\(bound)")
      }
    }
  }

  @Test("is of the outcomes that the core holds for evidence; a change of them needs new indices")
  func condition() {
    let names = Outcome.allCases.filter(\.isEvidence).map { "'\($0.rawValue)'" }
    #expect(
      EvidenceQuery.condition == "outcome IN (\(names.joined(separator: ", "))) AND started IS NOT NULL")
  }
}
