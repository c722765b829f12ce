package import MillraceEngine

/// Directories that are watched for files, by a thread of its own and inotify(7).
///
/// A file is told when it is closed after writing, and when it is moved into the directory. Links,
/// directories and other things that are no regular files are not; names that begin with a dot only if the
/// pattern does. A hard link that is made in the directory is found by the next scan only.
///
/// A directory is watched first and then scanned for files whose status has changed since `since`: at the
/// start, when a schedule is new to it, when it is there again, and when the kernel lost events. Whether a
/// file that is found so is still written to can't be known. It is told if its content has rested for two
/// seconds; else once more is looked: if its content is the same it is told, else its writer's closing is an
/// event.
///
/// The identity of a file is path, inode, time of the content and size. The device is left out: of many file
/// systems it is another one after each mount.
package final class DirectoryEvents: FileEventSource {
  private let exchange: FileEventExchange

  /// Which directories are not watched, and how patient the watch is.
  package struct Settings: Sendable {
    /// Directories below which nothing is watched, each with what it is.
    package var forbidden: [(path: String, what: String)]
    /// How long content rests until a scan takes it for whole.
    package var rest: Duration
    /// When it is looked again for a directory that can't be watched.
    package var retry: Duration

    /// Makes the usual settings; `state` is the runner's own directory, nil if it has none.
    package init(state: String?, rest: Duration = .seconds(2), retry: Duration = .seconds(5)) {
      forbidden = [("/proc", "it is no directory of files"), ("/sys", "it is no directory of files")]
      if let state { forbidden.append((state, "it is the runner's own")) }
      self.rest = rest
      self.retry = retry
    }
  }

  /// Starts the thread; it watches nothing yet.
  /// - Throws: `LinuxError`.
  package init(_ settings: Settings) throws {
    exchange = try FileEventExchange()
    let loop = DirectoryLoop(try DirectoryObserver(settings), exchange)
    try startThread(ofThe: "file watch") { loop.run() }
  }

  deinit { stop() }

  package func watch(_ directories: [WatchedDirectory]) { exchange.ask(for: directories) }

  package var changes: AsyncStream<FileEventChange> { AsyncStream { [exchange] in await exchange.next() } }

  /// Watches nothing any more; `changes` ends when the thread has let go of everything. Fine twice.
  package func stop() { exchange.stop() }
}
