import MillraceCore

/// Definitions of schedules: from a file, or from members that options gave.
enum ScheduleFile {
  /// Reads a file in YAML or JSON; `name` is its schedule's if it does not say so itself.
  /// - Throws: `CommandError` (`usage`) with every mistake and its place.
  static func definition(_ file: String, named name: String?) throws -> ScheduleDefinition {
    try YAMLFile.read(file) { try ScheduleDefinition($0, named: name) }
  }

  /// Reads members.
  /// - Throws: `CommandError` (`usage`) with every mistake.
  static func definition(_ members: [String: JSONValue]) throws -> ScheduleDefinition {
    do throws(Mistakes) {
      return try ScheduleDefinition(PlacedValue(.object(members), at: .start))
    } catch {
      throw CommandError(
        .usage, error.all.map(words(of:)).joined(separator: "\nerror: "),
        hint: "docs/schedules.md has the members of a schedule; options have the same names")
    }
  }

  /// A cron expression has columns; the other members are named by the words.
  private static func words(of mistake: Mistake) -> String {
    let prefix = "`cron`: "
    guard mistake.message.hasPrefix(prefix), let place = mistake.place else { return mistake.message }
    return "--cron, column \(place.column): " + mistake.message.dropFirst(prefix.count)
  }
}
