import Glibc

/// What is watched so that nothing happens unseen to what stands at certain paths (inotify(7)).
struct PathWatches: Sendable {
  /// The instance of inotify; whoever has this owns it.
  let inotify: Int32
  /// What counts of a directory that is at a path itself: bits of inotify.
  let changes: Int32
  /// The watches by the directory.
  private var watches: [String: Int32] = [:]

  init(by inotify: Int32, changes: Int32) {
    self.inotify = inotify
    self.changes = changes
  }

  /// Watches these directories and no others; to be called again after each change, before they are looked
  /// at.
  ///
  /// Of one that is not there, what is above it is watched until it is.
  ///
  /// - Parameter paths: absolute.
  /// - Throws: `LinuxError`, as when the kernel allows no more watches.
  mutating func follow(_ paths: [String]) throws {
    var wanted: [String: Int32] = [:]
    for path in paths { try follow(path, &wanted) }
    let inUse = Set(wanted.values)
    for watch in watches.values where !inUse.contains(watch) { inotify_rm_watch(inotify, watch) }
    watches = wanted
  }

  private func follow(_ path: String, _ wanted: inout [String: Int32]) throws {
    var last: String?
    while true {
      let place = Self.existing(path)
      // What was made while the watch was not there yet is found by a second look.
      if place == last { return }
      last = place
      if place != "/" { try watch(Self.parent(of: place), Self.changesOfNames, &wanted) }
      try watch(place, place == path ? changes : Self.changesOfNames, &wanted)
    }
  }

  private static let changesOfNames =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF

  private func watch(_ path: String, _ mask: Int32, _ wanted: inout [String: Int32]) throws {
    let watch = inotify_add_watch(inotify, path, UInt32(mask | IN_ONLYDIR | IN_MASK_ADD))
    if watch >= 0 {
      wanted[path] = watch
    } else if ![ENOENT, ENOTDIR, EACCES].contains(errno) {  // Whoever looks at it tells of these.
      throw LinuxError(
        "watch the directory `\(path)`", .kernel(errno), hint: errno == ENOSPC ? Self.moreWatches : nil)
    }
  }

  /// What to do when the kernel allows no more watches.
  static let moreWatches = "the kernel allows more watches by `sysctl fs.inotify.max_user_watches`"

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
