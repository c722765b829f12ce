/// Text as a terminal shows it: how many cells it takes, and cut or filled to so many.
enum ScreenText {
  /// Returns how many cells a text takes that is `onScreen`.
  static func width(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + width($1) } }

  /// Returns the beginning of a text that takes at most so many cells.
  static func cut(_ text: String, to cells: Int) -> String {
    var left = cells
    var kept = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      left -= width(scalar)
      guard left >= 0 else { break }
      kept.append(scalar)
    }
    return String(kept)
  }

  /// Returns a text that takes exactly so many cells: cut, or filled with blanks behind or before it.
  static func fitted(_ text: String, to cells: Int, right: Bool = false) -> String {
    let kept = cut(text, to: cells)
    let blanks = String(repeating: " ", count: max(0, cells - width(kept)))
    return right ? blanks + kept : kept + blanks
  }

  /// Returns a text in lines of at most so many cells; at least one.
  static func wrapped(_ text: String, to cells: Int) -> [String] {
    var lines: [String] = []
    var rest = text
    repeat {
      // One cell is too few for a wide character; it is left out then.
      let line = cut(rest, to: max(1, cells))
      lines.append(line)
      rest.unicodeScalars.removeFirst(max(min(1, rest.unicodeScalars.count), line.unicodeScalars.count))
    } while !rest.isEmpty
    return lines
  }

  private static func width(_ scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    // Vowels and ends of Korean syllables stand in the cells of their beginnings.
    if (0x1160...0x11ff).contains(scalar.value) { return 0 }
    return scalar.properties.isEmojiPresentation || wide.contains { $0.contains(scalar.value) } ? 2 : 1
  }

  /// What takes two cells: `W` and `F` in https://www.unicode.org/Public/UCD/latest/ucd/EastAsianWidth.txt.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x4dbf, 0x4e00...0xa4cf, 0xa960...0xa97c, 0xac00...0xd7a3,
    0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6b, 0xff01...0xff60, 0xffe0...0xffe6, 0x16fe0...0x18cff,
    0x1b000...0x1b2ff, 0x1f200...0x1f265, 0x1f300...0x1f64f, 0x1f900...0x1f9ff, 0x20000...0x3fffd,
  ]
}

extension String {
  /// The text on one line, with nothing in it that moves a cursor, changes colours or turns the direction of
  /// writing, so that its cells can be counted.
  var onScreen: String {
    let text = printable
    guard text.unicodeScalars.contains(where: \.isInvisible) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.filter { !$0.isInvisible }))
  }
}

extension Unicode.Scalar {
  fileprivate var isInvisible: Bool {
    guard value >= 0xad else { return false }
    switch properties.generalCategory {
    case .format, .lineSeparator, .paragraphSeparator: return true
    default: return (0xfe00...0xfe0f).contains(value)  // They choose how wide the one before is.
    }
  }
}
