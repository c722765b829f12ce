import MillraceCore
import Testing

@Suite("A schedule that is written down")
struct ScheduleDefinitionTests {
  private static func object(_ members: [String: JSONValue]) -> PlacedValue {
    PlacedValue(.object(members), at: .start)
  }

  private static let job = JSONValue.object(["handler": .string("exec")])

  private static let whole: [String: JSONValue] = [
    "name": .string("nightly"), "cron": .string("30 2 * * *"), "dst_gap": .string("skip"),
    "dst_repeat": .string("both"), "timezone": .string("Europe/Berlin"), "jitter": .string("30s"),
    "until": .string("2027-01-01"), "max_runs": .integer(10), "catch_up": .string("all"),
    "window": .string("1h"), "overlap": .string("cancel-running"),
    "exclude_calendars": .array([.string("holidays")]), "require_calendars": .array([.string("workdays")]),
    "on_excluded_day": .string("next-allowed-day"),
    "job": .object([
      "handler": .string("exec"), "memory": .string("256M"), "labels": .object(["team": .string("ops")]),
      "command": .array([.string("backup"), .string("--day={{nominal_date}}"), .string("{{last_success}}")]),
      "parameters": .object(["unix": .string("{{ nominal_unix }}"), "text": .string("at {{nominal_time}}")]),
    ]),
  ]

