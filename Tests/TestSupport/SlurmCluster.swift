import Foundation

/// A trial cluster of Slurm on this machine (`etc/slurm/cluster`), which ends with the process of the tests.
package struct SlurmCluster: Sendable {
  private static let script = URL(filePath: #filePath).appending(path: "../../../etc/slurm/cluster")
    .standardized.path

  /// Not in the directory of this test run, which is removed before the cluster has ended.
  package static let directory = FileManager.default.temporaryDirectory.path + "/millrace-slurm-\(getpid())"

  package var directory: String { Self.directory }
  package var configuration: String { directory + "/slurm.conf" }

  /// Starts the one of this process, with options of the script.
  package init(_ options: String...) throws {
    let words = ["start", Self.directory, "--while", "\(getpid())"] + options
    let run = try TestProcess(Self.script, words).end()
    guard run.status == 0 else { throw TestFailure("no cluster: \(run.errors)") }
  }

  /// Does something to it: `crash n1`.
  package func command(_ words: String...) throws {
    let run = try TestProcess(Self.script, [words[0], directory] + words.dropFirst()).end()
    guard run.status == 0 else { throw TestFailure("\(words): \(run.errors)") }
  }

  /// Runs a command of Slurm and returns what it printed.
  @discardableResult
  package func slurm(_ command: String, _ words: String...) throws -> String { try slurm(command, words) }

  /// The same for words that are made.
  @discardableResult
  package func slurm(_ command: String, _ words: [String]) throws -> String {
    let environment = TestProcess.environment(with: ["SLURM_CONF": configuration, "LC_ALL": "C"])
    let run = try TestProcess("/usr/bin/\(command)", words, environment: environment).end()
    guard run.status == 0 else { throw TestFailure("\(command) \(words): \(run.errors)") }
    return run.output
  }

  /// The number of a daemon's process.
  package func pid(of file: String) throws -> Int32 {
    let text = try String(contentsOfFile: "\(directory)/\(file).pid", encoding: .utf8)
    guard let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw TestFailure("no pid in \(text)")
    }
    return pid
  }
}
