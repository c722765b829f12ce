package import MillraceCore
import Yams

/// Puts settings of one handler into the text of a sidecar and leaves everything else as it is written:
/// other handlers, other settings, comments.
package struct SidecarEdit {
  private let handler: String
  /// Names and values in the order in which they are written.
  private let values: [(name: String, value: String)]

  /// Makes the edit that puts what `wishes` say of a handler in place.
  package init(of wishes: Wishes, for handler: String) {
    self.handler = handler
    values = [
      wishes.memory.map { ("memory", Self.text(of: $0)) },
      wishes.cpuMillis.map { ("cpu", Self.text(ofMillis: $0)) },
      wishes.timeout.map { ("timeout", Self.text(of: $0)) },
    ].compactMap { $0 }
  }

  /// The settings as somebody would write them: `memory: 80M, timeout: 30s`.
  package var words: String { values.map { "\($0.name): \($0.value)" }.joined(separator: ", ") }

  /// A piece of the text to be replaced by another one.
  private struct Replacement {
    var range: Range<Int>
    var text: String
  }

  /// Returns the changed text; nil if the text is written in a way that can't be changed in place. The text
  /// is free of mistakes.
  package func applied(to text: String) throws -> String? {
    let lines = Lines(text)
    guard let root = try compose(yaml: text), case .mapping(let document) = root,
      let handlers = document["handlers"], case .mapping(let all) = handlers
    else {
      return text.contains("{") ? nil : appended(to: text)
    }
    guard let own = all[handler] else {
      return insertion(of: "\(handler): {\(words)}", into: all, lines).map { lines.replaced([$0]) }
    }
    guard case .mapping(let settings) = own else { return nil }
    return replacements(in: settings, lines).map { lines.replaced($0) }
  }

  /// Returns a text that had nothing but comments, with all of it behind.
  private func appended(to text: String) -> String {
    let gap = text.isEmpty || text.hasSuffix("\n") ? "" : "\n"
    let lines = values.map { "    \($0.name): \($0.value)\n" }.joined()
    return text + gap + "handlers:\n  \(handler):\n" + lines
  }

  private func replacements(in settings: Node.Mapping, _ lines: Lines) -> [Replacement]? {
    var replacements: [Replacement] = []
    var missing: [String] = []
    for (name, value) in values {
      guard let present = settings[name] else {
        missing.append("\(name): \(value)")
        continue
      }
      guard case .scalar(let scalar) = present, let range = lines.range(of: scalar) else { return nil }
      replacements.append(Replacement(range: range, text: value))
    }
    guard !missing.isEmpty else { return replacements }
    let separator = lines.isInBraces(settings) ? ", " : "\n"
    return insertion(of: missing.joined(separator: separator), into: settings, lines).map {
      replacements + [$0]
    }
  }

  /// Returns how members come into a mapping: before its first one.
  private func insertion(of members: String, into mapping: Node.Mapping, _ lines: Lines) -> Replacement? {
    guard let first = mapping.first?.key.mark else {
      guard let start = mapping.mark.flatMap({ lines.offset(of: $0) }) else { return nil }
      return lines.emptyBraces(at: start).map { Replacement(range: $0, text: "{\(members)}") }
    }
    guard let place = lines.offset(of: first) else { return nil }
    if lines.isInBraces(mapping) { return Replacement(range: place..<place, text: members + ", ") }
    guard let indent = lines.indent(before: place) else { return nil }
    let lines = members.split(separator: "\n").map { $0 + "\n" + indent }.joined()
    return Replacement(range: place..<place, text: lines)
  }

  /// A text by lines and columns, as the parser counts them: in Unicode scalars, from 1.
  private struct Lines {
    private let scalars: [Unicode.Scalar]
    private let starts: [Int]

    init(_ text: String) {
      let scalars = Array(text.unicodeScalars)
      self.scalars = scalars
      starts = [0] + scalars.indices.filter { scalars[$0] == "\n" }.map { $0 + 1 }
    }

    func offset(of mark: Mark) -> Int? {
      guard starts.indices.contains(mark.line - 1) else { return nil }
      let offset = starts[mark.line - 1] + mark.column - 1
      return offset < scalars.count ? offset : nil
    }

    /// Whether a mapping is written as `{a: b}`; its own style is that of its end, which says nothing.
    func isInBraces(_ mapping: Node.Mapping) -> Bool {
      mapping.mark.flatMap(offset).map { scalars[$0] == "{" } ?? false
    }

    /// The blanks before the first word of a line; nil if it is not the first.
    func indent(before offset: Int) -> String? {
      guard let start = starts.last(where: { $0 <= offset }) else { return nil }
      let blanks = scalars[start..<offset]
      return blanks.allSatisfy { $0 == " " } ? String(String.UnicodeScalarView(blanks)) : nil
    }

    /// Where a plain value on one line is written.
    func range(of scalar: Node.Scalar) -> Range<Int>? {
      guard scalar.style == .plain || scalar.style == .any, let start = scalar.mark.flatMap(offset) else {
        return nil
      }
      let end = start + scalar.string.unicodeScalars.count
      guard end <= scalars.count, Array(scalar.string.unicodeScalars) == Array(scalars[start..<end]) else {
        return nil
      }
      return start..<end
    }

    func emptyBraces(at start: Int) -> Range<Int>? {
      guard scalars[start] == "{", let end = scalars[start...].firstIndex(of: "}"),
        scalars[(start + 1)..<end].allSatisfy({ $0 == " " })
      else { return nil }
      return start..<(end + 1)
    }

    func replaced(_ replacements: [Replacement]) -> String {
      var scalars = scalars
      for replacement in replacements.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
        scalars.replaceSubrange(replacement.range, with: replacement.text.unicodeScalars)
      }
      return String(String.UnicodeScalarView(scalars))
    }
  }

  // MARK: Values

  private static func text(of size: Bytes) -> String {
    for (unit, name) in [(Int64(1) << 30, "G"), (1 << 20, "M"), (1 << 10, "K")]
    where size.rawValue % unit == 0 {
      return "\(size.rawValue / unit)\(name)"
    }
    return "\(size.rawValue)"
  }

  private static func text(ofMillis millis: Int64) -> String {
    millis % 1000 == 0 ? "\(millis / 1000)" : "\(Double(millis) / 1000)"
  }

  private static func text(of span: Duration) -> String {
    let micros = span.microseconds
    for (unit, name) in [(Int64(3_600_000_000), "h"), (60_000_000, "m"), (1_000_000, "s")]
    where micros % unit == 0 {
      return "\(micros / unit)\(name)"
    }
    return "\(Double(micros) / 1000)ms"
  }
}
