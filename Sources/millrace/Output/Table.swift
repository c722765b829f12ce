/// One column of a table: what it shows to people and what it gives to programs.
struct Column<Row> {
  enum Alignment { case left, right }

  /// The title in tables.
  let title: String
  /// The name in CSV, as the API names it.
  let key: String
  let alignment: Alignment
  /// Whether it is shown in `wide` only.
  let isWide: Bool
  /// For people: `61.3 MiB`; empty stands for "unknown".
  let text: (Row) -> String
  /// For programs: `64277708`; empty stands for "unknown".
  let raw: (Row) -> String
  let tone: (Row) -> Tone

  /// Makes a column; `raw` is `text` if it is not given.
  init(
    _ title: String, _ key: String, _ alignment: Alignment = .left, wide isWide: Bool = false,
    raw: ((Row) -> String)? = nil, tone: @escaping (Row) -> Tone = { _ in .plain },
    text: @escaping (Row) -> String
  ) {
    self.title = title
    self.key = key
    self.alignment = alignment
    self.isWide = isWide
    self.text = text
    self.raw = raw ?? text
    self.tone = tone
  }
}

/// Rows as lines of text.
struct Table<Row> {
  let columns: [Column<Row>]
  /// What `-o ids` prints of a row.
  let id: (Row) -> String

  init(_ columns: [Column<Row>], id: @escaping (Row) -> String) {
    self.columns = columns
    self.id = id
  }

  /// Returns aligned lines under a line of titles.
  func lines(_ rows: [Row], wide: Bool, paint: Paint) -> String {
    let columns = columns.filter { wide || !$0.isWide }
    let cells = rows.map { row in columns.map { Self.shown($0.text(row)) } }
    let widths = columns.indices.map { index in
      cells.reduce(columns[index].title.count) { max($0, $1[index].count) }
    }
    func line(_ texts: [String], _ tone: (Int) -> Tone) -> String {
      let parts = columns.indices.map { index -> String in
        let blanks = String(repeating: " ", count: widths[index] - texts[index].count)
        let painted = paint(texts[index], tone(index))
        if columns[index].alignment == .right { return blanks + painted }
        return index == columns.count - 1 ? painted : painted + blanks
      }
      return parts.joined(separator: "  ") + "\n"
    }
    return line(columns.map(\.title)) { _ in .title }
      + zip(rows, cells).map { row, texts in line(texts) { columns[$0].tone(row) } }.joined()
  }

  /// Returns one row from top to bottom, a line per column.
  func card(_ row: Row, paint: Paint) -> String {
    Card(columns.map { .init($0.title.lowercased(), $0.text(row), $0.tone(row)) }).lines(paint: paint)
  }

  /// Returns comma-separated values with all columns and a line of names, quoted as RFC 4180 says; lines
  /// end with a line feed.
  func csv(_ rows: [Row]) -> String {
    func line(_ values: [String]) -> String { values.map(Self.quoted).joined(separator: ",") + "\n" }
    return line(columns.map(\.key)) + rows.map { row in line(columns.map { $0.raw(row) }) }.joined()
  }

  private static func shown(_ text: String) -> String { text.isEmpty ? "-" : text.printable }

  private static func quoted(_ value: String) -> String {
    guard value.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return value }
    return "\"" + value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}

/// Facts from top to bottom: a name and a value on each line.
struct Card {
  struct Fact {
    let name: String
    let value: String
    let tone: Tone

    init(_ name: String, _ value: String, _ tone: Tone = .plain) {
      self.name = name
      self.value = value
      self.tone = tone
    }
  }

  private var facts: [Fact]

  init(_ facts: [Fact]) { self.facts = facts }

  /// Adds a fact; nothing if there is no value.
  mutating func add(_ name: String, _ value: String?, _ tone: Tone = .plain) {
    if let value, !value.isEmpty { facts.append(Fact(name, value, tone)) }
  }

  /// Returns a line for each fact that has a value.
  func lines(paint: Paint) -> String {
    let known = facts.filter { !$0.value.isEmpty }
    let width = known.map(\.name.count).max() ?? 0
    return known.map { fact in
      paint(fact.name, .title) + String(repeating: " ", count: width - fact.name.count + 2)
        + paint(fact.value.printable, fact.tone) + "\n"
    }.joined()
  }
}
