import Foundation
import MillraceCore
import MillraceWire
import TestSupport

/// A real `millraced` on a state directory of its own, and the real `millrace` to talk to it.
final class RunnerUnderTest {
  let home: String
  let configuration: String?
  private var process: TestProcess?

  var socket: String { home + "/run/sock" }
  var state: String { home + "/state" }
  var plugins: String { home + "/plugins" }
  /// The path of its cgroups below the mount.
  let group: String
  /// Whether it runs as an ordinary user (`nobody`) in a cgroup that was delegated to it.
  var isRootless = false

  /// What it has said since its start.
  var log: String { process?.errors ?? "" }

  /// What went wrong with the runner itself.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Makes the directories; `configuration` is the text of its file.
  init(plugins names: [String] = [], configuration: String? = nil) throws {
    home = TestDirectory.newPath("runner")
    group = "/millrace-\(UUID().uuidString.prefix(8))"
    self.configuration = configuration
    try FileManager.default.createDirectory(atPath: home + "/plugins", withIntermediateDirectories: true)
    for name in names { try install(name) }
    if let configuration {
      try configuration.write(toFile: home + "/millrace.yaml", atomically: true, encoding: .utf8)
    }
  }

  private static let isWarm = ProcessInfo.processInfo.environment["MILLRACE_TEST_TIER"] == "warm"

  /// Drops a plugin that ships into the directory.
  func install(_ name: String) throws {
    try install(file: "\(TestProcess.programs)/lib\(name).so")
  }

  /// Drops a plugin's file into the directory, under a name of its own if one is given.
  func install(file: String, as given: String? = nil) throws {
    let name = given ?? URL(fileURLWithPath: file).lastPathComponent
    let staged = "\(home)/\(name).new"
    try FileManager.default.copyItem(atPath: file, toPath: staged)
    guard rename(staged, "\(plugins)/\(name)") == 0 else {
      throw Failure(description: "cannot install \(name)")
    }
    // The whole suite also runs with every plugin warm.
    let sidecar = "\(plugins)/\(name.dropLast(3)).yaml"
    guard Self.isWarm, access(sidecar, F_OK) != 0 else { return }
    try "warm: true\n".write(toFile: sidecar, atomically: true, encoding: .utf8)
  }

  private var arguments: [String] {
    ["--state", state, "--plugins", plugins, "--socket", socket, "--cgroup-root", group]
      + (configuration == nil ? [] : ["--config", home + "/millrace.yaml"])
  }

