package import MillraceCore
import Synchronization
import Yams

/// One key of the file with its value. Each reading method notes a mistake and returns nil if the value is
/// not what it must be.
package struct Setting {
  /// The key with those above it: `defaults.memory`; empty for the file as a whole.
  package let path: String
  package let name: String
  let node: Node
  private let place: TextPlace
  private let document: YAMLDocument

  init(root: Node, of document: YAMLDocument) {
    self.init(path: "", name: "", node: root, place: .init(line: 1, column: 1), document: document)
  }

  private init(
    path: String, name: String, node: Node, place: TextPlace, document: YAMLDocument
  ) {
    self.path = path
    self.name = name
    self.node = node
    self.place = place
    self.document = document
  }

  /// Returns the settings below; `known` names all that there can be.
  package func settings(known: [String]) -> [Setting] {
    settings().filter { setting in
      if known.contains(setting.name) { return true }
      let meant = Spelling.question(about: setting.name, among: known)
      setting.note(
        "there is no setting `\(setting.path)`" + (meant ?? "; there are \(known.joined(separator: ", "))"),
        at: setting.place)
      return false
    }
  }

  /// Returns the settings below, whatever their names are.
  package func settings() -> [Setting] {
    guard case .mapping(let mapping) = node else {
      mistake("must have settings below it: `name: value`")
      return []
    }
    var settings: [Setting] = []
    var first: [String: TextPlace] = [:]
    for (key, value) in mapping {
      let place = TextPlace(key.mark)
      guard case .scalar(let scalar) = key else {
        note("a name must be plain text", at: place)
        continue
      }
      let name = document.original(scalar.string)
      if let before = first[name] {
        note("`\(name)` is given already in line \(before.line)", at: place)
        continue
      }
      first[name] = place
      settings.append(
        Setting(
          path: path.isEmpty ? name : "\(path).\(name)", name: name, node: value, place: place,
          document: document))
    }
    return settings
  }

  /// Returns the elements of a list.
  package func elements() -> [Setting] {
    guard case .sequence(let sequence) = node else {
      mistake("must be a list: `[a, b]`")
      return []
    }
    return sequence.enumerated().map { index, element in
      Setting(
        path: "\(path)[\(index)]", name: name, node: element, place: .init(element.mark), document: document)
    }
  }

  /// Reads any text that is not empty.
  package func text() -> String? {
    switch node {
    case .scalar(let scalar):
      // What is in quotes is text, whatever it looks like.
      let isPlain = scalar.style == .plain || scalar.style == .any
      guard !(isPlain && node.tag == Tag(.null)), !scalar.string.isEmpty else {
        mistake("has no value")
        return nil
      }
      return document.original(scalar.string)
    case .mapping: mistake("must be one value, not settings")
    case .sequence: mistake("must be one value, not a list")
    case .alias: mistake("must be written out; aliases are not known here")
    }
    return nil
  }

  /// Reads a value that `parse` makes of the text; `what` says what it must be.
  package func value<Value>(_ what: String, _ parse: (String) -> Value?) -> Value? {
    guard let text = text() else { return nil }
    guard let value = parse(text) else {
      mistake("must be \(what), not `\(text)`")
      return nil
    }
    return value
  }

  /// Reads an absolute path.
  package func absolutePath() -> String? {
    value("an absolute path") { text in
      guard text.hasPrefix("/"), !text.contains("\0") else { return nil }
      return text.count > 1 && text.hasSuffix("/") ? String(text.dropLast()) : text
    }
  }

  /// Reads a whole number.
  package func count(_ range: ClosedRange<Int>) -> Int? {
    value("a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// Reads a size.
  package func bytes(_ range: ClosedRange<Bytes>) -> Bytes? {
    value("a size from \(range.lowerBound) to \(range.upperBound), like 256M") { text in
      Bytes(text: text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// Reads a span of time.
  package func duration(_ range: ClosedRange<Duration>) -> Duration? {
    value("a span from \(range.lowerBound.text) to \(range.upperBound.text), like 90s or 1h30m") { text in
      Duration(text: text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// Reads a number.
  package func number(_ range: ClosedRange<Double>) -> Double? {
    value("a number from \(Self.plain(range.lowerBound)) to \(Self.plain(range.upperBound))") { text in
      Self.number(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// Reads percent: `80%`.
  package func percent(_ range: ClosedRange<Double>) -> Double? {
    value("a part from \(Self.plain(range.lowerBound))% to \(Self.plain(range.upperBound))%") { text in
      guard text.hasSuffix("%") else { return nil }
      return Self.number(text.dropLast()).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// Reads percent as a part of 1.
  package func part(_ range: ClosedRange<Double>) -> Double? { percent(range).map { $0 / 100 } }

  /// Reads a whole number or a word for "no bound", which is the inner nil.
  package func countOr(_ word: String, _ range: ClosedRange<Int>) -> Int?? {
    value("a whole number from \(range.lowerBound) to \(range.upperBound), or `\(word)`") { text in
      text == word ? .some(nil) : Int(text).flatMap { range.contains($0) ? .some($0) : nil }
    }
  }

  /// Reads a span of time or a word for "never", which is the inner nil.
  package func durationOr(_ word: String, _ range: ClosedRange<Duration>) -> Duration?? {
    let what = "a span from \(range.lowerBound.text) to \(range.upperBound.text), like 90s, or `\(word)`"
    return value(what) { text in
      text == word ? .some(nil) : Duration(text: text).flatMap { range.contains($0) ? .some($0) : nil }
    }
  }

  /// Reads how often something may happen.
  package func rate() -> Rate? {
    value("a rate of 1 to 10000 starts in some time, like 5/min, 100/h or 1/10s") { Rate(text: $0) }
  }

  /// Reads yes or no.
  package func flag() -> Bool? {
    value("`true` or `false`") { ["true": true, "false": false][$0] }
  }

  /// Whether the value is the word `off`.
  package var isOff: Bool { plainText == "off" }

  /// Whether there are settings below.
  package var hasSettings: Bool { if case .mapping = node { true } else { false } }

  /// The value if it is one text; nothing is noted if it is not.
  package var plainText: String? {
    guard case .scalar(let scalar) = node, !scalar.string.isEmpty else { return nil }
    return document.original(scalar.string)
  }

  private static func number(_ text: some StringProtocol) -> Double? {
    // Neither `nan` nor `0x10` nor `1e3` is a number to people.
    guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else { return nil }
    return Double(text)
  }

  private static func plain(_ number: Double) -> String {
    number == number.rounded() ? "\(Int(number))" : "\(number)"
  }

  /// Reads processors as thousandths.
  package func processors() -> Int64? {
    value("a number of processors from 0.01 to 4096, like 1.5") { Self.processors($0) }
  }

  /// Reads one of an enumeration's words.
  package func word<Word: RawRepresentable<String> & CaseIterable>(of type: Word.Type) -> Word? {
    let words = Word.allCases.map(\.rawValue)
    guard let text = text() else { return nil }
    if let word = Word(rawValue: text) { return word }
    let meant = Spelling.question(about: text, among: words) ?? ""
    mistake("must be one of \(words.joined(separator: ", ")), not `\(text)`\(meant)")
    return nil
  }

  /// Notes a mistake in the value.
  package func mistake(_ message: String) {
    let start = TextPlace(node.mark)
    // An empty value has no place of its own that helps.
    let isEmpty = if case .scalar(let scalar) = node { scalar.string.isEmpty } else { false }
    note(path.isEmpty ? "the file \(message)" : "`\(path)` \(message)", at: isEmpty ? place : start)
  }

  /// Notes a mistake in the name.
  package func mistakeInName(_ message: String) { note("`\(path)` \(message)", at: place) }

  /// Where the name is.
  var namePlace: TextPlace { place }

  /// Returns a text as it is in the file.
  func original(_ text: String) -> String { document.original(text) }

  private func note(_ message: String, at place: TextPlace) {
    document.mistakes.withLock { $0.append(.init(place: place, message: message)) }
  }

  /// Returns thousandths of a processor; nil if the text is no number of processors.
  package static func processors(_ text: String) -> Int64? {
    guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let number = Double(text),
      (0.01...4096).contains(number)
    else { return nil }
    return Int64((number * 1000).rounded())
  }
}

extension TextPlace {
  /// Makes the place of a node; the first one if the parser does not tell.
  init(_ mark: Mark?) { self.init(line: mark?.line ?? 1, column: mark?.column ?? 1) }
}