  @Test("has what was written, and reads the same from what is kept of it")
  func whole() throws {
    let definition = try ScheduleDefinition(Self.object(Self.whole))
    #expect(definition.name == "nightly")
    #expect(
      definition.timing == .cron(try CronExpression("30 2 * * *"), DaylightRule(gap: .skip, repeat: .both)))
    #expect(definition.timeZone == "Europe/Berlin")
    #expect(definition.jitter == .seconds(30))
    #expect(definition.until == WrittenTime(text: "2027-01-01"))
    #expect(definition.maxRuns == 10)
    #expect(definition.catchUp == .all)
    #expect(definition.window == .seconds(3600))
    #expect(definition.overlap == .cancelRunning)
    #expect(definition.calendars.exclude == ["holidays"])
    #expect(definition.calendars.require == ["workdays"])
    #expect(definition.calendars.otherwise == .nextAllowedDay)
    #expect(try ScheduleDefinition(PlacedValue(definition.source, at: .start)) == definition)
  }

  @Test("with little in it has the usual values, and the name that it is given")
  func little() throws {
    let tree = Self.object(["every": .string("5m"), "job": Self.job, "jitter": .null])
    let definition = try ScheduleDefinition(tree, named: "often")
    #expect(definition.name == "often")
    #expect(definition.timing == .every(.seconds(300)))
    #expect(definition.catchUp == .latest)
    #expect(definition.overlap == .skip)
    #expect(definition.calendars.isEmpty)
    #expect(!definition.usesLastSuccess)
    #expect(definition.source.object?["name"] == .string("often"))
    let named = Self.object(["name": .string("own"), "at": .string("2026-08-01 14:30"), "job": Self.job])
    #expect(try ScheduleDefinition(named, named: "file").name == "own")
    let places = PlacedValue(definition.source, at: TextPlace(line: 9, column: 9))
    #expect(try ScheduleDefinition(places).source == definition.source)
  }

  @Test("makes jobs with the values of a nominal time put in")
  func request() throws {
    let definition = try ScheduleDefinition(Self.object(Self.whole))
    #expect(definition.usesLastSuccess)
    let berlin = try TestZones.rules("Europe/Berlin")
    let time = try #require(WrittenTime(text: "2026-07-01 02:30")).time(in: berlin)
    let nominal = try #require(try Recurrence.at(.instant(time)).next(after: time - .seconds(1), in: berlin))
    let request = try definition.request(
      for: .init(nominal, lastSuccess: time - .seconds(86_400)))
    #expect(request.handler == "exec")
    #expect(request.labels == ["team": "ops", "schedule": "nightly"])
    #expect(request.wishes.memory == .mebibytes(256))
    #expect(
      request.parameters["command"]
        == .array([.string("backup"), .string("--day=2026-07-01"), .string("2026-06-30T00:30:00Z")]))
    #expect(request.parameters["unix"] == .integer(1_782_865_800))
    #expect(request.parameters["text"] == .string("at 2026-07-01T02:30:00+02:00"))
    let first = try definition.request(for: .init(nominal, lastSuccess: nil))
    #expect(first.parameters["command"]?.array?.last == .string(""))
  }

  /// Members that are put in the place of those of a schedule without mistakes, and what is said then.
  private static let mistakes: [(members: [String: JSONValue], messages: [String])] = [
    (["name": .string("Nightly")], ["`name` must be a name (1 to 64 of `a-z 0-9 - _ .`, a letter first)"]),
    (["name": .null], ["`name` is missing"]),
    (["cron": .null], ["one of `cron`, `every`, `at`, `event`, `files`, `webhook` is missing"]),
    (
      ["every": .string("5m")],
      ["give one of `cron`, `every`, `at`, `event`, `files`, `webhook`, not `every` too"]
    ),
    (["cron": .string("61 2 * * *")], ["`cron`: `61` is no minute; allowed are 0 to 59"]),
    (["cron": .string("0 0 30 2 *")], ["`cron`: the calendar has no day that fits `0 0 30 2 *`"]),
    (
      ["cron": .null, "every": .string("500ms"), "dst_gap": .string("run")],
      [
        "`dst_gap` is for `cron` only",
        "`every` must be a span of time of 1s at least, like 5m or 1h30m, not `500ms`",
      ]
    ),
    (["cron": .null, "at": .string("2026-02-30")], ["`at` must be a time, like 2026-08-01"]),
    (["until": .string("9999999-01-01")], ["`until` must be a time"]),
    (["dst_gap": .string("jump")], ["`dst_gap` must be one of run, skip, not `jump`"]),
    (["jitter": .string("25h")], ["`jitter` must be a span of time up to 24h, like 30s, not `25h`"]),
    (["max_runs": .integer(0)], ["`max_runs` must be a whole number from 1 to 1000000000, not `0`"]),
    (["catch_up": .string("some")], ["`catch_up` must be one of none, latest, all, not `some`"]),
    (["window": .integer(5)], ["`window` must be a span of time of 1s at least, like 1h, not `5`"]),
    (["overlap": .bool(true)], ["`overlap` must be one of allow, skip, queue, cancel-running, not `true`"]),
    (["exclude_calendars": .string("a")], ["`exclude_calendars` must be a list of names: `[holidays]`"]),
    (
      ["require_calendars": .array([.string("../x"), .integer(1)])],
      ["`require_calendars` must be a name", "`require_calendars` must be a name"]
    ),
    (
      ["on_excluded_day": .string("skip")],
      ["`on_excluded_day` is for schedules with `exclude_calendars` or `require_calendars`"]
    ),
    (["jobs": .null], ["there is no setting `jobs`, did you mean `job`?"]),
    (["job": .null], ["`job` is missing"]),
    (["job": .string("exec")], ["`job` must have names with values below it, not a text"]),
    (["job": .object(["memory": .string("1M")])], ["`job.handler` is missing"]),
    (
      ["job": .object(["handler": .string("exec"), "memori": .string("1M")])],
      ["there is no setting `job.memori`, did you mean `memory`?"]
    ),
    (
      ["job": .object(["handler": .string("exec"), "command": .array([.string("{{nominal_tim}}")])])],
      ["there is no parameter `nominal_tim`, did you mean `nominal_time`?"]
    ),
    (
      ["job": .object(["handler": .string("exec"), "class": .string("{{last_success}}")])],
      ["`class` must not be empty"]
    ),
    (
      ["job": .object(["handler": .string("exec"), "labels": .object(["schedule": .string("x")])])],
      ["the label `schedule` is the schedule's name; leave it out"]
    ),
  ]

  @Test("each mistake is told", arguments: mistakes.indices)
  func tells(_ index: Int) throws {
    let (changed, messages) = Self.mistakes[index]
    var members: [String: JSONValue] = [
      "name": .string("nightly"), "cron": .string("30 2 * * *"), "job": Self.job,
    ]
    members.merge(changed) { $1 }
    let found = try #require(throws: Mistakes.self) { try ScheduleDefinition(Self.object(members)) }
    // Two of the same words at one place are told once.
    #expect(found.all.count <= messages.count)
    for message in messages {
      #expect(found.all.contains { $0.message.hasPrefix(message) }, "\(found.all.map(\.message))")
    }
  }

  @Test("all mistakes are told at once, each with its place")
  func places() throws {
    func member(_ name: String, _ line: Int, _ value: JSONValue) -> PlacedValue.Member {
      .init(
        name: name, place: TextPlace(line: line, column: 1),
        value: PlacedValue(value, at: TextPlace(line: line, column: 10)))
    }
    let tree = PlacedValue.object(
      [
        member("name", 1, .string("n")), member("cron", 2, .string("0 25 * * *")),
        member("jitter", 3, .string("x")), member("crom", 4, .null), member("job", 5, Self.job),
      ], .start)
    let found = try #require(throws: Mistakes.self) { try ScheduleDefinition(tree) }
    #expect(
      found.all.compactMap(\.place) == [
        TextPlace(line: 2, column: 12), TextPlace(line: 3, column: 10), TextPlace(line: 4, column: 1),
      ])
    #expect(throws: Mistakes.self) { try ScheduleDefinition(PlacedValue(.integer(5), at: .start)) }
  }
}
