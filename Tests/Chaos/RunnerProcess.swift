import Foundation
import MillraceClient
import MillraceWire
import Synchronization
import TestSupport

/// The real `millraced` on a state directory of its own. Any thread may use it.
final class RunnerProcess: Sendable {
  let home: String
  /// The path of its cgroups.
  let cgroup: String
  private let group: String
  private let process = Mutex<TestProcess?>(nil)

  var state: String { home + "/state" }
  var witnesses: String { home + "/witnesses" }
  var database: String { state + "/millrace.db" }
  var client: Client {
    var client = Client(socket: home + "/run/sock")
    client.patience = .seconds(20)
    return client
  }
  /// The runner's process; nil while there is none.
  var pid: pid_t? { process.withLock { $0?.pid } }

  private static let settings = """
    capacity: {slots: 8, memory: 50%}
    defaults: {memory: 24M, pids: 16, timeout: 2m, grace: 1s}
    """
  /// How long a runner may take to answer.
  private static let patience = Duration.seconds(120)

  /// Makes the directories and installs the witness.
  init() throws {
    home = TestDirectory.newPath("chaos")
    group = "/millrace-chaos-\(UUID().uuidString.prefix(8))"
    cgroup = "/sys/fs/cgroup" + group
    for directory in ["", "/plugins", "/run", "/witnesses"] {
      try FileManager.default.createDirectory(atPath: home + directory, withIntermediateDirectories: true)
    }
    chmod(home, 0o755)
    chmod(witnesses, 0o777)
    try Self.settings.write(toFile: home + "/millrace.yaml", atomically: true, encoding: .utf8)
    try FileManager.default.copyItem(
      atPath: try FixturePlugin.witness(), toPath: home + "/plugins/libwitness.so")
  }

  /// Starts a runner; returns at once.
  func start() throws {
    let arguments = [
      "--state", state, "--plugins", home + "/plugins", "--socket", home + "/run/sock",
      "--cgroup-root", group, "--config", home + "/millrace.yaml", "--drain", "60s",
    ]
    let started = try TestProcess("millraced", arguments, log: home + "/log")
    process.withLock { $0 = started }
  }

  /// Kills the runner as a crash would, and starts the next one.
  func killAndStart() throws {
    _ = end(by: SIGKILL)
    try start()
  }

  /// Stops the runner as an operator would; returns its exit code.
  func stop() -> Int32 { end(by: SIGTERM) }

  private func end(by signal: Int32) -> Int32 {
    let ending = process.withLock { process in
      defer { process = nil }
      return process
    }
    // It is a child of this process: what could fail is the wait of a second one for it.
    return (try? ending?.end(by: signal).status) ?? -1
  }

  /// Returns when the runner has its plugin in use.
  func waitUntilReady() throws {
    let deadline = ContinuousClock.now + Self.patience
    while ContinuousClock.now < deadline {
      // Not there yet, or not yet in use: asked again.
      if let handlers = try? client.handlers(), !handlers.plugins.isEmpty { return }
      usleep(20_000)
    }
    throw TestFailure("the runner does not come up:\n\(log(lines: 20))")
  }

  /// Returns the last lines that the runners have logged, or those with a word in them.
  func log(lines count: Int, with word: String? = nil) -> String {
    // For people only.
    guard let text = try? String(contentsOfFile: home + "/log", encoding: .utf8) else { return "" }
    let lines = text.split(separator: "\n").filter { line in word.map { line.contains($0) } ?? true }
    return lines.suffix(count).joined(separator: "\n")
  }

  /// Returns the errors and warnings that the runners have logged: how often, and the last of each.
  func complaints() -> [String: (count: Int, example: String)] {
    log(lines: .max).split(separator: "\n").reduce(into: [:]) { complaints, line in
      guard line.contains(" error ") || line.contains(" warning ") || line.contains("Fatal") else { return }
      let words = line.split(separator: "]").last.map(String.init) ?? ""
      complaints[words] = ((complaints[words]?.count ?? 0) + 1, String(line))
    }
  }

  /// Kills whatever is left; for the end of a run that went wrong.
  func clear() {
    _ = end(by: SIGKILL)
    // Gone already if all went well.
    try? "1".write(toFile: cgroup + "/cgroup.kill", atomically: false, encoding: .utf8)
  }
}