  /// Starts the runner; returns when it has described its plugins and answers.
  func start(handlers: Int) async throws {
    var command = ["\(TestProcess.programs)/millraced"] + arguments + ["--drain", "20s"]
    if isRootless { command = try delegated(command) }
    let process = try TestProcess(command[0], Array(command.dropFirst()))
    self.process = process
    let deadline = ContinuousClock.now + .seconds(120)
    while ContinuousClock.now < deadline, kill(process.pid, 0) == 0 {
      let lines = process.errors.split(separator: "\n")
      let loaded = lines.count { $0.contains("plugin loaded") }
      if lines.contains(where: { $0.hasSuffix("] ready") }), loaded >= handlers { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Failure(description: "the runner did not start:\n\(process.errors)")
  }

  /// Makes a cgroup that `nobody` owns; returns what starts the runner there as that user.
  private func delegated(_ command: [String]) throws -> [String] {
    let directory = "/sys/fs/cgroup" + group
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let nobody: [FileAttributeKey: Any] = [.ownerAccountID: 65534, .groupOwnerAccountID: 65534]
    let files = ["", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"].map { directory + $0 }
    let installed = try FileManager.default.contentsOfDirectory(atPath: plugins).map { "\(plugins)/\($0)" }
    for path in files + [home, plugins] + installed {
      try FileManager.default.setAttributes(nobody, ofItemAtPath: path)
    }
    let words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    let script = "echo $$ > \(directory)/cgroup.procs && exec \(words.joined(separator: " ")) \"$@\""
    return ["/bin/sh", "-c", script, "sh"] + command
  }

  /// Runs the runner where it is expected to refuse to.
  func startRefused() async throws -> TestProcess.Run { try await Programs.run("millraced", arguments) }

  /// Stops the runner as systemd would; returns its exit code.
  @discardableResult
  func stop() async -> Int32 { await end(by: SIGTERM) }

  /// Kills the runner as a crash would.
  func crash() async { _ = await end(by: SIGKILL) }

  /// Kills the keeper; returns when another one is there, which holds what runs. `exec` must be there.
  func killKeeper() async throws {
    let file = "/sys/fs/cgroup\(group)/keeper/cgroup.procs"
    let former = try String(contentsOfFile: file, encoding: .utf8)
    guard let pid = Int32(former.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw Failure(description: "there is no keeper: \(former)")
    }
    kill(pid, SIGKILL)
    try await wait(until: "there is a new keeper") {
      _ = try await millrace("status")
      let now = try String(contentsOfFile: file, encoding: .utf8)
      return !now.isEmpty && now != former
    }
    // It was told what runs before it was asked for this.
    let run = try await millrace("run", "exec", "--", "true")
    guard run.status == 0 else { throw Failure(description: "the new keeper runs nothing: \(run.errors)") }
  }

  private func end(by signal: Int32) async -> Int32 {
    guard let process else { return -1 }
    self.process = nil
    kill(process.pid, signal)
    // It is a child of this process: what could fail is the wait of a second one for it.
    return (try? await process.ended().status) ?? -1
  }

  /// Runs `millrace` against this runner.
  func millrace(_ arguments: String..., input: Data = Data()) async throws -> TestProcess.Run {
    try await Programs.run(
      "millrace", arguments, environment: ["MILLRACE_SOCKET": socket, "MILLRACE_STATE": state], input: input)
  }

  /// Runs `millrace` and decodes the JSON that it prints.
  func answer<Shape: Decodable>(_ shape: Shape.Type, _ arguments: String...) async throws -> Shape {
    let run = try await Programs.run(
      "millrace", arguments + ["-o", "json"],
      environment: ["MILLRACE_SOCKET": socket, "MILLRACE_STATE": state])
    do {
      return try Wire.decoder().decode(shape, from: Data(run.output.utf8))
    } catch {
      throw Failure(
        description: "\(arguments) ended with \(run.status): \(run.output)\(run.errors)\n\(error)")
    }
  }

  /// Submits a job and returns its number.
  func submit(_ arguments: String...) async throws -> String {
    let run = try await Programs.run(
      "millrace", ["submit", "-o", "ids"] + arguments, environment: ["MILLRACE_SOCKET": socket])
    let id = run.output.trimmingCharacters(in: .whitespacesAndNewlines)
    guard run.status == 0, Int(id) != nil else {
      throw Failure(description: "submit \(arguments) ended with \(run.status): \(run.errors)")
    }
    return id
  }

  /// Waits for a job's end and returns its last attempt.
  func lastAttempt(of job: String) async throws -> AttemptView {
    let run = try await millrace("wait", job, "--timeout", "60s")
    guard run.status < 2 else {
      throw Failure(description: "wait \(job) ended with \(run.status): \(run.errors)")
    }
    guard let attempt = try await answer(JobDetail.self, "show", job).attempts.last else {
      throw Failure(description: "job \(job) has no attempt")
    }
    return attempt
  }

  /// The leaves that are there now, as plugin/attempt.
  func leaves() throws -> [String] {
    try CgroupNames.below(group + "/p").flatMap { plugin in
      try CgroupNames.below("\(group)/p/\(plugin)").filter { !$0.hasPrefix("host-") }
        .map { "\(plugin)/\($0)" }
    }
  }

  /// Runs `body` with a runner that works, and stops it.
  static func with(
    plugins: [String] = ["exec", "balloon", "spin", "checksum"], files: [String] = [],
    configuration: String? = nil, _ body: (RunnerUnderTest) async throws -> Void
  ) async throws {
    let runner = try RunnerUnderTest(plugins: plugins, configuration: configuration)
    for file in files { try runner.install(file: file) }
    try await runner.serve(handlers: plugins.count + files.count, body)
  }

  /// Starts the runner for `body` and stops it afterwards; returns its exit code.
  @discardableResult
  func serve(handlers: Int, _ body: (RunnerUnderTest) async throws -> Void) async throws -> Int32 {
    try await start(handlers: handlers)
    do {
      try await body(self)
    } catch {
      await stop()
      throw error
    }
    return await stop()
  }
}
