import Foundation
import TestSupport

/// The built `millrace`, run as a person would run it.
final class Program {
  /// What came of it.
  struct Outcome: Equatable {
    /// The exit code; 128 and the signal if one killed it.
    var code: Int32
    var out: String
    var error: String
  }

  /// The `millrace` that lies beside this test bundle.
  static let path = TestProcess.programs + "/millrace"

  private let process: TestProcess

  var pid: pid_t { process.pid }
  /// What it has written so far.
  var output: String { process.output }

  /// Starts a program; `output` takes its standard output, or else it is kept.
  init(
    _ arguments: [String], path: String, environment: [String: String] = [:], input: String = "",
    output: Int32? = nil
  ) throws {
    let variables = ["PATH": "/usr/bin:/bin", "TZ": "UTC", "HOME": TestDirectory.path]
    process = try TestProcess(
      path, arguments, environment: variables.merging(environment) { $1 }, input: Data(input.utf8),
      output: output)
  }

  /// Returns what came of it, when it has ended.
  func end() throws -> Outcome {
    let run = try process.end()
    return Outcome(code: run.status, out: run.output, error: run.errors)
  }

  /// Runs `millrace` to its end.
  static func millrace(
    _ arguments: String..., environment: [String: String] = [:], input: String = ""
  ) throws -> Outcome {
    try Program(arguments, path: path, environment: environment, input: input).end()
  }
}

/// Answers of a runner, as JSON.
enum Answers {
  /// A job.
  static func job(
    _ id: Int = 42, state: String = "succeeded", attempts: Int = 1, ended: Bool = true
  ) -> String {
    """
    {"id":\(id),"handler":"exec","state":"\(state)","priority":5,"labels":{"team":"a,b"},"parameters":{},\
    "submitted":"2026-11-21T04:20:00.000Z",\(ended ? "\"ended\":\"2026-11-21T04:21:00.000Z\"," : "")\
    "attempts":\(attempts),"attempts_used":\(attempts),"max_attempts":3,\
    "limits":{"memory_bytes":67108864,"cpu_millis":500,"pids":64,"io":[]},"timeout_seconds":30}
    """
  }

  /// An attempt; `more` are further members.
  static func attempt(_ outcome: String, _ more: String = "") -> String {
    """
    {"id":"42.1","job":42,"attempt":1,"handler":"exec","plugin":"exec","plugin_version":"1.0.0",\
    "plugin_sha256":"0123456789abcdef","queued":"2026-11-21T04:20:00.000Z",\
    "starting":"2026-11-21T04:20:01.000Z","started":"2026-11-21T04:20:01.500Z",\
    "ended":"2026-11-21T04:20:04.000Z","wait_seconds":1.5,"run_seconds":2.5,"outcome":"\(outcome)",\(more)\
    "usage":{"memory_peak_bytes":67108864,"cpu_user_seconds":1.25,"cpu_system_seconds":0.25,"oom_kills":1},\
    "limits":{"memory_bytes":67108864,"cpu_millis":500,"pids":64,"io":[]},\
    "admission":{"demand":\(resources(1, 1_048_576, 500)),"used":\(resources(0, 0, 0)),\
    "capacity":\(resources(4, 1_073_741_824, 2000)),"basis":{"kind":"percentile95","attempts":21},"queued":1,\
    "pressure":"none","backfill":true,"held_by":{"gate":"slots","open":false,\
    "reason":"4 of 4 slots are taken","remedy":"the end of an attempt"}}}
    """
  }

  /// What is taken of the machine, or what there is.
  static func resources(_ slots: Int, _ memory: Int, _ cpu: Int) -> String {
    "{\"slots\":\(slots),\"memory_bytes\":\(memory),\"committed_bytes\":\(memory),\"cpu_millis\":\(cpu)}"
  }

  /// Why a job waits: two gates, one of them closed.
  static let explanation = """
    {"gates":[{"gate":"runner","open":true,"reason":"the runner takes jobs"},\
    {"gate":"memory","open":false,"reason":"needs 3 MiB of memory, 2 MiB of 4 MiB is free",\
    "remedy":"1 MiB more","need":3145728,"used":2097152,"capacity":4194304},\
    {"gate":"rate","open":false,"reason":"5/min is used up","remedy":"time alone",\
    "opens_at":"2026-11-21T04:22:00.000Z","subject":"5/min"}],"ahead":2,\
    "estimate":{"memory_bytes":3145728,"cpu_millis":250,"run_seconds":1,"longest_run_seconds":6,\
    "memory_basis":{"kind":"maximum","attempts":5},"run_basis":{"kind":"declared"}}}
    """

  /// All of a job.
  static func detail(_ job: String, _ attempts: String...) -> String {
    "{\"job\":\(job),\"attempts\":[\(attempts.joined(separator: ","))],\"gates\":[]}"
  }
}
