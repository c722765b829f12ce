import CMillraceLinux
import Foundation
import TestSupport

/// A control group for one attempt, directly below the mount of cgroup v2: no controller is needed.
final class TestLeaf {
  let path: String
  /// What /proc/PID/cgroup says of a process in it.
  let name: String
  let descriptor: Int32

  /// Makes a group, in `parent` or directly below the mount.
  init(in parent: TestLeaf? = nil) throws {
    name = (parent?.name ?? "") + "/millrace-host-tests.\(getpid()).\(UUID().uuidString.prefix(8))"
    path = try TestLeaf.mount() + name
    try check(mkdir(path, 0o755), "make \(path)")
    descriptor = try check(
      millrace_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0), "open \(path)")
  }

  deinit {
    try? kill()  // Gone if a test removed it.
    close(descriptor)
    rmdir(path)
  }

  /// Kills every process in it and waits until none is left.
  func kill() throws {
    let events = try check(millrace_open(AT_FDCWD, path + "/cgroup.events", O_RDONLY, 0), "open events")
    defer { close(events) }
    let end = ContinuousClock.now + .seconds(30)
    while true {
      var bytes = [UInt8](repeating: 0, count: 256)
      let length = try check(pread(events, &bytes, bytes.count, 0), "read events")
      if String(decoding: bytes[..<length], as: UTF8.self).contains("populated 0") { return }
      guard ContinuousClock.now < end else { throw TestFailure("\(path) is still populated") }
      // Again and again: one that is just born may escape (docs/decisions/0011).
      try "1".write(toFile: path + "/cgroup.kill", atomically: false, encoding: .utf8)
      var changed = pollfd(fd: events, events: Int16(POLLPRI), revents: 0)
      poll(&changed, 1, 100)
    }
  }

  /// Hands it to a user, as delegation does (cgroups(7)).
  func delegate(to uid: UInt32) throws {
    for file in ["", "/cgroup.procs", "/cgroup.subtree_control"] {
      try check(chown(path + file, uid, uid), "delegate \(path)")
    }
  }

  /// The processes in it.
  func processes() throws -> [Int32] {
    try String(contentsOfFile: path + "/cgroup.procs", encoding: .utf8).split(separator: "\n").compactMap {
      Int32($0)
    }
  }

  private static func mount() throws -> String {
    for line in try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8).split(separator: "\n") {
      let fields = line.split(separator: " ")
      if fields.count > 2, fields[2] == "cgroup2" { return String(fields[1]) }
    }
    throw TestFailure("cgroup v2 is not mounted")
  }
}
