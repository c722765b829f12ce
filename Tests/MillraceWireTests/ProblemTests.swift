import MillraceCore
import MillraceWire
import Testing

struct ProblemTests {
  @Test("each kind of refusal is a problem of its own and is known again", arguments: Refusal.Kind.allCases)
  func kinds(_ kind: Refusal.Kind) {
    let problem = Problem(Refusal(kind, "what", hint: "how", index: 1))
    #expect(problem.kind == kind)
    #expect(problem.type == "urn:millrace:\(kind.rawValue)")
    #expect((400...599).contains(problem.status))
    #expect(!problem.title.isEmpty)
    #expect(problem.detail == "what")
    #expect(problem.hint == "how")
    #expect(problem.index == 1)
  }

  @Test(
    "the status of each kind",
    arguments: [
      (Refusal.Kind.notFound, 404), (.invalid, 422), (.neverAdmissible, 422), (.tooLarge, 413),
      (.queueFull, 503),
      (.draining, 503), (.storage, 507), (.conflict, 409),
    ])
  func statuses(_ kind: Refusal.Kind, _ status: Int) {
    #expect(Problem(Refusal(kind, "")).status == status)
  }

  @Test(
    "another problem is of no kind",
    arguments: [
      "about:blank", "", "urn:millrace:", "urn:millrace:other", "urn:other:invalid", "invalid",
    ])
  func others(_ type: String) {
    #expect(Problem(type: type, title: "", status: 500, detail: "").kind == nil)
  }
}
