import ArgumentParser
import FoundationEssentials
import MillraceWire

/// How data is printed.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
  case table, wide, json, jsonl, csv, ids
}

/// How data is printed.
struct OutputOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp("table, wide, json, jsonl, csv or ids.", valueName: "format"))
  var output: OutputFormat = .table

  /// Prints rows; `page` is what the API calls all of them together.
  func print<Row: Encodable>(_ rows: [Row], as table: Table<Row>, page: some Encodable) throws {
    try StandardOutput.write(Self.text(rows, as: table, page: page, format: output, paint: .standardOutput))
    if rows.isEmpty, output == .table || output == .wide { StandardError.note("nothing found") }
  }

  /// Prints one thing; for people by `card`.
  func print<Row: Encodable>(
    one row: Row, as table: Table<Row>, json: some Encodable, card: (Paint) -> String
  ) throws {
    switch output {
    case .table, .wide: try StandardOutput.write(card(.standardOutput))
    case .json, .ids, .csv: try print([row], as: table, page: json)
    case .jsonl: try StandardOutput.write(Self.json(json, pretty: false))
    }
  }

  /// Prints one thing that has rows: for people by `sheet`, as CSV by its rows.
  func print<Row: Encodable>(
    rows: [Row], as table: Table<Row>, json: some Encodable, sheet: (Paint) -> String
  ) throws {
    switch output {
    case .table, .wide: try StandardOutput.write(sheet(.standardOutput))
    case .json, .ids, .csv: try print(rows, as: table, page: json)
    case .jsonl: try StandardOutput.write(Self.json(json, pretty: false))
    }
  }

  /// Returns rows in a format.
  static func text<Row: Encodable>(
    _ rows: [Row], as table: Table<Row>, page: some Encodable, format: OutputFormat, paint: Paint
  ) throws -> String {
    switch format {
    case .table, .wide: rows.isEmpty ? "" : table.lines(rows, wide: format == .wide, paint: paint)
    case .json: try json(page, pretty: true)
    case .jsonl: try rows.map { try json($0, pretty: false) }.joined()
    case .csv: table.csv(rows)
    case .ids: rows.map { table.id($0) + "\n" }.joined()
    }
  }

  /// Returns JSON with a line break at its end.
  static func json(_ value: some Encodable, pretty: Bool) throws -> String {
    String(decoding: try Wire.encoder(pretty: pretty).encode(value), as: UTF8.self) + "\n"
  }
}
