import MillraceCore
package import MillraceEngine

/// What any `JobStore` must do. Each clause wants an empty store and throws a `ContractViolation`.
package struct JobStoreContract: Sendable, CustomStringConvertible {
  /// The clause as a sentence.
  package let description: String
  /// Tries it on an empty store.
  package let check: @Sendable (any JobStore) async throws -> Void

  init(_ description: String, _ check: @escaping @Sendable (any JobStore) async throws -> Void) {
    self.description = description
    self.check = check
  }

  /// Runs all clauses, each on a store of its own.
  package static func run(on makeStore: () async throws -> any JobStore) async throws {
    for clause in clauses { try await clause.check(makeStore()) }
  }

  /// All clauses.
  package static let clauses =
    acceptance + arrivals + transitions + course + workflows + freezing + questions + learning + deletion

  private static let acceptance = [
    JobStoreContract("the numbers of a batch ascend without gaps, and the next batch goes on") { store in
      let first = try await store.submit(
        [Sample.plain(), Sample.plain(), Sample.plain()], at: Sample.time(0))
      let second = try await store.submit([Sample.plain()], at: Sample.time(1))
      try demand(first.map(\.rawValue) == [first[0].rawValue, first[0].rawValue + 1, first[0].rawValue + 2])
      try demand(first[0].rawValue > 0 && second[0] > first[2])
    },
    JobStoreContract("an empty batch and an empty commit are fine") { store in
      try demand(try await store.submit([], at: Sample.time(0)).isEmpty)
      try await store.commit([])
    },
    JobStoreContract("every field of a job comes back as it was given") { store in
      let asked = Sample.full()
      let id = try await store.submit([asked], at: Sample.time(3))[0]
      var expected = asked
      expected.input = nil
      let job = Job(
        id: id, submission: expected, inputLength: Bytes(11), submitted: Sample.time(3), state: .queued)
      try demandEqual(try await store.job(id), job)
      try demandEqual(try await store.jobs(matching: JobFilter()), [job])
      let payload = try await store.payload(of: id)
      try demandEqual(payload.input, asked.input)
      try demandEqual(payload.parameters, asked.parameters)
      try demandEqual(payload.traceParent, asked.traceParent)
    },
    JobStoreContract("what a job leaves out comes back as nil, and an empty input is not no input") { store in
      var empty = Sample.plain()
      empty.input = []
      let ids = try await store.submit([Sample.plain(), empty], at: Sample.time(0))
      try demandEqual(
        try await store.job(ids[0]),
        Job(id: ids[0], submission: Sample.plain(), submitted: Sample.time(0), state: .queued))
      try demandEqual(try await store.job(ids[1])?.inputLength, Bytes.zero)
      try demand(try await store.payload(of: ids[0]).input == nil)
      try demandEqual(try await store.payload(of: ids[1]).input, [])
    },
    JobStoreContract("payloads are read together up to a size, and one that is not there keeps none back") {
      store in
      var large = Sample.plain()
      large.input = [UInt8](repeating: 7, count: 100)
      let ids = try await store.submit([large, large, Sample.plain()], at: Sample.time(0))
      let asked = [ids[0], JobID(77), ids[2], ids[1], ids[0]]
      let found = await store.payloads(of: asked, atMost: Bytes(200))
      let inputs = found.map { payload -> String in
        switch payload {
        case .success(let payload): payload.input.map { "\($0.count) bytes" } ?? "none"
        case .failure: "not there"
        }
      }
      try demandEqual(inputs, ["100 bytes", "not there", "none", "100 bytes"])
      try demandEqual(await store.payloads(of: asked, atMost: .zero).count, 1)
      try demand(await store.payloads(of: [], atMost: .zero).isEmpty)
    },
    JobStoreContract("a job waits for its time as scheduled, and one whose time has come is queued") {
      store in
      let asked = [Sample.full(notBefore: Sample.time(9)), Sample.full(notBefore: Sample.time(5))]
      let ids = try await store.submit(asked, at: Sample.time(5))
      let (later, now) = (try await store.job(ids[0]), try await store.job(ids[1]))
      try demand(later?.state == .scheduled && later?.notBefore == Sample.time(9))
      try demand(now?.state == .queued && now?.notBefore == nil)
      try demandEqual(now?.submission.notBefore, Sample.time(5))
    },
    JobStoreContract("a batch with a bad job is refused as a whole") { store in
      let batch = [Sample.plain(), Sample.plain(labels: ["": "no key"])]
      try await demandRefusal { _ = try await store.submit(batch, at: Sample.time(0)) }
      try demand(try await store.jobs(matching: JobFilter()).isEmpty)
    },
    JobStoreContract("a job that is not there is nil, and has no attempts, result or payload") { store in
      let id = JobID(77)
      try demand(try await store.job(id) == nil)
      try demand(try await store.attempts(of: id).isEmpty)
      try demand(try await store.result(of: id) == nil)
      try await demandRefusal { _ = try await store.payload(of: id) }
    },
  ]
}

/// A clause that was not kept.
package struct ContractViolation: Error, CustomStringConvertible {
  package let description: String
}

func demand(_ isKept: Bool, _ words: String = "the clause", line: Int = #line) throws {
  guard isKept else { throw ContractViolation(description: "\(words) does not hold (line \(line))") }
}

func demandEqual<Value: Equatable>(_ value: Value, _ expected: Value, line: Int = #line) throws {
  guard value != expected else { return }
  throw ContractViolation(description: "got \(value), expected \(expected) (line \(line))")
}

func demandRefusal(line: Int = #line, _ body: () async throws -> Void) async throws {
  do { try await body() } catch { return }
  throw ContractViolation(description: "nothing was refused (line \(line))")
}
