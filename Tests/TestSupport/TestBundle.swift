import CMillraceLinux
import Foundation
import MillraceCore

/// A spool with one bundle, as a runner makes it for `millrace-host batch`.
package final class TestBundle: Sendable {
  /// An attempt of it.
  package struct Attempt: Sendable {
    /// `job.number`.
    package var id: String
    package var handler: String
    package var parameters: String
    package var timeout: Int
    package var grace: Int
    package var checkpoint: String?
    /// What its payload says: ms since 1970, 0 for none.
    package var deadline: Int64
    /// What the manifest says of the plugin's file; nil for the truth.
    package var sha256: String?

    package init(
      _ handler: String, id: String = "1.1", parameters: String = "{}", timeout: Int = 0, grace: Int = 10_000,
      deadline: Int64 = 0, checkpoint: String? = nil, sha256: String? = nil
    ) {
      self.id = id
      self.handler = handler
      self.parameters = parameters
      self.timeout = timeout
      self.grace = grace
      self.deadline = deadline
      self.checkpoint = checkpoint
      self.sha256 = sha256
    }
  }

  package let spool: String
  package let directory: String
  /// Where its attempts have their directories.
  package let temporary: String

  /// Makes the spool, in `parent` or in a directory of this test run; `settings` are lines of the manifest in
  /// the place of those that a test has by default.
  package init(
    _ attempts: [Attempt], plugin: String? = nil, settings: [String] = [], in parent: String? = nil
  ) throws {
    let name = UUID().uuidString.prefix(8).lowercased()
    spool = parent ?? TestDirectory.newPath("spool")
    directory = "\(spool)/bundles/\(name)"
    temporary = TestDirectory.newPath("node")
    for path in [directory, spool + "/plugins", temporary] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    let library = try Data(contentsOf: URL(fileURLWithPath: plugin ?? FixturePlugin.handlers()))
    let sha256 = SHA256.hex(of: library)
    try library.write(to: URL(fileURLWithPath: "\(spool)/plugins/\(sha256).so"))
    let defaults = ["beat 1", "fence 30", "caps trusted", "memory 1073741824", "result 1048576", "files 256"]
    var lines = ["millrace-bundle 1", "bundle \(name)"]
    let words = settings.compactMap { $0.split(separator: " ").first }
    lines += defaults.filter { line in !words.contains { line.hasPrefix($0 + " ") } } + settings
    for attempt in attempts {
      lines.append(
        "attempt \(attempt.id) \(attempt.sha256 ?? sha256) \(attempt.timeout) \(attempt.grace) 67108864 32")
      try Self.payload(attempt).write(to: URL(fileURLWithPath: "\(directory)/\(attempt.id).payload"))
    }
    try write("manifest", lines.joined(separator: "\n") + "\n")
  }

  /// Starts a host for it; `program` is what becomes the host.
  package func start(through program: [String] = []) throws -> TestProcess {
    let words = program + ["\(TestProcess.programs)/millrace-host", "batch", directory]
    return try TestProcess(
      words[0], Array(words.dropFirst()),
      environment: TestProcess.environment(with: [
        "TMPDIR": temporary, "SLURMD_NODENAME": "n1", "SLURM_JWT": "a key", "CUDA_VISIBLE_DEVICES": "1",
        "LD_LIBRARY_PATH": "/nowhere",
      ]))
  }

  /// Runs a host for it to its end.
  @discardableResult
  package func run() throws -> TestProcess.Run { try start().end() }

  /// Puts a file into the bundle's directory, as a whole.
  package func write(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
  }

  /// The text of a file of the bundle; nil if there is none.
  package func text(_ name: String) -> String? {
    FileManager.default.contents(atPath: "\(directory)/\(name)").map { String(decoding: $0, as: UTF8.self) }
  }

  /// What a text says: its words, each with the rest of its line.
  package func words(_ name: String) throws -> [String: String] {
    guard let text = text(name) else { throw TestFailure("there is no `\(name)`") }
    let pairs = text.split(separator: "\n").map { line in
      let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      return (parts[0], parts.count > 1 ? parts[1] : "")
    }
    return Dictionary(pairs) { $1 }
  }

  /// Waits until a file has a text in it, and returns all of it.
  @discardableResult
  package func wait(for text: String, in name: String) throws -> String {
    var found = ""
    try wait(until: "`\(name)` has `\(text)`") {
      found = self.text(name) ?? ""
      return found.contains(text)
    }
    return found
  }

  /// Waits until something holds, at most a minute.
  package func wait(until what: String, _ holds: () throws -> Bool) throws {
    let end = ContinuousClock.now + .seconds(60)
    while try !holds() {
      guard ContinuousClock.now < end else {
        throw TestFailure("it did not come about that \(what): \(text("heartbeat") ?? "")")
      }
      usleep(5000)
    }
  }

  /// The processes that have a plugin of this spool loaded: all that comes of its attempts.
  package func processes() throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { pid in
      // A process may end while we look.
      ((try? String(contentsOfFile: "/proc/\(pid)/maps", encoding: .utf8)) ?? "").contains(spool)
    }
  }

  /// The children of a process by this name.
  package static func children(of parent: Int32, named name: String) throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { pid in
      // As above.
      let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
      return stat.contains("(\(name)) ") && !stat.contains(") Z ") && stat.contains(" \(parent) ")
        && stat.split(separator: ") ").last?.split(separator: " ").dropFirst().first == "\(parent)"
    }
  }

  /// A payload: the texts behind the head.
  private static func payload(_ attempt: Attempt) throws -> Data {
    let numbers = attempt.id.split(separator: ".").compactMap { Int64($0) }
    guard numbers.count == 2 else { throw TestFailure("`\(attempt.id)` is no attempt") }
    var head = millrace_payload()
    var bytes = Data(count: MemoryLayout<millrace_payload>.size)
    func append(_ text: String) -> UInt64 {
      let offset = bytes.count
      bytes.append(contentsOf: Array(text.utf8) + [0])
      return UInt64(offset)
    }
    head.size = UInt32(MemoryLayout<millrace_payload>.size)
    head.job = numbers[0]
    head.attempt = Int32(numbers[1])
    head.deadline_ms = attempt.deadline
    head.handler = append(attempt.handler)
    head.parameters = append(attempt.parameters)
    head.parameters_length = UInt64(attempt.parameters.utf8.count)
    if let checkpoint = attempt.checkpoint {
      head.checkpoint = append(checkpoint)
      head.checkpoint_length = UInt64(checkpoint.utf8.count)
    }
    withUnsafeBytes(of: head) { bytes.replaceSubrange(0..<$0.count, with: $0) }
    return bytes
  }
}
