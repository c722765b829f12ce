import MillraceCore
import Testing

/// Trees of values as a file would make them; the column tells the order of what is written.
struct Written {
  private var column = 0

  mutating func text(_ text: String) -> PlacedValue { .scalar(.string(text), next()) }
  mutating func value(_ value: JSONValue) -> PlacedValue { .scalar(value, next()) }
  mutating func list(_ texts: [String]) -> PlacedValue {
    let place = next()
    return .list(texts.map { text($0) }, place)
  }
  mutating func object(_ members: [(String, PlacedValue)]) -> PlacedValue {
    let place = next()
    return .object(members.map { .init(name: $0.0, place: next(), value: $0.1) }, place)
  }

  private mutating func next() -> TextPlace {
    column += 1
    return TextPlace(line: 1, column: column)
  }
}

@Suite struct WorkflowTests {
  private static func workflow(
    parameters: [String: JSONValue] = [:], _ steps: [(String, [(String, JSONValue)])]
  ) throws -> Workflow {
    var written = Written()
    let jobs = steps.map { name, members in
      (name, written.object(members.map { ($0.0, PlacedValue($0.1, at: .start)) }))
    }
    return try Workflow(
      written.object([
        ("workflow", written.text("nightly")),
        ("parameters", PlacedValue(.object(parameters), at: .start)),
        ("jobs", written.object(jobs)),
      ]))
  }

  private static let exec = ("handler", JSONValue.string("exec"))

  private static func mistakes(_ body: () throws -> Void) -> [String] {
    do {
      try body()
      return []
    } catch let error as Mistakes {
      return error.all.map(\.message)
    } catch {
      return ["\(error)"]
    }
  }

  @Test func jobsComeBehindWhatTheyNeed() throws {
    let plan = try WorkflowPlan(
      Self.workflow([
        ("report", [Self.exec, ("needs", .object(["resize": .string("any")]))]),
        ("fetch", [Self.exec]),
        ("resize", [Self.exec, ("needs", .array([.string("fetch")]))]),
      ]))
    #expect(plan.jobs.map(\.request.step) == ["fetch", "resize", "report"])
    #expect(plan.jobs[1].request.after == [Dependency(.position(0), .ok, name: "fetch")])
    #expect(plan.jobs[2].request.after == [Dependency(.position(1), .any, name: "resize")])
  }

  @Test func aListMakesAJobForEachItemAndWhoNeedsItNeedsAll() throws {
    let plan = try WorkflowPlan(
      Self.workflow(
        parameters: ["files": .array([.string("a"), .string("b")])],
        [
          (
            "resize",
            [
              Self.exec, ("map", .string("{{files}}")),
              ("parameters", .object(["path": .string("in/{{item}}.jpg")])),
            ]
          ),
          ("report", [Self.exec, ("needs", .string("resize"))]),
        ]))
    #expect(plan.jobs.map { $0.request.parameters["path"]?.string } == ["in/a.jpg", "in/b.jpg", nil])
    #expect(plan.jobs[2].request.after.map(\.name) == ["resize.0", "resize.1"])
  }

  @Test func anEmptyListCountsAsWell() throws {
    let plan = try WorkflowPlan(
      Self.workflow([
        ("resize", [Self.exec, ("map", .array([]))]),
        ("report", [Self.exec, ("needs", .string("resize"))]),
        ("mourn", [Self.exec, ("needs", .object(["resize": .string("failed")]))]),
        ("bury", [Self.exec, ("needs", .string("mourn"))]),
        ("end", [Self.exec, ("needs", .object(["bury": .string("any")]))]),
      ]))
    #expect(plan.jobs.map(\.request.step) == ["report", "end"])
    #expect(plan.empty == ["resize", "mourn", "bury"])
    #expect(plan.jobs.allSatisfy { $0.request.after.isEmpty })
  }

