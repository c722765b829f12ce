import MillraceCore
import Synchronization
import Yams

/// A YAML text that is being read, with the mistakes found so far.
///
/// The parser stops at the first name that comes twice. To find every mistake at once, the first letter of
/// such a name is replaced by a private one, and the text is parsed again.
package final class YAMLDocument: Sendable {
  let mistakes = Mutex<[Mistake]>([])
  private let masked = Mutex<[Unicode.Scalar: Unicode.Scalar]>([:])

  /// So many repeated names are looked for.
  private static let maxRepetitions = 100
  private static let firstMask: UInt32 = 0xE000

  /// Makes a document of which nothing is read.
  package init() {}

  /// Parses a text; nil if it is empty or no YAML, which is noted.
  func parse(_ text: String) -> Node? {
    var text = text
    for repetition in 0...Self.maxRepetitions {
      do {
        return try compose(yaml: text)
      } catch YamlError.duplicatedKeysInMapping(let names, let context) {
        guard repetition < Self.maxRepetitions, mask(context.mark, in: &text, number: repetition) else {
          note("\(names.map { "`\(original($0))`" }.joined(separator: ", ")) is given twice", context.mark)
          return nil
        }
      } catch {
        noteParserError(error)
        return nil
      }
    }
    preconditionFailure("the last repetition returns")
  }

  /// Parses a text; nil if there is nothing in it or it is no YAML, which is noted.
  package func root(of text: String) -> Setting? {
    guard let root = parse(text), !root.isEmptyDocument else { return nil }
    return Setting(root: root, of: self)
  }

  /// Throws what was noted, in the order of the file.
  /// - Throws: `FileMistakes`.
  package func throwMistakes(in file: String) throws {
    let mistakes = mistakes.withLock { $0 }
    guard !mistakes.isEmpty else { return }
    throw FileMistakes(
      file: file, mistakes: mistakes.sorted { ($0.place ?? .start) < ($1.place ?? .start) })
  }

  /// Returns a text with the letters that were masked.
  func original(_ text: String) -> String {
    let letters = masked.withLock { $0 }
    guard !letters.isEmpty else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { letters[$0] ?? $0 }))
  }

  private func mask(_ mark: Mark, in text: inout String, number: Int) -> Bool {
    var scalars = Array(text.unicodeScalars)
    var line = 1
    var index = 0
    while line < mark.line, index < scalars.count {
      if scalars[index] == "\n" { line += 1 }
      index += 1
    }
    index += mark.column - 1
    if index < scalars.count, scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
    guard index < scalars.count, scalars[index] != "\n",
      let mask = Unicode.Scalar(Self.firstMask + UInt32(number)), !scalars.contains(mask)
    else { return false }
    masked.withLock { $0[mask] = scalars[index] }
    scalars[index] = mask
    text = String(String.UnicodeScalarView(scalars))
    return true
  }

  private func noteParserError(_ error: any Error) {
    switch error {
    case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      note("this is no YAML: \(problem)", mark)
    case YamlError.reader(let problem, _, _, _):
      note("this is no YAML: \(problem)", nil)
    default:
      note("this is no YAML: \(error)", nil)
    }
  }

  private func note(_ message: String, _ mark: Mark?) {
    let place = mark.map { TextPlace($0) }
    mistakes.withLock { $0.append(.init(place: place, message: message)) }
  }
}

extension Node {
  /// Whether there is nothing but comments.
  fileprivate var isEmptyDocument: Bool {
    guard case .scalar(let scalar) = self else { return false }
    return scalar.string.isEmpty && scalar.style != .singleQuoted && scalar.style != .doubleQuoted
  }
}
