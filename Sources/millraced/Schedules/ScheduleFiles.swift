import Glibc
import MillraceCore
import MillraceYAML

/// A schedule that is from a file.
struct ScheduleInFile: Sendable {
  var definition: ScheduleDefinition
  /// Where its name is, or where it begins.
  var place: TextPlace
}

extension LastGoodFiles<ScheduleInFile> {
  /// Makes those of a directory: `NAME.yaml` has the schedule `NAME`, if it does not say another name itself.
  static func schedules(in directory: String) -> Self {
    Self(
      in: directory,
      Kind(
        suffixes: [".yaml"], words: "the schedule in", directory: "directory of schedules",
        rest: "only what is on record of it"
      ) { bytes, path, name in
        try mistakesPlaced(in: path) {
          let tree = try tree(of: bytes, path)
          let definition = try ScheduleDefinition(tree, named: name)
          return ScheduleInFile(definition: definition, place: placeOfName(in: tree))
        }
      })
  }

  /// The schedules, of those with one name the first by file.
  var schedules: [(definition: ScheduleDefinition, file: String)] {
    var names: Set<String> = []
    return contents.filter { names.insert($0.content.definition.name).inserted }.map { file, schedule in
      (schedule.definition, path(of: file))
    }
  }

  /// Files that have the name of an earlier one.
  var doubles: [String: String] {
    doubles("has the schedule") { ($1.definition.name, $1.place) }
  }

  private static func placeOfName(in tree: PlacedValue) -> TextPlace {
    guard case .object(let members, let place) = tree else { return tree.place }
    return members.first { $0.name == "name" }?.value.place ?? place
  }
}

extension LastGoodFiles<DayCalendar> {
  /// Makes those of a directory: the calendar `NAME` is `NAME.yaml`, or `NAME.ics` in iCalendar.
  ///
  /// - Parameters:
  ///   - directory: the directory.
  ///   - zone: as for `DayCalendar(iCalendar:zone:)`.
  /// - Returns: what is not read yet.
  static func calendars(in directory: String, zone: @escaping @Sendable (String) -> ZoneRules?) -> Self {
    Self(
      in: directory,
      Kind(
        suffixes: [".yaml", ".ics"], words: "the calendar in", directory: "directory of calendars",
        rest: "nothing of it"
      ) { bytes, path, name in
        try mistakesPlaced(in: path) {
          if !Handler.isValidName(name) {
            let rule = "1 to 64 of `a-z 0-9 - _ .`, a letter first"
            throw Mistakes(at: .start, "`\(name)` can't be a calendar's name: \(rule)")
          }
          if path.hasSuffix(".ics") { return try DayCalendar(iCalendar: bytes, zone: zone) }
          return try DayCalendar(tree(of: bytes, path))
        }
      })
  }

  /// The calendars by their names, of those with one name the first by file.
  var calendars: [String: DayCalendar] {
    Dictionary(contents.map { (stem(of: $0.file), $0.content) }) { first, _ in first }
  }

  /// Files that have the name of an earlier one.
  var doubles: [String: String] {
    doubles("is the calendar") { file, _ in (stem(of: file), .start) }
  }

  /// What is wrong with the files of a calendar; nil if nothing is, or there are none.
  func complaint(ofCalendar name: String) -> String? {
    ["ics", "yaml"].compactMap { complaint(of: "\(name).\($0)") }.first
  }
}

/// Returns what `read` makes of a file, or throws its mistakes with the file's name.
/// - Throws: `FileMistakes`.
private func mistakesPlaced<Content>(
  in path: String, _ read: () throws -> Content
) throws -> Content {
  do { return try read() } catch let error as Mistakes {
    throw FileMistakes(file: path, mistakes: error.all)
  }
}

private func tree(of bytes: [UInt8], _ path: String) throws -> PlacedValue {
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw FileMistakes(file: path, mistakes: [Mistake(place: nil, message: "this is no UTF-8 text")])
  }
  return try YAMLDocument.tree(of: text, named: path)
}
