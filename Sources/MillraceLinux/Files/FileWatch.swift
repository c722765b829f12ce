import CMillraceLinux
import Dispatch
import Glibc
import Synchronization

/// Rings when files in directories change (inotify(7)), and when a directory itself is made, removed or
/// replaced.
package final class FileWatch: Sendable {
  private let rings: AsyncStream<Void>
  private let ring: AsyncStream<Void>.Continuation
  private let number: Int32
  // SAFETY: dispatch sources may be used on any thread.
  nonisolated(unsafe) private let source: any DispatchSourceRead
  /// The watches by the directory.
  private let watches = Mutex<[String: Int32]>([:])

  /// Watches nothing yet.
  /// - Throws: `LinuxError`.
  package init() throws {
    (rings, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    let number = try checkErrno(inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)), "watch files")
    source = DispatchSource.makeReadSource(fileDescriptor: number)
    self.number = number
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
  package func follow(_ paths: [String]) throws {
    try watches.withLock { watches in
      var wanted: [String: Int32] = [:]
      for path in paths { try follow(path, &wanted) }
      let inUse = Set(wanted.values)
      for watch in watches.values where !inUse.contains(watch) { inotify_rm_watch(number, watch) }
      watches = wanted
    }
  }

  /// Waits for changes since the last time, once however many; for one caller. What has changed does not
  /// matter: all is looked at anew, after `follow`.
  ///
  /// - Returns: whether there were any: not if the task is cancelled.
  package func nextRing() async -> Bool {
    var iterator = rings.makeAsyncIterator()
    return await iterator.next() != nil
  }

  private func follow(_ path: String, _ wanted: inout [String: Int32]) throws {
    var last: String?
    while true {
      let place = Self.existing(path)
      // What was made while the watch was not there yet is found by a second look.
      if place == last { return }
      last = place
      if place != "/" { try watch(Self.parent(of: place), Self.changesOfNames, &wanted) }
      try watch(place, place == path ? Self.changesOfFiles : Self.changesOfNames, &wanted)
    }
  }

  private static let changesOfNames =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF
  /// A file counts when it is whole: not when it is made.
  private static let changesOfFiles =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF

  private func watch(_ path: String, _ mask: Int32, _ wanted: inout [String: Int32]) throws {
    let watch = inotify_add_watch(number, path, UInt32(mask | IN_ONLYDIR | IN_MASK_ADD))
    if watch >= 0 {
      wanted[path] = watch
    } else if ![ENOENT, ENOTDIR, EACCES].contains(errno) {  // Whoever looks at it tells of these.
      throw LinuxError(
        "watch the directory `\(path)`", .kernel(errno),
        hint: errno == ENOSPC ? "the kernel allows more watches by `sysctl fs.inotify.max_user_watches`" : nil
      )
    }
  }

  /// Returns the path, or of what is above it the nearest that is there.
  private static func existing(_ path: String) -> String {
    var place = path
    var facts = stat()
    while place != "/", stat(place, &facts) != 0 || facts.st_mode & S_IFMT != S_IFDIR {
      place = parent(of: place)
    }
    return place
  }

  private static func parent(of path: String) -> String {
    let end = path.lastIndex(of: "/") ?? path.startIndex
    return end == path.startIndex ? "/" : String(path[..<end])
  }
}