  @Test func aTextThatIsOnlyANameKeepsTheTypeOfItsValue() throws {
    let plan = try WorkflowPlan(
      Self.workflow(
        parameters: ["width": .integer(64), "photo": .object(["path": .string("p")])],
        [
          (
            "a",
            [
              Self.exec,
              (
                "parameters",
                .object([
                  "width": .string("{{ width }}"), "text": .string("{{width}} px, {{{{braces}}"),
                  "path": .string("{{photo.path}}"),
                ])
              ),
              ("command", .array([.string("echo"), .string("{{width}}")])),
              ("memory", .string("{{width}}M")),
              ("retry", .object(["attempts": .integer(3), "delay": .string("2s")])),
            ]
          )
        ]))
    let request = plan.jobs[0].request
    #expect(
      request.parameters == [
        "width": .integer(64), "text": .string("64 px, {{braces}}"), "path": .string("p"),
        "command": .array([.string("echo"), .string("64")]),
      ])
    #expect(request.wishes.memory == .mebibytes(64))
    #expect(request.wishes.maxAttempts == 3)
    #expect(request.wishes.retryDelay == .seconds(2))
  }

  @Test func aCircleIsToldWithItsWay() {
    let mistakes = Self.mistakes {
      _ = try Self.workflow([
        ("start", [Self.exec]),
        ("a", [Self.exec, ("needs", .array([.string("start"), .string("c")]))]),
        ("b", [Self.exec, ("needs", .string("a"))]),
        ("c", [Self.exec, ("needs", .string("b"))]),
        ("behind", [Self.exec, ("needs", .string("c"))]),
      ])
    }
    #expect(mistakes == ["steps need each other in a circle: a needs c needs b needs a"])
  }

  @Test(arguments: [
    (["needs": JSONValue.string("b")], "`b` needs itself"),
    (["needs": .string("fetsh")], "`b` needs `fetsh`, which is no step, did you mean `fetch`?"),
    (["needs": .array([.string("fetch"), .string("fetch")])], "`b` needs `fetch` twice"),
    (
      ["needs": .object(["fetch": .string("maybe")])],
      "`fetch` must be one of ok, any, failed, not `maybe`"
    ),
    (["needs": .integer(3)], "`needs` must name steps, not a number"),
    (["memroy": .string("1M")], "there is no setting `jobs.b.memroy`, did you mean `memory`?"),
    (
      ["on_dependency_failure": .string("wait")],
      "`on_dependency_failure` must be `cancel` or `hold`, not `wait`"
    ),
  ])
  func aStepThatCanNotBeIsRefused(member: [String: JSONValue], message: String) {
    let mistakes = Self.mistakes {
      _ = try Self.workflow([
        ("fetch", [Self.exec]), ("b", [Self.exec] + member.map { ($0.key, $0.value) }),
      ])
    }
    #expect(mistakes == [message])
  }

  @Test(arguments: [
    (["map": JSONValue.string("{{day}}")], "`map` must be a list, not a text"),
    (
      ["map": .array((0...10_000).map { .integer($0) })], "`map` has 10001 items, it may have 10000"
    ),
    (["labels": .object(["a": .string("{{dya}}")])], "there is no parameter `dya`, did you mean `day`?"),
    (["class": .string("{{who}}")], "`who` has no value: give it with `--set who=…`"),
    (["class": .string("{{item}}")], "`item` has no value: only a step with `map` has it"),
    (["class": .string("x{{files}}")], "`files` is a list and can't be put into a longer text"),
    (["class": .string("{{day.of}}")], "`day` has no member `of`"),
    (["class": .string("{{day")], "`{{` has no `}}`; write `{{{{` for two braces"),
    (["memory": .string("much")], "`memory` must be a size, like 256M, not `much`"),
    (["priority": .integer(11)], "`priority` must be a whole number from 1 to 10, not `11`"),
    (["command": .string("ls")], "`command` must be a list of words: `[echo, hello]`"),
    (
      ["retry": .object(["times": .integer(3)])],
      "there is no setting `retry.times`; there are attempts, delay, factor, max_delay, jitter"
    ),
  ])
  func aPlanThatCanNotBeIsRefused(member: [String: JSONValue], message: String) throws {
    let workflow = try Self.workflow(
      parameters: ["day": .string("d"), "who": .null, "files": .array([])],
      [("b", [Self.exec] + member.map { ($0.key, $0.value) })])
    let mistakes = Self.mistakes { _ = try WorkflowPlan(workflow) }
    #expect(mistakes == [message])
  }

  @Test func aParameterThatIsNotThereCanNotBeGiven() throws {
    let workflow = try Self.workflow(parameters: ["day": .string("d")], [("a", [Self.exec])])
    let mistakes = Self.mistakes { _ = try WorkflowPlan(workflow, given: ["dya": .string("x")]) }
    #expect(mistakes == ["there is no parameter `dya`, did you mean `day`?"])
  }

  @Test func listsThatNeedListsAreBounded() throws {
    let items = JSONValue.array((0..<2_000).map { .integer($0) })
    let workflow = try Self.workflow([
      ("a", [Self.exec, ("map", items)]), ("b", [Self.exec, ("map", items), ("needs", .string("a"))]),
    ])
    let mistakes = Self.mistakes { _ = try WorkflowPlan(workflow) }
    #expect(mistakes == ["this makes more than 1000000 dependencies; put a step between the lists"])
  }

  @Test func tenThousandStepsInARowAreOrdered() throws {
    let steps = (0..<10_000).reversed().map { index -> (String, [(String, JSONValue)]) in
      ("s\(index)", [Self.exec] + (index == 0 ? [] : [("needs", .string("s\(index - 1)"))]))
    }
    let plan = try WorkflowPlan(Self.workflow(steps))
    #expect(plan.jobs.count == 10_000)
    #expect(plan.jobs[9_999].request.after == [Dependency(.position(9_998), .ok, name: "s9998")])
  }

  @Test func aTemplateMakesAJob() throws {
    var written = Written()
    let template = try JobTemplate(
      written.object([
        ("template", PlacedValue(.object(["width": .integer(64), "path": .null]), at: .start)),
        ("handler", written.text("thumbnail")),
        (
          "parameters",
          PlacedValue(.object(["path": .string("{{path}}"), "width": .string("{{width}}")]), at: .start)
        ),
        ("priority", written.value(.integer(7))),
      ]))
    let request = try template.request(given: ["path": .string("a.jpg")])
    #expect(request.handler == "thumbnail")
    #expect(request.parameters == ["path": .string("a.jpg"), "width": .integer(64)])
    #expect(request.priority.rawValue == 7)
    let mistakes = Self.mistakes { _ = try template.request(given: [:]) }
    #expect(mistakes == ["`path` has no value: give it with `path=…`"])
  }
}
