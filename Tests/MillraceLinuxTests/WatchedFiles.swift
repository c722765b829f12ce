import CMillraceLinux
import Glibc
import MillraceEngine
import TestSupport

@testable import MillraceCore
@testable import MillraceLinux

/// A directory `in`, others beside it, and a source that watches them.
final class WatchedFiles {
  let place: TemporaryDirectory
  let source: DirectoryEvents
  private var changes: AsyncStream<FileEventChange>.Iterator
  /// What was told and not yet asked for.
  private var appeared: [FileAppearance] = []
  private var notices: [String] = []

  /// The most names that a burst has before the kernel has no room for its events.
  static func queue() throws -> Int {
    let text = try textFile("/proc/sys/fs/inotify/max_queued_events")
    return Int(text.split(separator: "\n").first ?? "") ?? 16_384
  }

  init(rest: Duration = .milliseconds(50), state: String? = nil) throws {
    place = try TemporaryDirectory()
    let state = state.map { [place] in place.path + "/" + $0 }
    source = try DirectoryEvents(
      DirectoryEvents.Settings(state: state, rest: rest, retry: .milliseconds(50)))
    changes = source.changes.makeAsyncIterator()
    mkdir(path("in"), 0o755)
  }

  func path(_ name: String) -> String { "\(place.path)/\(name)" }

  /// What a schedule wants of a directory.
  func rule(
    _ schedule: String = "a", _ directory: String = "in", _ pattern: String = "*",
    since: Timestamp = Timestamp(microseconds: 0)
  ) -> WatchedDirectory {
    let directory = directory.hasPrefix("/") ? directory : path(directory)
    return WatchedDirectory(
      schedule: schedule,
      rule: Trigger.FileRule(directory: directory, pattern: NamePattern(any: pattern)), since: since)
  }

  /// Has these watched, and `in` too; returns when it is.
  func watch(_ rules: [WatchedDirectory]) async throws {
    try write("in/.ready", age: 3600)
    source.watch(rules + [rule("ready", "in", ".ready")])
    _ = try await next { $0.schedule == "ready" }
  }

  /// Writes a file; its content is some seconds old then, if an age is given.
  func write(_ name: String, _ text: String = "x", flags: Int32 = O_TRUNC, age: Int? = nil) throws {
    do {
      let file = try Descriptor(opening: path(name), flags: O_WRONLY | O_CREAT | flags, mode: 0o644)
      try Array(text.utf8).withUnsafeBytes { try file.write($0, name) }
    }
    guard let age else { return }
    var times = [timeval](repeating: timeval(tv_sec: time(nil) - age, tv_usec: 0), count: 2)
    utimes(path(name), &times)
  }

  /// When the status of a file changed.
  func changed(_ name: String) -> Timestamp {
    var facts = stat()
    lstat(path(name), &facts)
    return Timestamp(facts.st_ctim)
  }

  private func read() async throws {
    switch await changes.next() {
    case .appeared(let files)?:
      guard files.count <= FileEventChange.page else { throw TestFailure("a page of \(files.count)") }
      appeared += files
    case .notice(let text)?: notices.append(text.replacing(place.path + "/", with: ""))
    case nil: throw TestFailure("the changes have ended")
    }
  }

  /// Returns the next file of those that are meant.
  func next(_ isMeant: (FileAppearance) -> Bool = { _ in true }) async throws -> FileAppearance {
    while true {
      if let index = appeared.firstIndex(where: isMeant) { return appeared.remove(at: index) }
      try await read()
    }
  }

  /// Returns the names that are told until one is `last`, for one schedule.
  func names(of schedule: String = "a", until last: String) async throws -> [String] {
    var names: [String] = []
    while names.last != last { names.append(try await next { $0.schedule == schedule }.name) }
    return names
  }

  /// Returns how often each of so many identities of a schedule is told until all are.
  func identities(_ count: Int, of schedule: String = "a") async throws -> [String: Int] {
    var identities: [String: Int] = [:]
    while identities.count < count {
      identities[try await next { $0.schedule == schedule }.identity, default: 0] += 1
    }
    return identities
  }

  /// Returns the next notice.
  func notice() async throws -> String {
    while notices.isEmpty { try await read() }
    return notices.removeFirst()
  }
}
