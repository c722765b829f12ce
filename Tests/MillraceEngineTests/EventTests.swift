import MillraceCore
import TestSupport
import Testing

@testable import MillraceEngine

@Suite("Events in the engine", .timeLimit(.minutes(1)))
struct EventTests {
  private static let uploads: [String: JSONValue] = [
    "event": .string("upload.*"),
    "job": .object([
      "handler": .string("work"), "parameters": .object(["text": .string("{{event.data.path}}")]),
    ]),
  ]

  /// An event of an upload.
  private static func upload(_ id: String, path: JSONValue = .string("/a")) -> CloudEvent {
    CloudEvent(id: id, source: "/test", type: "upload.done", data: .object(["path": path]))
  }

  @Test("an event is on record before it is acknowledged, makes its job once, and its row names it")
  func event() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("scan", Self.uploads)
      let first = try await bench.engine.announce([Self.upload("a", path: .string("/x"))])
      #expect(first == [EventAcceptance(number: EventNumber(1), isNew: true)])
      let row = try #require(try await bench.rows(1, of: "scan").first)
      #expect(row.tick.fate == .ran && row.tick.note == "event 1, `upload.done`")
      let job = try #require(row.tick.job)
      let submission = try #require(try await bench.bench.store.job(job)?.submission)
      #expect(submission.parameters == .object(["text": .string("/x")]))
      #expect(submission.labels["schedule"] == "scan")
      // The same once more, twice, with another one.
      let again = try await bench.engine.announce([
        Self.upload("a"), Self.upload("b"), Self.upload("b"),
      ])
      #expect(again.map(\.isNew) == [false, true, false] && again.map(\.number.rawValue) == [1, 2, 2])
      #expect(try await bench.fates(2, of: "scan") == [.ran, .ran])
      let record = try #require(try await bench.store.event(EventNumber(1)))
      #expect(record.effects == [.init(schedule: "scan", nominal: row.tick.nominal, fate: .ran, job: job)])
    }
  }

  @Test("a schedule is only told of what its pattern and its conditions let through")
  func filtered() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("all", ["event": .string("*")])
      try await bench.add(
        "csv",
        [
          "event": .string("upload.done"),
          "where": .object(["data.path": .object(["like": .string("*.csv")])]),
        ])
      for (id, path) in [("1", "/a.csv"), ("2", "/a.txt")] {
        _ = try await bench.engine.announce([Self.upload(id, path: .string(path))])
      }
      _ = try await bench.engine.announce([CloudEvent(id: "3", source: "/test", type: "download.done")])
      #expect(try await bench.rows(3, of: "all").count == 3)
      #expect(try await bench.rows(1, of: "csv").map(\.tick.note) == ["event 1, `upload.done`"])
      #expect(try await bench.store.openEventCount() == 0)
    }
  }

  @Test("nobody else speaks in the runner's name; a webhook is one only where a schedule has it")
  func reserved() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("scan", Self.uploads)
      for source in ["/millrace", "/millrace/schedules/scan"] {
        let event = CloudEvent(id: "1", source: source, type: "job.failed")
        #expect(await bench.refusal { _ = try await bench.engine.announce([event]) }?.kind == .invalid)
      }
      #expect(
        await bench.refusal { _ = try await bench.engine.webhook(ofSchedule: "scan") }?.kind == .notFound)
      try await bench.add(
        "hook",
        ["webhook": .object(["signature": .string("github"), "secret_file": .string("/etc/hook")])])
      #expect(try await bench.engine.webhook(ofSchedule: "hook").signature == .github)
      let call = CloudEvent(id: "1", source: CloudEvent.source(ofSchedule: "hook"), type: "webhook.received")
      _ = try await bench.engine.announce(fromWebhook: call)
      #expect(try await bench.fates(1, of: "hook") == [.ran])
    }
  }

  @Test("commands that need times refuse a schedule that waits for events")
  func untimed() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("scan", Self.uploads)
      #expect(try await bench.engine.schedule(named: "scan").next == nil)
      #expect(await bench.refusal { _ = try await bench.engine.runNow("scan") }?.kind == .conflict)
      #expect(await bench.refusal { _ = try await bench.engine.preview("scan", count: 1) }?.kind == .conflict)
      var wrong = Self.uploads
      wrong["job"] = .object(["handler": .string("werk"), "input": .string("{{event.id}}")])
      #expect(await bench.refusal { try await bench.add("wrong", wrong) }?.kind == .notFound)
      var past = Self.uploads
      past["until"] = .string("2025-12-31")
      #expect(
        await bench.refusal { try await bench.add("past", past) }?.message.contains("`until`") == true)
    }
  }

  @Test("an event that makes no job has its row with the reason, and holds up no other")
  func noJob() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("scan", Self.uploads)
      _ = try await bench.engine.announce([
        CloudEvent(id: "1", source: "/test", type: "upload.done"), Self.upload("2"),
      ])
      let rows = try await bench.rows(2, of: "scan")
      #expect(rows.map(\.tick.fate) == [.failedToSubmit, .ran])
      #expect(rows[0].tick.note?.contains("`event` has no member `data.path`") == true, "\(rows[0].tick)")
      _ = try await bench.engine.pause("scan", true)
      _ = try await bench.engine.announce([Self.upload("3")])
      #expect(try await bench.fates(3, of: "scan").last == .skippedPaused)
    }
  }

  @Test("what comes while an earlier job has not ended is dealt with as the schedule says")
  func overlap() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      for overlap in ["skip", "queue", "allow", "cancel-running"] {
        try await bench.add(overlap, Self.uploads.merging(["overlap": .string(overlap)]) { $1 })
      }
      // Both in one page: the second must know of the job of the first.
      _ = try await bench.engine.announce([Self.upload("1"), Self.upload("2")])
      #expect(try await bench.fates(2, of: "skip") == [.ran, .skippedOverlap])
      #expect(try await bench.fates(2, of: "allow") == [.ran, .ran])
      let queued = try await bench.rows(2, of: "queue").compactMap(\.tick.job)
      #expect(
        try await bench.bench.store.job(queued[1])?.submission.after == [Dependency(.job(queued[0]), .any)])
      let cancelling = try await bench.rows(2, of: "cancel-running").compactMap(\.tick.job)
      try await bench.bench.recorded("cancel \(cancelling[0])")
    }
  }

  @Test("with a debounce the last of many makes one job, when none has come for so long")
  func debounce() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("scan", Self.uploads.merging(["debounce": .string("5s")]) { $1 })
      for second in Int64(0)..<3 {
        _ = try await bench.engine.announce([Self.upload("\(second)", path: .string("/\(second)"))])
        try await bench.settledEvents()
        bench.bench.clock.advance(by: .seconds(3))
      }
      #expect(try await bench.store.gatherings().first?.value.count == 3)
      try await bench.turn(to: 11, rows: 1, of: "scan")
      let row = try await bench.rows(1, of: "scan")[0]
      #expect(row.tick.note == "events 1 to 3, 3 of them" && row.tick.nominal == Sample.time(6))
      let job = try #require(row.tick.job)
      #expect(try await bench.bench.store.job(job)?.submission.parameters == .object(["text": .string("/2")]))
      #expect(try await bench.store.gatherings().isEmpty)
      _ = try await bench.engine.announce([Self.upload("later")])
      try await bench.settledEvents()
      try await bench.turn(to: 16, rows: 2, of: "scan")
    }
  }

  @Test("a batch is full, or its first event has waited long enough")
  func batch() async throws {
    let bench = ScheduleBench()
    let members: [String: JSONValue] = [
      "event": .string("upload.*"), "batch": .object(["size": .integer(3), "window": .string("10s")]),
      "job": .object([
        "handler": .string("work"), "parameters": .object(["text": .string("{{event_count}} events")]),
      ]),
    ]
    try await bench.bench.run {
      try await bench.add("scan", members)
      _ = try await bench.engine.announce((1...7).map { Self.upload("\($0)") })
      #expect(
        try await bench.rows(2, of: "scan").map(\.tick.note)
          == ["events 1 to 3, 3 of them", "events 4 to 6, 3 of them"])
      try await bench.settledEvents()
      try await bench.turn(to: 10, rows: 3, of: "scan")
      let job = try #require(try await bench.rows(3, of: "scan")[2].tick.job)
      #expect(
        try await bench.bench.store.job(job)?.submission.parameters == .object(["text": .string("1 events")]))
    }
  }

  @Test("the end of a job makes another, but not of its own schedule")
  func ends() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("own", ["event": .string("job.*")])
      let first = try await bench.bench.runningJob()
      try await bench.bench.end(AttemptID(first), .final)
      let job = try #require(try await bench.rows(1, of: "own")[0].tick.job)
      try await bench.finish(job)
      let rows = try await bench.rows(2, of: "own")
      #expect(rows.map(\.tick.fate) == [.ran, .skippedLoop])
      #expect(rows[1].tick.note?.contains("about a job of `own` itself") == true)
      let events = try await bench.store.events(matching: EventQuery())
      #expect(events.map(\.record.event.type) == ["job.succeeded", "job.failed"])
      #expect(events.map(\.record.hops) == [1, 0])
      #expect(events[1].record.event.data?.object?["handler"] == .string("work"))
    }
  }

  @Test("schedules that wake each other are stopped after so many jobs")
  func circle() async throws {
    let bench = ScheduleBench()
    let members: ([String]) -> [String: JSONValue] = { others in
      [
        "event": .string("job.succeeded"),
        "where": .object(["data.labels.schedule": .array(others.map { .string($0) })]),
      ]
    }
    try await bench.bench.run {
      try await bench.add("start", ["event": .string("go")])
      try await bench.add("ping", members(["start", "pong"]))
      try await bench.add("pong", members(["ping"]))
      _ = try await bench.engine.announce([CloudEvent(id: "1", source: "/test", type: "go")])
      var job = try #require(try await bench.rows(1, of: "start")[0].tick.job)
      for hop in 1...EventRecord.mostHops {
        try await bench.finish(job)
        let name = hop.isMultiple(of: 2) ? "pong" : "ping"
        job = try #require(try await bench.rows((hop + 1) / 2, of: name).last?.tick.job)
      }
      try await bench.finish(job)
      #expect(try await bench.fates(5, of: "ping") == [.ran, .ran, .ran, .ran, .skippedLoop])
      #expect(try await bench.fates(4, of: "pong") == [.ran, .ran, .ran, .ran])
    }
  }

  @Test("nobody listens: the end of a job is no event; a build that was never in use is one")
  func builtIn() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      let first = try await bench.bench.runningJob()
      try await bench.bench.end(AttemptID(first))
      #expect(try await bench.store.events(matching: EventQuery()).isEmpty)
      try await bench.add("loaded", ["event": .string("handler.loaded")])
      try await bench.bench.use([
        Bench.tools, Sample.plugin("new", digit: "b", handlers: [Handler(name: "new", summary: "is new")]),
      ])
      let row = try await bench.rows(1, of: "loaded")[0]
      #expect(row.tick.fate == .ran)
      let event = try #require(try await bench.store.events(matching: EventQuery()).first)
      #expect(event.record.event.subject == "new")
    }
  }

  @Test("memory that is critically short is an event when it becomes so, not while it lasts")
  func pressure() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("alarm", ["event": .string("pressure.*"), "overlap": .string("skip")])
      _ = try await bench.bench.runningJob()
      _ = try await bench.bench.runningJob()
      try await bench.bench.clock.sleeper(until: Sample.time(1))
      bench.bench.launcher.measure([:], machine: MachineSample(treeMemory: .mebibytes(973)))
      for second in Int64(1)...14 {
        bench.bench.clock.advance(by: .seconds(1))
        try await bench.bench.clock.sleeper(until: Sample.time(second + 1))
        try await bench.bench.settle()
      }
      try await bench.rows(1, of: "alarm")
      let event = try #require(try await bench.store.events(matching: EventQuery()).first?.record.event)
      #expect(
        event.data?.object?["cause"] == .string("critical: the attempts use 973 MiB of 1 GiB"),
        "\(event.json)")
    }
  }

  @Test("a file that appears is an event of the schedule that watches, and of no other")
  func files() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("all", ["event": .string("file.closed")])
      try await bench.add(
        "in",
        [
          "files": .object(["directory": .string("/srv/in")]),
          "job": .object([
            "handler": .string("work"), "parameters": .object(["text": .string("{{event.data.path}}")]),
          ]),
        ])
      try await bench.bench.settle()
      #expect(bench.files.watched.map(\.schedule) == ["in"])
      let file = FileAppearance(
        schedule: "in", directory: "/srv/in", name: "a.csv", bytes: 3, modified: Sample.time(0),
        identity: "/srv/in/a.csv 1")
      bench.files.tell(.appeared([file, file]))
      let job = try #require(try await bench.rows(1, of: "in")[0].tick.job)
      #expect(
        try await bench.bench.store.job(job)?.submission.parameters
          == .object(["text": .string("/srv/in/a.csv")]))
      try await bench.engine.remove(schedule: "in")
      try await bench.bench.settle()
      #expect(bench.files.watched.isEmpty)
      #expect(try await bench.rows(0, of: "all").isEmpty)
    }
  }
}
