import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceSimulator
import MillraceStore
import MillraceWire

/// What the command's exit status says. The one place where it is decided.
enum ExitCodes: Equatable {
  case success
  /// A job that was waited for failed or was cancelled; or its state does not allow what was asked.
  case jobFailed
  case usage
  /// `wait --no-block`: a job has not ended.
  case waiting
  /// No such job, handler or result; or it could never run here.
  case notFound
  case notPermitted
  case unreachable
  /// The queue is full, or the runner takes no new jobs now.
  case queueFull
  case timedOut
  /// Millrace's own failure.
  case failure
  /// `run`: the job was cancelled.
  case cancelled
  /// The reader of the output went away: as a shell tells SIGPIPE.
  case brokenPipe
  /// `run`: the job's own exit code, or 128 and its signal.
  case job(Int32)

  var rawValue: Int32 {
    switch self {
    case .success: 0
    case .jobFailed: 1
    case .usage: 2
    case .waiting: 3
    case .notFound: 4
    case .notPermitted: 5
    case .unreachable: 69
    case .queueFull: 75
    case .timedOut: 124
    case .failure: 125
    case .cancelled: 130
    case .brokenPipe: 141
    case .job(let code): code
    }
  }

  /// Returns the code for an error; nil if it is the argument parser's.
  static func code(of error: any Error) -> ExitCodes? {
    switch error {
    case let error as CommandError: error.code
    case let error as Ended: error.code
    case let error as Problem: code(for: error)
    case let error as ClientError: code(for: error)
    case is SimulatorError: .usage
    case let error as StoreError: error.reason == .notPermitted ? .notPermitted : .failure
    case let error where isParserError(error): nil
    default: .failure
    }
  }

  private static func code(for error: ClientError) -> ExitCodes {
    switch error {
    case .unreachable: .unreachable
    case .notPermitted: .notPermitted
    case .timedOut, .closedEarly, .malformed, .tooLarge, .failed: .failure
    }
  }

  private static func code(for problem: Problem) -> ExitCodes {
    switch problem.kind {
    case .notFound, .neverAdmissible: .notFound
    case .invalid, .tooLarge: .usage
    case .queueFull, .starting, .draining: .queueFull
    case .storage: .failure
    case .conflict, .changed: .jobFailed
    case nil:
      switch problem.status {
      case 401, 403: .notPermitted
      case 404: .notFound
      case 400, 413, 422: .usage
      case 429, 503: .queueFull
      default: .failure
      }
    }
  }

  /// Errors that the parser throws on its own account; it alone knows their words.
  private static func isParserError(_ error: any Error) -> Bool {
    error is CleanExit || error is ValidationError || error is ExitCode
      || String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
  }

  /// Returns the code that `run` ends with: the job's own.
  ///
  /// A code of the program that `exec` ran is told by the failure `exit_N`, a signal by `signal_N`; 127 and
  /// 126 are a shell's for a program that is not there or can't be run.
  static func code(of job: JobView, last attempt: AttemptView?) -> ExitCodes {
    if job.state == .succeeded { return .success }
    if job.state == .cancelled || attempt?.outcome == .cancelled { return .cancelled }
    if attempt?.outcome == .timedOut { return .timedOut }
    if let code = attempt?.failure?.code {
      if let status = number(in: code, after: "exit_", 1...255) { return .job(status) }
      if let signal = number(in: code, after: "signal_", 1...64) { return .job(128 + signal) }
      if code == "command_not_found" { return .job(127) }
      if code == "command_not_executable" { return .job(126) }
    }
    if let signal = attempt?.signal { return .job(128 + signal) }
    return .jobFailed
  }

  private static func number(in text: String, after prefix: String, _ range: ClosedRange<Int32>) -> Int32? {
    guard text.hasPrefix(prefix), let number = Int32(text.dropFirst(prefix.count)), range.contains(number)
    else { return nil }
    return number
  }

  /// Returns the code that says how jobs ended that were waited for.
  static func code(of jobs: [JobView]) -> ExitCodes {
    jobs.allSatisfy { $0.state == .succeeded } ? .success : .jobFailed
  }
}

/// The command is over with a code, and has said all there is to say.
struct Ended: Error {
  var code: ExitCodes

  /// Throws if the code is not success.
  static func with(_ code: ExitCodes) throws {
    if code != .success { throw Ended(code: code) }
  }
}
