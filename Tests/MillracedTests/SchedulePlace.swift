import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import MillraceZones
import TestSupport

@testable import millraced

/// Directories of schedules, calendars and zones, and the changes that come of them.
final class SchedulePlace {
  let directory: TemporaryDirectory
  let source: ScheduleDirectory
  private var changes: AsyncStream<ScheduleSourceChange>.Iterator

  /// Fills the directories by `prepare`, which is given the path above them, and reads them.
  init(_ prepare: (String) throws -> Void = { _ in }) throws {
    directory = try TemporaryDirectory()
    for name in ["schedules", "calendars", "zones", "zones/Europe"] {
      mkdir("\(directory.path)/\(name)", 0o755)
    }
    try prepare(directory.path)
    source = try ScheduleDirectory(
      schedules: directory.path + "/schedules", calendars: directory.path + "/calendars",
      zones: ZoneDirectory(path: directory.path + "/zones", localTime: directory.path + "/localtime"),
      variable: nil, settle: .milliseconds(20))
    changes = source.changes.makeAsyncIterator()
  }

  /// Watches the directories while `body` runs.
  func watched(_ body: () async throws -> Void) async throws {
    let run = Task { [source] in try await source.run() }
    do { try await body() } catch {
      run.cancel()
      throw error
    }
    run.cancel()
    try await run.value
  }

  static func write(_ path: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
    chmod(path, 0o644)
  }

  /// Writes a file below the directory.
  func write(_ name: String, _ text: String) throws { try Self.write("\(directory.path)/\(name)", text) }

  /// Puts a file in the place of another one as editors do.
  func replace(_ name: String, _ text: String) throws {
    try write("incoming", text)
    rename(directory.path + "/incoming", "\(directory.path)/\(name)")
  }

  func path(_ name: String) -> String { "\(directory.path)/\(name)" }

  /// A schedule that is due each so many minutes.
  static func schedule(every minutes: Int, rest: String = "") -> String {
    "every: \(minutes)m\njob: {handler: exec, command: [\"true\"]}\n" + rest
  }

  /// Returns the next change in words: `files: a.yaml a 1 min 0 s; not b.yaml`, `surroundings`, or a notice,
  /// with the names of files below the directory.
  func next() async throws -> String {
    switch await changes.next() {
    case nil: throw TestFailure("the changes have ended")
    case .surroundings?: return "surroundings"
    case .notice(let notice)?: return notice.replacing(directory.path + "/", with: "")
    case .files(let files, let unreadable)?:
      let words = files.map { definition, file in
        guard case .every(let span) = definition.timing else { return "?" }
        return "\(file.dropFirst(directory.path.count + 1)) \(definition.name) \(span.text)"
      }
      let paths = unreadable.map { "; not \($0.dropFirst(directory.path.count + 1))" }
      return "files: " + words.joined(separator: ", ") + paths.joined()
    }
  }

  /// Waits for a change; others before it do not matter.
  func wait(for text: String) async throws {
    while try await next() != text {}
  }
}
