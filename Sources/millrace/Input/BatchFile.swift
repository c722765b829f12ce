import ArgumentParser
import FoundationEssentials
import MillraceCore
import MillraceWire

/// Many requests as lines of text: each a `SubmitRequest` in JSON, or the words of a `submit`.
///
/// Empty lines and lines that begin with `#` are passed over.
struct BatchFile {
  /// The requests in order.
  private(set) var requests: [SubmitRequest] = []
  /// The line that each came from, from 1.
  private(set) var lines: [Int] = []

  /// The words of a line.
  private struct Line: ParsableArguments {
    @OptionGroup var words: RequestWords
    @OptionGroup var options: RequestOptions
  }

  /// Reads lines.
  /// - Throws: `CommandError` (`usage`) that names the file and the line.
  init(text: String, name: String) throws {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      guard let request = try Self.request(line, of: name, number: index + 1) else { continue }
      requests.append(request)
      self.lines.append(index + 1)
    }
    guard !requests.isEmpty else { throw CommandError(.usage, "`\(name)` has no job in it") }
  }

  /// Returns the request in a line; nil if the line is passed over.
  /// - Throws: `CommandError` (`usage`) that names the file and the line.
  static func request(_ line: Substring, of name: String, number: Int) throws -> SubmitRequest? {
    let line = line.drop { $0 == " " || $0 == "\t" }
    if line.isEmpty || line.hasPrefix("#") { return nil }
    do {
      return try line.hasPrefix("{") ? json(line) : words(String(line))
    } catch {
      throw CommandError(.usage, "`\(name)`, line \(number): \(reason(error))")
    }
  }

  private static func json(_ line: Substring) throws -> SubmitRequest {
    let data = Data(line.utf8)
    let request = try Wire.decoder().decode(SubmitRequest.self, from: data)
    let given = try Wire.decoder().decode([String: JSONValue].self, from: data).filter { $0.value != .null }
    if let name = given.keys.filter({ !SubmitRequest.members.contains($0) }).min() {
      let question = Spelling.question(about: name, among: SubmitRequest.members)
      throw ArgumentProblem("there is no member `\(name)`" + (question ?? ""))
    }
    return request
  }

  private static func words(_ line: String) throws -> SubmitRequest {
    let line = try Line.parse(RequestWords.expand(try ShellWords.split(line)))
    guard line.options.input != "-" else { throw ArgumentProblem("a line can't read standard input") }
    return try line.options.fill(try line.words.request())
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "`\(key.stringValue)` is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
      DecodingError.dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "it is no JSON object"
        : "`\(context.codingPath.map(\.stringValue).joined(separator: "."))` has a value that can't be"
    case let problem as ArgumentProblem: problem.description
    case let error as CommandError: error.message
    default: Line.message(for: error)
    }
  }
}

/// Splits a line into words as a shell does: blanks divide; `'…'`, `"…"` and `\` keep them together.
enum ShellWords {
  /// Returns the words; nothing is expanded.
  /// - Throws: `ArgumentProblem` for a quote without its end.
  static func split(_ line: String) throws -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var rest = line[...]
    while let character = rest.popFirst() {
      switch (quote, character) {
      case (nil, " "), (nil, "\t"), (nil, "\r"), (nil, "\r\n"):
        if let whole = word { words.append(whole) }
        word = nil
      case (nil, "'"), (nil, "\""):
        quote = character
        word = word ?? ""
      case (let open?, character) where open == character:
        quote = nil
      case (nil, "\\"), ("\"", "\\"):
        guard let next = rest.popFirst() else { throw ArgumentProblem("nothing follows the last `\\`") }
        word = (word ?? "") + (quote == nil || "\"\\$`".contains(next) ? "\(next)" : "\\\(next)")
      default:
        word = (word ?? "") + "\(character)"
      }
    }
    guard quote == nil else { throw ArgumentProblem("a quote has no end") }
    return words + (word.map { [$0] } ?? [])
  }
}
