import CMillraceLinux
import Glibc
import MillraceCore
import MillraceEngine

/// What is at the paths, and what the operator should know of it.
extension DirectoryObserver {
  /// Looks what is at the paths now.
  func look() {
    mustLook = false
    followPlaces()
    for path in directories.keys.sorted() {
      do { try observe(path) } catch { lose(path, error) }
    }
    let isRetried = directories.values.contains(where: \.isTriedAgain)
    retryTime = isRetried ? Self.monotonic() + settings.retry.milliseconds : nil
  }

  private func followPlaces() {
    var trouble: String?
    do { try places.follow(directories.keys.sorted()) } catch {
      trouble = "what happens to the directories that schedules watch is not noticed at once: \(error)"
    }
    if let trouble, trouble != placesTrouble { notices.append(trouble) }
    placesTrouble = trouble
  }

  /// Sees to it that the directory which is at a path now is watched.
  private func observe(_ path: String) throws {
    try demandAllowed(path)
    let place = try Descriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
    var facts = stat()
    try checkErrno(fstat(place.number, &facts), "look at `\(path)`")
    switch directories[path]?.presence {
    case .watched(let watch, let former):
      if former == ObservedDirectory.Place(facts) { return tellOfReturn(path) }
      forget(path, .unknown)
      release(watch)
      tell(path, "another directory is at `\(path)` now; it is watched, and its files are looked at")
    case .absent, .unknown, nil: break
    }
    let mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK
    // By its descriptor it is this one, whatever is at the path meanwhile.
    let watch = try checkErrno(
      inotify_add_watch(inotify.number, "/proc/self/fd/\(place.number)", UInt32(mask)), "watch `\(path)`")
    directories[path]?.presence = .watched(by: watch, place: ObservedDirectory.Place(facts))
    tellOfReturn(path)
  }

  private func demandAllowed(_ path: String) throws {
    guard path.utf8.count <= ObservedDirectory.longestPath else {
      throw LinuxError("", .kernel(ENAMETOOLONG))
    }
    guard let resolved = Self.resolved(path) else { return }  // Opening it tells why.
    for (root, what) in settings.forbidden {
      let root = Self.resolved(root) ?? root
      if resolved == root || resolved.hasPrefix(root + "/") { throw LinuxError("", .forbidden(what)) }
    }
  }

  private static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// A directory can't be watched, or not be looked at.
  func lose(_ path: String, _ error: any Error) {
    guard let directory = directories[path] else { return }
    let reason = (error as? LinuxError)?.reason
    var isTriedAgain = true
    if case .forbidden = reason { isTriedAgain = false }
    forget(path, .absent(isTriedAgain: isTriedAgain))
    directory.watch.map(release)
    if isTriedAgain, retryTime == nil { retryTime = Self.monotonic() + settings.retry.milliseconds }
    let trouble = reason.map(Self.text) ?? "\(error)"
    for (index, rule) in directory.rules.enumerated() where rule.trouble != trouble {
      directories[path]?.rules[index].trouble = trouble
      notices.append(
        "schedule `\(rule.wanted.schedule)`: the directory `\(path)` can't be watched: \(trouble)")
    }
  }

  /// A directory is not watched any more; when it is again, its files are looked at.
  func forget(_ path: String, _ presence: ObservedDirectory.Presence) {
    directories[path]?.becomeUnscanned(since: everythingTold)
    directories[path]?.presence = presence
    if scan?.path == path { scan = nil }
  }

  /// Says why a directory can't be watched, and what to do.
  private static func text(_ reason: LinuxError.Reason) -> String {
    let remedy =
      switch reason {
      case .kernel(ENOENT): "make it, or name another one in `files.directory`"
      case .kernel(ENOTDIR): "put a directory there, or name another one in `files.directory`"
      case .kernel(EACCES), .kernel(EPERM): "let the runner's user read it"
      case .kernel(ENOSPC): PathWatches.moreWatches
      case .kernel(EMFILE), .kernel(ENFILE): "let the runner have more open files"
      case .kernel, .malformed, .missing: "see to it that it can be read"
      case .forbidden: "name another one in `files.directory`"
      }
    let why = LinuxError("", reason).description.dropFirst("cannot : ".count)
    if case .forbidden = reason { return "\(why); \(remedy)" }
    return "\(why); \(remedy); it is tried again by itself"
  }

  private func tellOfReturn(_ path: String) {
    for (index, rule) in (directories[path]?.rules ?? []).enumerated() where rule.trouble != nil {
      directories[path]?.rules[index].trouble = nil
      notices.append(
        "schedule `\(rule.wanted.schedule)`: the directory `\(path)` is watched again; "
          + "its files are looked at"
      )
    }
  }

  /// Tells something of a directory for each schedule that watches it.
  func tell(_ path: String, _ text: String) {
    notices += (directories[path]?.rules ?? []).map { "schedule `\($0.wanted.schedule)`: \(text)" }
  }

  /// Ends a watch, unless another path has it too.
  func release(_ watch: Int32) {
    if !directories.values.contains(where: { $0.watch == watch }) {
      inotify_rm_watch(inotify.number, watch)
    }
  }
}
