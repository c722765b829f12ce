import Glibc
import TestSupport

@testable import MillraceLinux

/// Waits for changes of a directory (inotify).
final class DirectoryWatch {
  private let events: Descriptor

  init(_ path: String) throws {
    events = Descriptor(owning: try checkErrno(inotify_init1(Int32(IN_CLOEXEC)), "watch"))
    try checkErrno(inotify_add_watch(events.number, path, UInt32(IN_CREATE | IN_DELETE)), "watch `\(path)`")
  }

  /// Returns when the condition holds; it is asked now and after each change.
  func wait(until condition: () throws -> Bool) throws {
    var bytes = [UInt8](repeating: 0, count: 4096)
    while try !condition() {
      var poller = pollfd(fd: events.number, events: Int16(POLLIN), revents: 0)
      guard poll(&poller, 1, 30_000) > 0 else { throw TestFailure("what was waited for did not happen") }
      _ = read(events.number, &bytes, bytes.count)
    }
  }
}
