package import MillraceCore

/// Everything that is wrong with a file that somebody wrote.
package struct FileMistakes: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, as it was named.
  package var file: String
  /// At least one, in the order of the file.
  package var mistakes: [Mistake]

  /// Makes the error of these mistakes.
  package init(file: String, mistakes: [Mistake]) {
    self.file = file
    self.mistakes = mistakes
  }

  /// What can be done about it.
  package static let hint = "nothing of the file is used until all of it is right"

  /// Each mistake with its place: `m.yaml:3:5: …`.
  package var lines: [String] {
    mistakes.map { mistake in
      let place = mistake.place.map { ":\($0.line):\($0.column)" } ?? ""
      return "\(file)\(place): \(mistake.message)"
    }
  }

  package var description: String { lines.joined(separator: "\n") + "\n\nhint: \(Self.hint)" }
}
