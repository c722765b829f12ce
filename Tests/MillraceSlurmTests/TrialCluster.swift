import Foundation
import MillraceCore
import TestSupport
import Testing

@testable import MillraceSlurm

/// Two nodes of Slurm on this machine, for all tests of this process; they end with it.
enum TrialCluster {
  private static let script = root + "/etc/slurm/cluster"
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  /// The program that stands in for `millrace-host`, where the jobs' user can run it.
  static let host = directory + "/host.py"

  /// The cluster's directory, once it runs.
  static let directory: String = {
    let path = "/tmp/millrace-slurm-\(getpid())"
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "host.py").path
      try FileManager.default.copyItem(atPath: source, toPath: path + "/host.py")
      chmod(path + "/host.py", 0o755)
      let run = try TestProcess(script, ["start", path, "--while", "\(getpid())"]).end()
      if run.status != 0 { Issue.record("no cluster: \(run.errors)") }
    } catch {
      Issue.record("no cluster: \(error)")
    }
    return path
  }()

  static var configuration: String { directory + "/slurm.conf" }

  /// Does something to it: `crash n1`.
  static func command(_ words: String...) throws {
    let run = try TestProcess(script, [words[0], directory] + words.dropFirst()).end()
    guard run.status == 0 else { throw TestFailure("\(words): \(run.errors)") }
  }

  /// Runs a command of Slurm and returns what it printed.
  @discardableResult
  static func slurm(_ command: String, _ words: String...) throws -> String { try slurm(command, words) }

  /// The same for words that are made.
  @discardableResult
  static func slurm(_ command: String, _ words: [String]) throws -> String {
    let environment = TestProcess.environment(with: ["SLURM_CONF": configuration, "LC_ALL": "C"])
    let run = try TestProcess("/usr/bin/\(command)", words, environment: environment).end()
    guard run.status == 0 else { throw TestFailure("\(command) \(words): \(run.errors)") }
    return run.output
  }

  /// The number of a daemon's process.
  static func pid(of file: String) throws -> Int32 {
    let text = try String(contentsOfFile: "\(directory)/\(file).pid", encoding: .utf8)
    guard let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw TestFailure("no pid in \(text)")
    }
    return pid
  }

  /// Settings for it, with a spool of its own.
  static func settings() -> SlurmSettings {
    var settings = Made.settings(spool: "\(directory)/spool-\(UUID().uuidString.prefix(8))", host: host)
    settings.configuration = configuration
    return settings
  }
}

/// All that needs the cluster: one after the other.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TrialClusterTests {}
