import FoundationEssentials
import MillraceClient
import MillraceCore
import MillraceWire
import Testing

@testable import millrace

@Suite("Exit codes")
struct ExitCodesTests {
  @Test("each kind of refusal has its code")
  func kinds() {
    let codes = Refusal.Kind.allCases.map { ExitCodes.code(of: Problem(Refusal($0, "x")))?.rawValue }
    let expected: [Refusal.Kind: Int32] = [
      .notFound: 4, .invalid: 2, .neverAdmissible: 4, .tooLarge: 2, .queueFull: 75, .starting: 75,
      .draining: 75, .storage: 125, .conflict: 1, .changed: 1,
    ]
    #expect(codes == Refusal.Kind.allCases.map { expected[$0] })
  }

  @Test(
    "an error without a kind goes by its status",
    arguments: [(403, 5), (404, 4), (400, 2), (503, 75), (500, 125), (502, 125)] as [(Int, Int32)])
  func statuses(status: Int, code: Int32) {
    let problem = Problem(type: "about:blank", title: "", status: status, detail: "")
    #expect(ExitCodes.code(of: problem)?.rawValue == code)
  }

  @Test("a missing runner is 69, a forbidden one 5, a broken one 125")
  func client() {
    #expect(ExitCodes.code(of: ClientError.unreachable(socket: "s", reason: "r")) == .unreachable)
    #expect(ExitCodes.code(of: ClientError.notPermitted(socket: "s", reason: "r")) == .notPermitted)
    #expect(ExitCodes.code(of: ClientError.closedEarly(call: "c")) == .failure)
    #expect(ExitCodes.unreachable.rawValue == 69)
    #expect(ExitCodes.notPermitted.rawValue == 5)
    #expect(ExitCodes.failure.rawValue == 125)
  }

  @Test(
    "run exits like its job",
    arguments: [
      ("succeeded", "succeeded", "", 0),
      ("failed", "error", "\"failure\":{\"code\":\"exit_3\",\"message\":\"m\",\"is_retryable\":false},", 3),
      (
        "failed", "error", "\"failure\":{\"code\":\"signal_9\",\"message\":\"m\",\"is_retryable\":false},",
        137
      ),
      ("failed", "error", "\"failure\":{\"code\":\"exit_0\",\"message\":\"m\",\"is_retryable\":false},", 1),
      (
        "failed", "error",
        "\"failure\":{\"code\":\"command_not_found\",\"message\":\"m\",\"is_retryable\":false},", 127
      ),
      ("failed", "error", "\"failure\":{\"code\":\"exit_999\",\"message\":\"m\",\"is_retryable\":false},", 1),
      (
        "failed", "error", "\"failure\":{\"code\":\"not_found\",\"message\":\"m\",\"is_retryable\":false},", 1
      ),
      ("failed", "error", "\"exit_code\":7,", 1), ("failed", "crashed", "\"signal\":11,", 139),
      ("failed", "oomOwnLimit", "\"signal\":9,", 137), ("failed", "timedOut", "\"signal\":9,", 124),
      ("cancelled", "cancelled", "\"signal\":15,", 130), ("failed", "lost", "", 1),
    ] as [(String, String, String, Int32)])
  func run(state: String, outcome: String, more: String, code: Int32) throws {
    let decoder = Wire.decoder()
    let job = try decoder.decode(JobView.self, from: Data(Answers.job(state: state).utf8))
    let attempt = try decoder.decode(AttemptView.self, from: Data(Answers.attempt(outcome, more).utf8))
    #expect(ExitCodes.code(of: job, last: attempt).rawValue == code)
  }

  @Test("a job that was cancelled before it began is 130 too")
  func neverBegan() throws {
    let job = try Wire.decoder().decode(JobView.self, from: Data(Answers.job(state: "cancelled").utf8))
    #expect(ExitCodes.code(of: job, last: nil) == .cancelled)
  }
}
