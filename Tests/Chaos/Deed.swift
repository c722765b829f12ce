import MillraceCore
import MillraceWire
import TestSupport

/// What a job is asked to do: see `Fixtures/witness.c`.
struct Deed {
  enum Kind: String, CaseIterable {
    /// Succeeds; with a result, output or grandchildren.
    case plain, result, print, fork
    /// Says no for good, or until its attempt `n`.
    case fail, again
    /// Asks to be run again, and succeeds if it then finds what it saved.
    case later
    /// Ends by signal `n`, by `_exit(n)`, or for its memory limit.
    case crash, exit, hog
    /// Waits until it is stopped, by SIGTERM or by nothing less than SIGKILL.
    case hang, deaf
  }

  var kind: Kind
  var n: Int
  var milliseconds: Int
  var attempts: Int
  var priority: Int
  /// How long it waits before its first attempt, in seconds; 0 for not at all.
  var delay: Int
  /// Its time limit in seconds.
  var timeout: Double
  /// The job that must have ended before, and how; nil for none.
  var after: Dependency?

  /// Draws one, which may depend on one of the jobs that are `known`.
  static func random(using random: inout SeededGenerator, after known: [JobID]) -> Deed {
    // Most jobs succeed; each kind that hangs costs a slot for its whole time limit.
    let kinds = Kind.allCases + [.plain, .plain, .plain, .plain, .result, .print, .fork, .again, .crash]
    let kind = kinds.randomElement(using: &random) ?? .plain
    let n =
      switch kind {
      case .result: [0, 100, 70_000, 1_500_000].randomElement(using: &random) ?? 0
      case .print: [1, 200, 2000].randomElement(using: &random) ?? 1
      case .fork: Int.random(in: 1...3, using: &random)
      case .again: Int.random(in: 2...3, using: &random)
      case .crash: [4, 6, 8, 11].randomElement(using: &random) ?? 11
      case .exit: [0, 3, 77].randomElement(using: &random) ?? 0
      case .plain, .fail, .later, .hog, .hang, .deaf: 0
      }
    var after: Dependency?
    if random.oneIn(5), let needed = known.randomElement(using: &random),
      let condition = Dependency.Condition.allCases.randomElement(using: &random)
    {
      after = Dependency(.job(needed), condition)
    }
    return Deed(
      kind: kind, n: n, milliseconds: [0, 0, 20, 300, 1500].randomElement(using: &random) ?? 0,
      attempts: kind == .again ? 3 : Int.random(in: 1...2, using: &random),
      priority: Int.random(in: 1...10, using: &random),
      delay: random.oneIn(8) ? Int.random(in: 1...4, using: &random) : 0,
      timeout: kind == .hang || kind == .deaf ? 2 : 90, after: after)
  }

  /// The request; `number` is how it is found again.
  func request(number: Int, witnesses: String, now: Timestamp) -> SubmitRequest {
    var request = SubmitRequest(handler: "witness")
    request.parameters = [
      "where": .string(witnesses), "deed": .string(kind.rawValue), "n": .integer(Int64(n)),
      "ms": .integer(Int64(milliseconds)),
    ]
    request.labels = ["chaos": "\(number)"]
    // A call that broke is made again.
    request.key = "chaos-\(number)"
    request.after = after.map { [DependencyView($0)] }
    request.priority = priority
    request.maxAttempts = attempts
    request.retryDelaySeconds = 0.2
    request.timeoutSeconds = timeout
    if delay > 0 { request.notBefore = Wire.text(of: now + .seconds(delay)) }
    return request
  }

  var words: String {
    "\(kind.rawValue) n=\(n) ms=\(milliseconds) attempts=\(attempts) delay=\(delay)"
      + (after.map { " after \($0)" } ?? "")
  }
}
