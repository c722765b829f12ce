import CMillraceLinux
import Glibc
import MillraceCore

/// The cgroup of one attempt, from its making to its removal; never used twice.
final class Leaf {
  /// The name within the plugin's group: the attempt.
  let name: String
  /// The directory, kept open.
  let directory: Descriptor
  private let parent: Descriptor
  private let files: LeafFiles

  /// Makes a leaf with all of its limits.
  /// - Throws: `LinuxError`; the leaf is gone again then.
  init(name: String, in parent: consuming Descriptor, limits: Limits, priority: Priority, controllers: [String])
    throws
  {
    try checkErrno(mkdirat(parent.number, name, 0o755), "make the cgroup `\(name)`")
    do {
      directory = try Descriptor(opening: name, in: parent.number, flags: O_RDONLY | O_DIRECTORY)
      files = LeafFiles(directory: directory.number, name: name)
      try files.set(limits, priority: priority, controllers: controllers)
    } catch {
      unlinkat(parent.number, name, AT_REMOVEDIR)
      throw error
    }
    self.name = name
    self.parent = parent
  }

  /// Finds a leaf that a former runner made.
  init(existing name: String, in parent: consuming Descriptor) throws {
    directory = try Descriptor(opening: name, in: parent.number, flags: O_RDONLY | O_DIRECTORY)
    files = LeafFiles(directory: directory.number, name: name)
    self.name = name
    self.parent = parent
  }

  /// Kills every process in it (`cgroup.kill`, Linux 5.14).
  func kill() throws { try files.write("cgroup.kill", "1") }

  /// Sends a signal to every process in it; those that are born meanwhile may be missed.
  func signal(_ signal: Int32) throws {
    for line in try files.read("cgroup.procs").split(separator: "\n") {
      guard let pid = Int32(line), pid > 0 else { continue }
      Glibc.kill(pid, signal)
    }
  }

  /// Whether any process is left in it.
  func isPopulated() throws -> Bool {
    let events = try CgroupFiles.flatKeyed(files.read("cgroup.events"), "cgroup.events")
    return try CgroupFiles.member("populated", of: events, "cgroup.events") == 1
  }

  /// Opens the file whose POLLPRI tells that `isPopulated` may have changed.
  func openEvents() throws -> Descriptor {
    try Descriptor(opening: "cgroup.events", in: directory.number, flags: O_RDONLY)
  }

  /// Returns what it used in all; read it after the last exit and before `remove`.
  func finalUsage() throws -> (usage: Usage, memoryEvents: [String: Int64]) { try files.finalUsage() }

  /// Returns what it uses now.
  func sample() throws -> UsageSample { try files.sample() }

  /// Removes the leaf; it must be empty.
  func remove() throws {
    try checkErrno(unlinkat(parent.number, name, AT_REMOVEDIR), "remove the cgroup `\(name)`")
  }
}
