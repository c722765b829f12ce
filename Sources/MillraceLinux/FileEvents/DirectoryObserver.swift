import CMillraceLinux
import Glibc
import MillraceCore
import MillraceEngine

/// What is watched and what is found; one thread uses it.
final class DirectoryObserver {
  let settings: DirectoryEvents.Settings
  /// What happens in the directories.
  let inotify: Inotify
  /// What happens to them, told by another instance.
  private let placeEvents: Inotify
  var places: PathWatches
  /// Why that is not noticed at once, as the operator was told; nil if it is.
  var placesTrouble: String?
  private let mounts: Descriptor
  /// By their paths.
  var directories: [String: ObservedDirectory] = [:]
  var scan: DirectoryScan?
  /// When all events were read, by the wall clock and by the one that nobody sets.
  private var caughtUp = (wall: Timestamp.now(by: CLOCK_REALTIME), boot: Timestamp.now(by: CLOCK_BOOTTIME))
  var mustLook = false
  /// When it is looked again for directories that can't be watched, monotonic in ms.
  var retryTime: Int64?
  var found: [FileAppearance] = []
  var notices: [String] = []

  /// About a hundred events.
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 << 10, alignment: 8)

  /// Status times of files come from clocks that are a little off; more than is needed does no harm.
  private static let slack = Duration.seconds(60)

  init(_ settings: DirectoryEvents.Settings) throws {
    self.settings = settings
    inotify = try Inotify()
    placeEvents = try Inotify()
    places = PathWatches(by: placeEvents.number, changes: IN_DELETE_SELF | IN_MOVE_SELF)
    mounts = try Descriptor(opening: "/proc/self/mountinfo", flags: O_RDONLY)
  }

  deinit { buffer.deallocate() }

  var eventDescriptors: [Int32] { [inotify.number, placeEvents.number] }
  var mountsDescriptor: Int32 { mounts.number }

  func mountsChanged() { mustLook = true }

  /// Watches these from now on, and no others.
  func adopt(_ wanted: [WatchedDirectory]) {
    var next: [String: ObservedDirectory] = [:]
    for one in wanted {
      let path = ObservedDirectory.normal(one.rule.directory)
      let former = directories[path]
      var directory = next[path] ?? former ?? ObservedDirectory(path: path)
      if next[path] == nil { directory.rules = [] }
      // The same rule goes on, since whenever it is said to count now.
      let rule = former?.rules.first { ($0.wanted.schedule, $0.wanted.rule) == (one.schedule, one.rule) }
      directory.rules.append(rule ?? ObservedDirectory.Rule(one))
      next[path] = directory
    }
    let gone = directories.filter { next[$0.key] == nil }
    directories = next
    for watch in gone.values.compactMap(\.watch) { release(watch) }
    if let scan, directories[scan.path] == nil { self.scan = nil }
    mustLook = true
  }

  /// Does what there is to do, as far as one page goes, and returns what to tell.
  func step() -> [FileEventChange] {
    readEvents()
    if mustLook || retryTime.map({ $0 <= Self.monotonic() }) ?? false { look() }
    scanOn()
    tellOddNames()
    defer { (found, notices) = ([], []) }
    let pages = stride(from: 0, to: found.count, by: FileEventChange.page).map { start in
      FileEventChange.appeared(Array(found[start..<min(start + FileEventChange.page, found.count)]))
    }
    return notices.map { .notice($0) } + pages
  }

  /// Milliseconds until something is to be done without an event; -1 if nothing is.
  func timeToNextDeadline() -> Int32 {
    if scan != nil || mustLook || directories.values.contains(where: { $0.watch != nil && $0.isUnscanned }) {
      return 0
    }
    let fresh = directories.values.filter { $0.watch != nil }.compactMap { $0.fresh?.due }
    guard let time = (fresh + [retryTime].compactMap(\.self)).min() else { return -1 }
    return Int32(clamping: max(0, time - Self.monotonic()))
  }

  static func monotonic() -> Int64 { Timestamp.now(by: CLOCK_MONOTONIC).milliseconds }

  // MARK: Events

  private func readEvents() {
    do {
      while try !placeEvents.read(into: buffer).isEmpty { mustLook = true }
      let events = try inotify.read(into: buffer)
      var seen: Set<FileEvent> = []
      for event in events where seen.insert(FileEvent(watch: event.watch, name: event.name)).inserted {
        handle(event)
      }
      if events.isEmpty {
        caughtUp = (wall: .now(by: CLOCK_REALTIME), boot: .now(by: CLOCK_BOOTTIME))
      }
    } catch {
      notices.append("directories can't be watched: \(error)")
    }
  }

  /// Of several events of a file that were read together one is enough: the file is looked at afterwards.
  private struct FileEvent: Hashable {
    var watch: Int32
    var name: FileName
  }

  private func handle(_ event: Inotify.Event) {
    if event.has(IN_Q_OVERFLOW) { return eventsLost() }
    let concerned = directories.values.filter { $0.watch == event.watch }.map(\.path).sorted()
    if event.name.bytes.isEmpty {
      mustLook = true
      for path in concerned { handle(event, of: path) }
    } else if !event.has(IN_ISDIR) {
      for path in concerned { tell(event.name, in: path) }
    }
  }

  /// Something has happened to a directory itself.
  private func handle(_ event: Inotify.Event, of path: String) {
    if event.has(IN_UNMOUNT) {
      tell(
        path, "the file system of `\(path)` was unmounted; until it is mounted again what is beneath counts")
    }
    if event.has(IN_IGNORED | IN_UNMOUNT) { forget(path, .unknown) }
  }

  /// The kernel had no room for more events.
  private func eventsLost() {
    for path in directories.keys { directories[path]?.becomeUnscanned(since: everythingTold) }
    if scan?.purpose == .all { scan = nil }
  }

  /// What changed before that time was told; whatever was done to the clock.
  var everythingTold: Timestamp {
    let passed = Timestamp.now(by: CLOCK_BOOTTIME) - caughtUp.boot
    return min(caughtUp.wall, Timestamp.now(by: CLOCK_REALTIME) - passed) - Self.slack
  }
}
