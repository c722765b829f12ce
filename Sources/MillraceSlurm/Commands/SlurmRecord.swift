/// One line of `scontrol show … --oneliner`: `Key=value Key=value …`, where a value may have blanks.
struct SlurmRecord {
  private var values: [String: Substring] = [:]

  /// Takes a line apart. Of a key that comes twice the first one counts: somebody's own text may look like
  /// more of it. The key `rest` has all of the rest as its value.
  init(_ line: some StringProtocol, rest: String? = nil) {
    let line = Substring(line)
    var key: Substring?
    var start = line.startIndex
    var index = line.startIndex
    while index < line.endIndex {
      // A key begins the line or follows a blank.
      if index == line.startIndex || line[line.index(before: index)] == " ",
        key == nil || key.map(String.init) != rest,
        let found = Self.key(line[index...])
      {
        put(line[start..<index], as: key)
        key = found
        start = line.index(found.endIndex, offsetBy: 1)
        index = start
        continue
      }
      index = line.index(after: index)
    }
    put(line[start...], as: key)
  }

  /// A value; nil if there is none, or Slurm says that there is none.
  subscript(key: String) -> String? {
    guard let value = values[key], !["", "(null)", "N/A", "n/a", "None", "Unknown"].contains(value) else {
      return nil
    }
    return String(value)
  }

  private mutating func put(_ value: Substring, as key: Substring?) {
    guard let key, values[String(key)] == nil else { return }
    var value = value
    while value.last == " " { value.removeLast() }
    values[String(key)] = value
  }

  /// The key that a text begins with, without its `=`.
  private static func key(_ text: Substring) -> Substring? {
    guard let first = text.first, first.isASCII, first.isUppercase else { return nil }
    let name = text.prefix {
      $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "/" || $0 == ":")
    }
    guard name.endIndex < text.endIndex, text[name.endIndex] == "=" else { return nil }
    return name
  }
}
