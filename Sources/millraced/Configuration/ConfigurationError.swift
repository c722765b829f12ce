/// Everything that is wrong with a configuration.
struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, as it was named.
  var file: String
  /// At least one, in the order of the file.
  var mistakes: [Mistake]

  /// One mistake.
  struct Mistake: Sendable, Equatable {
    /// Both count from 1; nil if it is about the file as a whole.
    var place: Place?
    var message: String
  }

  /// A place in the file.
  struct Place: Sendable, Equatable, Comparable {
    var line: Int
    /// In Unicode scalars.
    var column: Int

    static func < (left: Place, right: Place) -> Bool {
      (left.line, left.column) < (right.line, right.column)
    }
  }

  /// Each mistake with its place: `m.yaml:3:5: …`.
  var lines: [String] {
    mistakes.map { mistake in
      let place = mistake.place.map { ":\($0.line):\($0.column)" } ?? ""
      return "\(file)\(place): \(mistake.message)"
    }
  }

  var description: String {
    lines.joined(separator: "\n") + "\n\nhint: nothing of the file is used until all of it is right"
  }
}
