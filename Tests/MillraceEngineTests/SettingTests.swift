import MillraceCore
import MillraceEngine
import Synchronization
import TestSupport
import Testing

@Suite("Settings at run time", .timeLimit(.minutes(1)))
struct SettingTests {
  /// Settings of two names: `slots`, a number, and `limit`, which is no longer there if `isOld`.
  private final class FewSettings: RuntimeSettings {
    let isOld: Bool
    private let applied = Mutex<[[String: String]]>([])
    var all: [[String: String]] { applied.withLock { $0 } }

    init(isOld: Bool = false) { self.isOld = isOld }

    func settled(with values: [String: String]) throws -> SettledSettings {
      for name in values.keys where name != "slots" && (name != "limit" || isOld) {
        throw Refusal(.invalid, "there is no setting `\(name)`")
      }
      guard let slots = Int(values["slots"] ?? "1") else {
        throw Refusal(.invalid, "`slots` must be a whole number")
      }
      let memory = Bytes(text: values["limit"] ?? "1G") ?? .gibibytes(1)
      return SettledSettings(
        policy: Policy(slots: slots, memory: .gibibytes(1), cpuMillis: 100_000),
        reception: Reception(
          defaults: Sample.terms, machine: Limits(memory: memory, cpuMillis: 4000, pids: 100),
          maxInput: .kibibytes(1)))
    }

    func apply(_ values: [String: String]) throws { applied.withLock { $0.append(values) } }

    func list(with values: [String: String]) -> [(name: String, value: String, configured: String)] {
      [("slots", values["slots"] ?? "1", "1"), ("limit", values["limit"] ?? "1G", "1G")]
    }
  }

  @Test("who knows older settings changes none")
  func changedMeanwhile() async throws {
    let bench = Bench(slots: 1, settings: FewSettings())
    try await bench.run {
      let known = await bench.engine.settings().revision
      _ = try await bench.engine.set("slots", to: "2", persists: false, from: [known])
      let refusals = [
        await #expect(throws: Refusal.self) {
          try await bench.engine.set("limit", to: "8M", persists: false, from: [known])
        },
        await #expect(throws: Refusal.self) { try await bench.engine.unset("slots", from: [known]) },
      ]
      #expect(refusals.allSatisfy { $0?.kind == .changed })
      #expect(await bench.engine.settings().map(\.value) == ["2", "1G"])
      let now = await bench.engine.settings().revision
      #expect(try await bench.engine.unset("slots", from: [known, now]).value == "1")
    }
  }

  @Test("a change is in force at once, for the queue and for new jobs, and gone after a restart")
  func once() async throws {
    let record = MemoryJobStore()
    let bench = Bench(slots: 1, record: record, settings: FewSettings())
    try await bench.run {
      _ = try await bench.runningJob()
      let second = try await bench.submit()
      let state = try await bench.engine.set("slots", to: "2", persists: false)
      #expect(
        state
          == SettingState(name: "slots", value: "2", configured: "1", isChanged: true, isPersisted: false))
      try await bench.journal.wait(for: "launch \(second).1")
      _ = try await bench.engine.set("limit", to: "8M", persists: false)
      let refusal = try await #require(throws: Refusal.self) {
        try await bench.submit(wishes: Wishes(memory: .mebibytes(9)))
      }
      #expect(refusal.kind == .neverAdmissible)
      #expect(await bench.engine.status().settings.map(\.name) == ["slots", "limit"])
      #expect(try await bench.engine.unset("limit").isChanged == false)
      let told = try await record.transitions(after: 0, atMost: .max).flatMap(\.transitions)
        .filter { $0.kind == .settingChanged }.map(\.details)
      #expect(
        told.map { $0["value"] } == [.string("2"), .string("8M"), .null]
          && told.allSatisfy { $0["persisted"] == .bool(false) })
      _ = try await bench.submit(wishes: Wishes(memory: .mebibytes(9)))
    }
    #expect(try await record.memos() == [])
  }

  @Test(
    "a change that persists is on record, comes before the configuration at the next start, and can be undone"
  )
  func persisted() async throws {
    let record = MemoryJobStore()
    let bench = Bench(slots: 1, record: record, settings: FewSettings())
    try await bench.run {
      let state = try await bench.engine.set("slots", to: "3", persists: true)
      #expect(state.isPersisted)
      #expect(bench.journal.has("committed [memo setting slots]"))
      // What holds once comes before it until the next start.
      #expect(try await bench.engine.set("slots", to: "5", persists: false).isPersisted == false)
    }
    let settings = FewSettings()
    let second = Bench(slots: 1, record: record, at: Sample.time(20), settings: settings)
    try await second.run {
      try await second.settle()
      #expect(await second.engine.status().capacity.slots == 3)
      #expect(settings.all == [["slots": "3"]])
      #expect(try await second.engine.unset("slots").value == "1")
      #expect(await second.engine.status().capacity.slots == 1)
    }
    #expect(try await record.memos() == [])
  }

  @Test("what can't be any more at the start is passed over and told, the rest is in force")
  func outdated() async throws {
    let record = MemoryJobStore()
    try await record.commit([
      .memo(Memo(.setting, "limit", .string("8M"))), .memo(Memo(.setting, "slots", .string("4"))),
    ])
    let bench = Bench(slots: 1, record: record, settings: FewSettings(isOld: true))
    try await bench.run {
      try await bench.settle()
      let status = await bench.engine.status()
      #expect(status.capacity.slots == 4)
      #expect(
        status.notices.map(\.text) == [
          "the setting `limit`, changed at run time, is not in force: there is no setting `limit`"
        ])
    }
  }

  @Test("what can't be is refused, and changes nothing")
  func refused() async throws {
    let bench = Bench(slots: 1, settings: FewSettings())
    try await bench.run {
      await #expect(throws: Refusal.self) {
        try await bench.engine.set("slots", to: "many", persists: true)
      }
      let unset = try await #require(throws: Refusal.self) { try await bench.engine.unset("slots") }
      #expect(unset.message == "`slots` was not changed at run time")
      #expect(await bench.engine.settings().allSatisfy { !$0.isChanged })
    }
    let fixed = Bench()
    try await fixed.run {
      #expect(await fixed.engine.settings() == [])
      await #expect(throws: Refusal.self) { try await fixed.engine.set("slots", to: "2", persists: false) }
    }
  }
}
