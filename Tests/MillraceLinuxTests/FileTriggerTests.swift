import Logging
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

/// The engine and the kernel's files; the record is in memory and nothing is run.
@Suite("Jobs of files", .timeLimit(.minutes(1)))
struct FileTriggerTests {
  private let files: WatchedFiles
  private let record = MemoryJobStore()

  init() throws { files = try WatchedFiles() }

  private static let tools = Sample.plugin(
    "tools",
    handlers: [
      Handler(
        name: "work", summary: "works",
        parameterSchema: .object([
          "properties": .object(["text": .object(["type": .string("string")])])
        ]))
    ])

  /// Runs an engine on the record while `body` works.
  private func run(_ body: (Engine, TestSupport.FakeLauncher, Journal<String>) async throws -> Void)
    async throws
  {
    let journal = Journal<String>()
    let launcher = TestSupport.FakeLauncher(journal: journal)
    let plugins = FakePluginSource()
    let wall = try LinuxWallClock()
    let source = try DirectoryEvents(DirectoryEvents.Settings(state: nil, rest: .milliseconds(50)))
    let engine = Engine(
      ports: Engine.Ports(
        store: record, launcher: launcher, plugins: plugins, logs: MemoryLogs(),
        clock: AnchoredClock(wall: wall.now()), settings: nil,
        schedules: Engine.ScheduleParts(
          store: record, source: FakeScheduleSource(), files: source, wall: wall)),
      policy: Policy(
        slots: 10, memory: .gibibytes(1), cpuMillis: 100_000, maxQueued: 100, aging: .seconds(1800)),
      reception: Reception(
        defaults: Sample.terms, machine: Limits(memory: .gibibytes(1), cpuMillis: 4000, pids: 100),
        maxInput: .kibibytes(1)),
      version: "1", pid: 1, boot: nil, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let task = Task { try await engine.run() }
    plugins.publish(Catalog(plugins: [Self.tools], refused: []))
    do {
      // Nothing is taken in before.
      while await engine.catalog().plugins.isEmpty {
        try Task.checkCancellation()
        await Task.yield()
      }
      try await body(engine, launcher, journal)
    } catch {
      await engine.stop()
      throw error
    }
    await engine.stop()
    try await task.value
  }

  private func expect(
    _ name: String, asJob job: Int64, _ launcher: TestSupport.FakeLauncher, _ journal: Journal<String>
  ) async throws {
    let attempt = AttemptID(job: JobID(job), number: 1)
    try await journal.wait(for: "launch \(attempt)")
    #expect(
      launcher.plan(of: attempt)?.payload.parameters
        == .object(["text": .string(files.path("in/\(name)"))]))
  }

  @Test("one is made of each file that is closed, with its path, also if the runner was away")
  func jobs() async throws {
    try await run { engine, launcher, journal in
      let members: [String: JSONValue] = [
        "files": .object(["directory": .string(files.path("in")), "pattern": .string("*.csv")]),
        "overlap": .string("allow"),
        "job": .object([
          "handler": .string("work"),
          "parameters": .object(["text": .string("{{event.data.path}}")]),
        ]),
      ]
      var all = members
      all["name"] = .string("in")
      _ = try await engine.add(ScheduleDefinition(PlacedValue(.object(all), at: .start)))
      try files.write("in/a.csv")
      try await expect("a.csv", asJob: 1, launcher, journal)
      try files.write("in/no.txt")
      try files.write("in/b.csv")
      try await expect("b.csv", asJob: 2, launcher, journal)
    }
    try files.write("in/away.csv", age: 10)
    try await run { engine, launcher, journal in
      try await expect("away.csv", asJob: 3, launcher, journal)
      try files.write("in/c.csv")
      try await expect("c.csv", asJob: 4, launcher, journal)
      let jobs = try await record.jobs(matching: JobFilter())
      #expect(jobs.count == 4)
      let events = try await record.events(matching: EventQuery())
      #expect(events.count == 4)
    }
  }
}
