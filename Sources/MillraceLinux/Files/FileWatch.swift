import Dispatch
import Glibc
import Synchronization

/// Rings when files in directories change (inotify(7)), and when a directory itself is made, removed or
/// replaced.
package final class FileWatch: Sendable {
  private let rings: AsyncStream<Void>
  private let ring: AsyncStream<Void>.Continuation
  // SAFETY: dispatch sources may be used on any thread.
  nonisolated(unsafe) private let source: any DispatchSourceRead
  private let watches: Mutex<PathWatches>

  /// A file counts when it is whole: not when it is made.
  private static let changesOfFiles =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF

  /// Watches nothing yet.
  /// - Throws: `LinuxError`.
  package init() throws {
    (rings, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    let number = try Inotify().release()
    source = DispatchSource.makeReadSource(fileDescriptor: number)
    watches = Mutex(PathWatches(by: number, changes: Self.changesOfFiles))
    source.setEventHandler { [ring] in
      var bytes = [UInt8](repeating: 0, count: 16 << 10)
      while read(number, &bytes, bytes.count) > 0 {}
      ring.yield()
    }
    source.setCancelHandler { close(number) }
    source.resume()
  }

  deinit {
    source.cancel()
    ring.finish()
  }

  /// Watches these directories and no others; to be called again after each ring, before they are looked at.
  ///
  /// Of one that is not there, what is above it is watched until it is.
  ///
  /// - Parameter paths: absolute.
  /// - Throws: `LinuxError`, as when the kernel allows no more watches.
  package func follow(_ paths: [String]) throws { try watches.withLock { try $0.follow(paths) } }

  /// Rings as if something had changed.
  package func wake() { ring.yield() }

  /// Waits for changes since the last time, once however many; for one caller. What has changed does not
  /// matter: all is looked at anew, after `follow`.
  ///
  /// - Returns: whether there were any: not if the task is cancelled.
  package func nextRing() async -> Bool {
    var iterator = rings.makeAsyncIterator()
    return await iterator.next() != nil
  }
}
