/// One mistake in a text that somebody wrote.
package struct Mistake: Sendable, Hashable {
  /// Where it is; nil if it is about the text as a whole.
  package var place: TextPlace?
  package var message: String

  /// Makes a mistake.
  package init(place: TextPlace?, message: String) {
    self.place = place
    self.message = message
  }
}

/// A place in a text.
package struct TextPlace: Sendable, Hashable, Comparable {
  /// From 1.
  package var line: Int
  /// From 1, in Unicode scalars.
  package var column: Int

  /// Makes a place.
  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// The first one.
  package static let start = TextPlace(line: 1, column: 1)

  package static func < (left: TextPlace, right: TextPlace) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}
