import ArgumentParser
import Foundation
import MillraceCore
import MillraceLinux

/// What a runner is made of.
struct RunnerOptions: ParsableArguments {
  @Option(help: "The program millrace-host.") var host: String
  @Option(help: "The plugin libprobe.so.") var plugin: String
  @Option(help: "A new directory on a disk, not a tmpfs; everybody must be able to pass.")
  var directory: String
  @Option(help: "How jobs are started: \(Tier.allCases.map(\.rawValue).joined(separator: ", ")).")
  var tier = Tier.template
  @Option(help: "A library that the tier `preloaded` loads ahead. May be repeated.")
  var preload: [String] = []
  @Option(help: "A handler without a warm host, whatever its plugin wants. May be repeated.")
  var loaded: [String] = []
  @Option(help: "How many attempts run at once.") var slots = 64
  @Option(help: "A record to begin with, which is copied.") var record: String?
  @Flag(help: "Do without cgroup controllers, where the machine has none.") var withoutControllers = false
  @Flag(help: "Write spans of all jobs.") var traced = false
  @Flag(help: "Listen for TCP too, on a free port of the loopback interface.") var remote = false

  /// These options as they are written on a command line.
  var words: [String] {
    var words = [
      "--host", host, "--plugin", plugin, "--directory", directory, "--tier", tier.rawValue, "--slots",
      "\(slots)",
    ]
    if let record { words += ["--record", record] }
    for library in preload { words += ["--preload", library] }
    for handler in loaded { words += ["--loaded", handler] }
    if traced { words.append("--traced") }
    if remote { words.append("--remote") }
    return words + (withoutControllers ? ["--without-controllers"] : [])
  }

  /// As `millraced` has them.
  func launchSettings(at place: RunnerPlace) -> LaunchSettings {
    var settings = LaunchSettings(
      host: host, keeperSocket: place.keeperSocket, workDirectory: place.work,
      identity: .ofBenchmark)
    tier.apply(to: &settings, preload: preload)
    for handler in loaded { settings.tiers[handler] = .template }
    return settings
  }
}

/// Where a runner has its files.
struct RunnerPlace {
  /// Everything is below it.
  let directory: String

  var logs: String { directory + "/logs" }
  var work: String { directory + "/work" }
  var builds: String { directory + "/builds" }
  var plugins: String { directory + "/plugins" }
  var socket: String { directory + "/run/sock" }
  var keeperSocket: String { directory + "/run/keeper.sock" }
  var database: String { directory + "/millrace.db" }
  var spans: String { directory + "/spans.jsonl" }
  var tokens: String { directory + "/tokens" }
  /// Where clients over TCP find the port, and a token.
  var port: String { directory + "/run/port" }
  var token: String { directory + "/run/token" }

  /// The cgroup of a runner, below the mount.
  static func group(of pid: Int32) -> String { "/millrace-bench-\(pid)" }

  /// Makes the directories and drops a plugin into its own.
  func make(plugin: String) throws {
    let modes: [(String, mode_t)] = [
      (directory, 0o711), (logs, 0o700), (work, 0o711), (builds, 0o755), (plugins, 0o755),
      (directory + "/run", 0o755),
    ]
    for (path, mode) in modes {
      guard mkdir(path, mode) == 0, chmod(path, mode) == 0 else {
        throw BenchmarkError("cannot make `\(path)`: \(String(cString: strerror(errno)))")
      }
    }
    let name = plugin.split(separator: "/").last ?? "plugin.so"
    try FileManager.default.copyItem(atPath: plugin, toPath: "\(plugins)/\(name)")
  }

  /// The bytes of the database with what is not yet moved into it.
  var databaseBytes: Int64 {
    ["", "-wal"].reduce(0) { sum, suffix in
      var facts = stat()
      return stat(database + suffix, &facts) == 0 ? sum + Int64(facts.st_size) : sum
    }
  }
}
