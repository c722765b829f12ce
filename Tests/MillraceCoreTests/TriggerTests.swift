import Testing

@testable import MillraceCore

@Suite("A schedule that waits for events")
struct TriggerTests {
  private static func definition(
    _ members: [String: JSONValue], job: JSONValue = .object(["handler": .string("work")])
  ) throws(Mistakes) -> ScheduleDefinition {
    let all = members.merging(["name": .string("on"), "job": job]) { $1 }
    return try ScheduleDefinition(PlacedValue(.object(all), at: .start))
  }

  private static func messages(
    _ members: [String: JSONValue], job: JSONValue = .object(["handler": .string("work")])
  ) -> [String] {
    do {
      _ = try definition(members, job: job)
      return []
    } catch { return error.all.map(\.message) }
  }

  private static let event: [String: JSONValue] = ["event": .string("upload.*")]

  @Test("has what was written, and reads the same from what is kept of it")
  func whole() throws {
    let definition = try Self.definition(
      Self.event.merging([
        "where": .object(["data.size": .object(["min": .integer(10)])]), "debounce": .string("5s"),
        "batch": .object(["size": .integer(100), "window": .string("1m")]),
      ]) { $1 })
    let trigger = try #require(definition.trigger)
    #expect(trigger.origin == .events(try #require(NamePattern(text: "upload.*"))))
    #expect(trigger.filter.conditions.map(\.path) == [["data", "size"]])
    #expect(trigger.gathering == .init(debounce: .seconds(5), size: 100, window: .seconds(60)))
    // Every event counts, unless somebody says otherwise.
    #expect(definition.overlap == .allow)
    #expect(try ScheduleDefinition(PlacedValue(definition.source, at: .start)) == definition)
    let files = try Self.definition([
      "files": .object(["directory": .string("/srv/in"), "pattern": .string("*.csv")])
    ])
    guard case .files(let rule) = files.trigger?.origin else { return #expect(Bool(false), "no files") }
    #expect(rule.directory == "/srv/in" && rule.pattern.matches("a.csv") && !rule.pattern.matches("a.txt"))
    let hook = try Self.definition([
      "webhook": .object(["signature": .string("github"), "secret_file": .string("/etc/hook")])
    ])
    #expect(hook.trigger?.origin == .webhook(.init(signature: .github, secretFile: "/etc/hook")))
  }

  @Test(
    "what can't be is refused, with what is allowed",
    arguments: [
      (["event": .string("a b")], "a name or a pattern of names"),
      (["event": .string("x"), "every": .string("1m")], "not `event` too"),
      (["event": .string("x"), "catch_up": .string("all")], "`catch_up` is for schedules with `cron`"),
      (["event": .string("x"), "jitter": .string("1s")], "`jitter` is for schedules with `cron`"),
      (["every": .string("1m"), "debounce": .string("1s")], "`debounce` is for schedules with `event`"),
      (["event": .string("x"), "debounce": .string("1ms")], "from 100ms to 24h"),
      (["event": .string("x"), "batch": .object(["size": .integer(5)])], "`batch.window` is missing"),
      (["event": .string("x"), "batch": .object(["window": .string("5s")])], "`batch.size` is missing"),
      (
        ["event": .string("x"), "batch": .object(["size": .integer(1001), "window": .string("5s")])],
        "from 1 to 1000"
      ),
      (["files": .object(["pattern": .string("*")])], "`files.directory` is missing"),
      (["files": .object(["directory": .string("in")])], "an absolute path"),
      (["files": .object(["directory": .string("/srv/../etc")])], "without `..`"),
      (
        ["files": .object(["directory": .string("/srv"), "pattern": .string("a/b")])], "without `/`"
      ),
      (["webhook": .object(["signature": .string("md5"), "secret_file": .string("/s")])], "one of github"),
      (["webhook": .object(["signature": .string("github")])], "`webhook.secret_file` is missing"),
      (["event": .string("x"), "where": .object(["": .integer(1)])], "is no value of an event"),
      (["event": .string("x"), "where": .object(["data..a": .integer(1)])], "is no value of an event"),
      (
        ["event": .string("x"), "where": .object(["data.a": .object(["mni": .integer(1)])])],
        "did you mean `min`"
      ),
      (
        ["event": .string("x"), "where": .object(["data.a": .object(["min": .string("1")])])],
        "`min` must be a number"
      ),
    ] as [([String: JSONValue], String)])
  func mistakes(_ members: [String: JSONValue], _ words: String) {
    let messages = Self.messages(members)
    #expect(messages.contains { $0.contains(words) }, "\(messages)")
  }

  @Test(
    "conditions hold or not",
    arguments: [
      (["data.n": .integer(5)], true), (["data.n": .number(5)], true), (["data.n": .string("5")], false),
      (["data.n": .array([.integer(4), .integer(5)])], true),
      (["data.n": .object(["not": .integer(5)])], false), (["data.x": .object(["not": .integer(5)])], true),
      (["data.n": .object(["min": .integer(5), "max": .integer(5)])], true),
      (["data.n": .object(["min": .number(5.5)])], false),
      (["data.name": .object(["min": .integer(1)])], false),
      (["data.name": .object(["like": .string("*.csv")])], true),
      (["data.list.1": .string("b")], true), (["data.list.2": .object(["exists": .bool(false)])], true),
      (["data.inner.deep": .bool(true)], true), (["data.inner": .object(["exists": .bool(true)])], true),
      (["subject": .string("s")], true), (["tenant": .string("a")], true), (["source": .string("/b")], false),
      (["data.n": .integer(5), "subject": .string("t")], false),
    ] as [([String: JSONValue], Bool)])
  func conditions(_ conditions: [String: JSONValue], _ holds: Bool) throws {
    var event = CloudEvent(
      id: "1", source: "/a", type: "x",
      data: .object([
        "n": .integer(5), "name": .string("a.csv"), "list": .array([.string("a"), .string("b")]),
        "inner": .object(["deep": .bool(true)]),
      ]))
    event.subject = "s"
    event.extensions["tenant"] = .string("a")
    let trigger = try #require(
      try Self.definition(["event": .string("x"), "where": .object(conditions)]).trigger)
    #expect(trigger.filter.matches(event) == holds)
  }

