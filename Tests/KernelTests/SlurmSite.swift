import Foundation
import MillraceWire
import TestSupport

/// A runner whose jobs may run in a trial cluster of one node, which holds each to its memory.
final class SlurmSite {
  /// One cluster serves all tests of the process.
  private static let started = Result { try SlurmCluster("--cgroups") }

  let cluster: SlurmCluster
  let runner: RunnerUnderTest
  /// Where jobs write down what happens to them, outside of the runner's knowledge.
  private let traces: String
  private let spool: String

  init(plugins: [String]) throws {
    cluster = try Self.started.get()
    traces = TestDirectory.newPath("traces")
    spool = TestDirectory.newPath("spool")
    try FileManager.default.createDirectory(atPath: traces, withIntermediateDirectories: false)
    chmod(traces, 0o777)
    // Jobs must not have their directories on the files of the machine below a test kernel.
    let configuration = """
      slurm:
        spool: \(spool)
        conf: \(cluster.configuration)
        poll: 1s
        extra: ["--export=ALL,TMPDIR=\(traces)"]
      """
    runner = try RunnerUnderTest(plugins: plugins, configuration: configuration)
  }

  /// Submits a job for the cluster that notes when it runs, waits for its `go`, and ends with a code. Two of
  /// two processors fill the node.
  func submit(_ name: String, processors: Int = 2, code: Int = 0) async throws -> String {
    try await runner.submit(
      "exec", "--place", "slurm", "--cpu", "\(processors)", "--memory", "64M", "--", "sh", "-c",
      script(name, code: code))
  }

  /// Submits some that need no `go`, all at once; returns their numbers.
  func submitBatch(_ names: [String]) async throws -> [String] {
    for name in names { try go(name) }
    let lines = try names.map { name in
      let words = try JSONEncoder().encode(["sh", "-c", script(name, code: 0)])
      return #"{"handler":"exec","parameters":{"command":\#(String(decoding: words, as: UTF8.self))},"#
        + #""place":"slurm","cpu_millis":2000,"memory_bytes":67108864}"# + "\n"
    }
    let run = try await runner.millrace(
      "submit", "--batch", "-", "-o", "ids", input: Data(lines.joined().utf8))
    guard run.status == 0 else { throw TestFailure("the batch ended with \(run.status): \(run.errors)") }
    return run.output.split(separator: "\n").map(String.init)
  }

  private func script(_ name: String, code: Int) -> String {
    let here = "\(traces)/\(name)"
    return "trap 'echo >\(here).stopped; exit 1' TERM; echo run >>\(here).runs; "
      + "until [ -e \(here).go ]; do sleep 0.2; done; exit \(code)"
  }

  /// Lets a job end.
  func go(_ name: String) throws { try Data().write(to: URL(filePath: "\(traces)/\(name).go")) }

  /// How often a job has run.
  func runs(_ name: String) -> Int {
    let bytes = FileManager.default.contents(atPath: "\(traces)/\(name).runs") ?? Data()
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").count
  }

  /// Whether a job was told to stop.
  func wasStopped(_ name: String) -> Bool { access("\(traces)/\(name).stopped", F_OK) == 0 }

  /// Slurm's jobs in some states, as their numbers; without any, those that have not ended.
  func queue(_ states: String...) throws -> Set<String> {
    let words = ["-h", "-o", "%i"] + (states.isEmpty ? [] : ["--states=" + states.joined(separator: ",")])
    return Set(try cluster.slurm("squeue", words).split(separator: "\n").map(String.init))
  }

  /// Bundles that the runner has in its spool.
  func bundles() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: spool + "/bundles").filter { !$0.hasPrefix(".") }
  }

  /// Returns when a condition holds, which has two minutes; no runner need be there.
  func wait(until what: String, _ isTrue: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while try await !isTrue() {
      guard ContinuousClock.now < deadline else {
        throw TestFailure("it did not come about that \(what):\n\(try evidence())")
      }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  /// What Slurm, the spool and the runner say.
  private func evidence() throws -> String {
    let files = FileManager.default.enumerator(atPath: spool)?.compactMap { "\($0)" } ?? []
    let queue = try cluster.slurm("squeue", "--states=all")
    return "\(queue)\n\(files.joined(separator: "\n"))\n\(runner.log.suffix(5000))"
  }

  /// All attempts at a job, once it has ended.
  func attempts(at job: String) async throws -> [AttemptView] {
    _ = try await runner.millrace("wait", job, "--timeout", "120s")
    return try await runner.answer(JobDetail.self, "show", job).attempts
  }
}
