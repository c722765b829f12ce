import Glibc
import TestSupport

@testable import MillraceLinux

/// What the kernel says about the freezing of a cgroup.
struct Freezer {
  let leaf: String

  /// What was asked for, as `cgroup.freeze` tells.
  func isAsked() throws -> Bool { try textFile(leaf + "/cgroup.freeze") == "1\n" }

  /// Asks for it, as a runner would that ends right after.
  func ask() throws { try CgroupTree.writeFile(leaf + "/cgroup.freeze", "1") }

  /// Waits until all processes stand still, or go on: it takes the kernel a moment.
  func wait(until isFrozen: Bool) throws {
    let file = try KernelFile(opening: leaf + "/cgroup.events", name: "cgroup.events")
    let buffer = ReadingBuffer()
    while try buffer.read(file, { try CgroupFiles.member("frozen", of: $0, "cgroup.events") == 1 })
      != isFrozen
    {
      var poller = pollfd(fd: file.descriptor.number, events: Int16(POLLPRI), revents: 0)
      guard poll(&poller, 1, 30_000) > 0 else { throw TestFailure("it does not freeze or thaw: \(leaf)") }
    }
  }
}