  @Test("what events fill in is left open; everything else of the job is checked at once")
  func open() throws {
    let job = JSONValue.object([
      "handler": .string("work"), "priority": .string("{{event.data.urgency}}"),
      "parameters": .object(["path": .string("{{event.data.path}}"), "on": .string("{{schedule}}")]),
      "labels": .object(["day": .string("{{nominal_date}}")]),
    ])
    let (request, leftOut) = try Self.definition(Self.event, job: job).requestBeforeEvents()
    #expect(leftOut == ["priority", "parameters"])
    #expect(request.labels == ["day": "2026-01-01", "schedule": "on"])
    for (member, value, words) in [
      ("memory", "lots", "`memory` must be a size"),
      ("handler", "{{event.type}}", "can't come from an event"),
      ("input", "{{evnt.id}}", "no parameter `evnt.id`"),
    ] {
      let right: [String: JSONValue] = ["handler": .string("work")]
      let wrong = JSONValue.object(right.merging([member: .string(value)]) { $1 })
      #expect(Self.messages(Self.event, job: wrong).contains { $0.contains(words) }, "\(member)")
    }
    // Times have no events.
    let timed = JSONValue.object(["handler": .string("work"), "input": .string("{{event.id}}")])
    #expect(Self.messages(["every": .string("1m")], job: timed).contains { $0.contains("event.id") })
  }

  @Test("an event, or several, are put in where the job asks for them")
  func filled() throws {
    let job = JSONValue.object([
      "handler": .string("work"), "priority": .string("{{event.data.urgency}}"),
      "parameters": .object([
        "all": .string("{{events}}"), "count": .string("{{event_count}}"), "last": .string("{{event.id}}"),
      ]),
    ])
    let definition = try Self.definition(Self.event, job: job)
    let nominal = ZoneRules.utc.nominalTime(try #require(CivilTime(seconds: 1_767_225_600)))
    let records = [1, 2].map { number in
      EventRecord(
        number: EventNumber(Int64(number)),
        event: CloudEvent(
          id: "\(number)", source: "/a", type: "upload.done", data: .object(["urgency": .integer(7)])),
        received: nominal.time)
    }
    let request = try definition.request(for: .init(nominal, lastSuccess: nil, events: records))
    #expect(request.priority == Priority(rawValue: 7))
    #expect(request.parameters["all"] == .array(records.map(\.event.json)))
    #expect(request.parameters["count"] == .integer(2) && request.parameters["last"] == .string("2"))
    var without = records
    without[1].event.data = .object([:])
    #expect(throws: Mistakes.self) {
      try definition.request(for: .init(nominal, lastSuccess: nil, events: without))
    }
  }
}
