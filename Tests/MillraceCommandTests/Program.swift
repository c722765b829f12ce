import FoundationEssentials
import Glibc
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
  static var path: String {
    get throws {
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink("/proc/self/exe", &buffer, buffer.count)
      let own = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard let slash = own.lastIndex(of: "/") else { throw TestFailure("where am I?") }
      return own[...slash] + "millrace"
    }
  }

  let pid: pid_t
  private let directory: TemporaryDirectory

  /// Starts a program; `output` takes its standard output, or else it is kept.
  init(
    _ arguments: [String], path: String, environment: [String: String] = [:], input: String = "",
    output: Int32? = nil
  ) throws {
    directory = try TemporaryDirectory()
    try input.write(toFile: directory.path + "/in", atomically: false, encoding: .utf8)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, directory.path + "/in", O_RDONLY, 0)
    if let output {
      posix_spawn_file_actions_adddup2(&actions, output, 1)
    } else {
      posix_spawn_file_actions_addopen(&actions, 1, directory.path + "/out", O_WRONLY | O_CREAT, 0o600)
    }
    posix_spawn_file_actions_addopen(&actions, 2, directory.path + "/error", O_WRONLY | O_CREAT, 0o600)
    let variables = ["PATH": "/usr/bin:/bin", "TZ": "UTC", "HOME": directory.path]
      .merging(environment) { $1 }
    var argv = ([path] + arguments).map { strdup($0) }
    var envp = variables.map { strdup("\($0.key)=\($0.value)") }
    defer { for pointer in argv + envp { free(pointer) } }
    argv.append(nil)
    envp.append(nil)
    var pid: pid_t = 0
    // The threads of a test have signals blocked that a shell's children have not.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let status = posix_spawn(&pid, path, &actions, &attributes, argv, envp)
    guard status == 0 else { throw TestFailure("cannot start \(path): \(String(cString: strerror(status)))") }
    self.pid = pid
  }

  /// Returns what came of it, when it has ended.
  func end() throws -> Outcome {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 {
      guard errno == EINTR else { throw TestFailure("cannot wait for \(pid)") }
    }
    let signal = status & 0x7f
    return Outcome(
      code: signal == 0 ? status >> 8 & 0xff : 128 + signal, out: text("/out"), error: text("/error"))
  }

  private func text(_ name: String) -> String {
    guard let data = FileManager.default.contents(atPath: directory.path + name) else { return "" }
    return String(decoding: data, as: UTF8.self)
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
