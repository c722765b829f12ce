import MillraceClient
import MillraceSimulator
import MillraceWire

/// What the command line itself has to say no to.
struct CommandError: Error {
  var code: ExitCodes
  var message: String
  var hint: String?

  init(_ code: ExitCodes, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }
}

/// An argument that can't be read; the parser puts the argument's name before it.
struct ArgumentProblem: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// How errors are told: `error: …`, then a blank line and `hint: …`.
enum ErrorText {
  /// Returns the lines for an error; nil if there is nothing to say.
  static func text(of error: any Error) -> String? {
    switch error {
    case let error as CommandError: lines(error.message, error.hint)
    case let error as SimulatorError: lines(error.message, error.hint)
    case let problem as Problem: lines(problem.detail, problem.hint)
    case let error as ClientError: lines(error.description, hint(for: error))
    case is Ended: nil
    default: lines("\(error)", nil)
    }
  }

  private static func lines(_ message: String, _ hint: String?) -> String {
    "error: \(message)\n" + (hint.map { "\nhint: \($0)\n" } ?? "")
  }

  private static func hint(for error: ClientError) -> String? {
    switch error {
    case .unreachable(let socket, _)
    where socket != Places.systemSocket && Places.exists(Places.systemSocket):
      "this machine's runner has a socket: `--socket \(Places.systemSocket)`"
    case .unreachable:
      "start `millraced`, or name another socket with `--socket` or MILLRACE_SOCKET; `millrace doctor` checks"
    case .notPermitted: "join the group that owns the socket, or run it as its owner"
    case .malformed: "is `millraced` as new as this `millrace` (\(Millrace.version))? `millrace status` tells"
    case .timedOut, .closedEarly, .tooLarge, .failed: nil
    }
  }
}
