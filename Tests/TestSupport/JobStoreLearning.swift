import MillraceCore
import MillraceEngine

/// The clauses about what attempts have shown.
extension JobStoreContract {
  static let learning = [
    JobStoreContract("what an attempt has shown comes back, without the time that it was frozen") { store in
      try demandEqual(try await store.evidence(lastOfEach: 10), [])
      var asked = Sample.plain(handler: "resize", jobClass: "large")
      asked.priority = .default
      let id = try await store.submit([asked], at: Sample.time(0))[0]
      let attempt = Sample.attempt(id, handler: "resize")
      try await store.commit([
        .starting(attempt), .running(attempt.id, at: Sample.time(12)),
        .frozen(attempt.id, at: Sample.time(14)),
        .thawed(attempt.id, at: Sample.time(16)), .frozen(attempt.id, at: Sample.time(19)),
      ])
      try demandEqual(try await store.evidence(lastOfEach: 10), [])
      try await store.commit([.ended(attempt.id, Sample.fullEnd(.succeeded), next: .done(.succeeded))])
      let shown = Evidence(
        handler: "resize", jobClass: "large", build: attempt.pluginSHA256, started: Sample.time(12),
        memoryPeak: Bytes(1), cpu: .microseconds(5), duration: .seconds(5), timeToPeak: .microseconds(10))
      try demandEqual(try await store.evidence(lastOfEach: 10), [shown])
      try demandEqual(try await store.evidence(lastOfEach: 0), [])
    },
    JobStoreContract("what the kernel did not tell of an attempt is nil, and no run is negative") { store in
      try await end(Sample.plain(), in: store, started: 30, ended: 20, usage: Usage())
      let shown = Evidence(
        handler: "noop", jobClass: nil, build: Sample.attempt(JobID(1)).pluginSHA256,
        started: Sample.time(30), memoryPeak: nil, cpu: nil, duration: .zero, timeToPeak: nil)
      try demandEqual(try await store.evidence(lastOfEach: 10), [shown])
    },
    JobStoreContract("only attempts that ran and came to their end or their limit show anything") { store in
      for (index, outcome) in Outcome.allCases.enumerated() {
        try await end(Sample.plain(), in: store, as: outcome, ended: 100 + Int64(index), peak: index)
        try await end(Sample.plain(), in: store, as: outcome, started: nil, ended: 200)
      }
      let expected = Outcome.allCases.indices.filter { Outcome.allCases[$0].isEvidence }
      try demandEqual(try await peaks(in: store, lastOfEach: 100), expected)
    },
    JobStoreContract("they come in the order of their ends, and of their numbers where those are equal") {
      store in
      for (index, ended) in [50, 40, 60, 40, 50].enumerated() {
        try await end(
          Sample.plain(handler: index % 2 == 0 ? "noop" : "other"), in: store, ended: Int64(ended),
          peak: index)
      }
      try demandEqual(try await peaks(in: store, lastOfEach: 100), [1, 3, 0, 4, 2])
    },
    JobStoreContract("the last of each handler and of each of its classes come, each once") { store in
      let kinds: [(String, String?)] = [
        ("a", "rare"), ("a", "rare"), ("a", "rare"), ("a", nil), ("b", "rare"), ("a", "much"), ("a", "much"),
        ("a", "much"), ("b", nil), ("a", nil),
      ]
      for (index, (handler, jobClass)) in kinds.enumerated() {
        try await end(
          Sample.plain(handler: handler, jobClass: jobClass), in: store, ended: 100 + Int64(index),
          peak: index)
      }
      try demandEqual(try await peaks(in: store, lastOfEach: 1), [2, 4, 7, 8, 9])
      try demandEqual(try await peaks(in: store, lastOfEach: 2), [1, 2, 4, 6, 7, 8, 9])
      try demandEqual(try await peaks(in: store, lastOfEach: 6), Array(kinds.indices))
    },
  ]

  private static func peaks(in store: any JobStore, lastOfEach count: Int) async throws -> [Int] {
    try await store.evidence(lastOfEach: count).map { Int($0.memoryPeak?.rawValue ?? -1) }
  }

  private static func end(
    _ asked: Submission, in store: any JobStore, as outcome: Outcome = .succeeded, started: Int64? = 12,
    ended: Int64, peak: Int
  ) async throws {
    try await end(
      asked, in: store, as: outcome, started: started, ended: ended,
      usage: Usage(memoryPeak: Bytes(Int64(peak))))
  }

  /// Makes a job and lets its first attempt end.
  private static func end(
    _ asked: Submission, in store: any JobStore, as outcome: Outcome = .succeeded, started: Int64? = 12,
    ended: Int64, usage: Usage = Usage()
  ) async throws {
    let id = try await store.submit([asked], at: Sample.time(0))[0]
    let attempt = Sample.attempt(id, handler: asked.handler)
    var changes = [StoreChange.starting(attempt)]
    if let started { changes.append(.running(attempt.id, at: Sample.time(started))) }
    let end = AttemptEnd(outcome: outcome, ended: Sample.time(ended), usage: usage)
    try await store.commit(changes + [.ended(attempt.id, end, next: .done(.failed))])
  }
}
