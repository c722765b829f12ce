import Foundation
import MillraceCore
import Testing

@Suite("Cron as others do it")
struct CronVectorTests {
  /// Returns the rows of the table of others, which the project may not carry; nil, with a word about it, if
  /// it is not in `../shared/data` beside the repository.
  private static func rows() throws -> [[String]]? {
    // Tests/MillraceCoreTests/CronVectorTests.swift → the directory that the repository is in.
    let parts = #filePath.split(separator: "/").dropLast(4)
    let candidates = ["/" + parts.joined(separator: "/") + "/shared/data", "../shared/data"]
    for path in candidates.map({ $0 + "/cron-vectors.csv" }) where access(path, R_OK) == 0 {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      return text.split(whereSeparator: \.isNewline).dropFirst().map(fields)
    }
    print("NOT TESTED: the cron vectors need `../shared/data/cron-vectors.csv`, which is not there")
    return nil
  }

  /// Returns the fields of a line; the first may be in quotes, with commas in it.
  private static func fields(_ line: Substring) -> [String] {
    guard line.hasPrefix("\"") else { return line.split(separator: ",").map(String.init) }
    let parts = line.dropFirst().split(separator: "\"", maxSplits: 1)
    return [String(parts[0])] + parts[1].split(separator: ",").map(String.init)
  }

  @Test("every row of the table has the next time that it says")
  func vectors() throws {
    guard let rows = try Self.rows() else { return }
    #expect(rows.count >= 140)
    for row in rows {
      try #require(row.count == 4, "\(row)")
      let start = try #require(TestTime.time(row[2]), "\(row)")
      let next = try CronExpression(row[0]).next(after: start, in: try TestZones.rules(row[1]))
      #expect(next?.text == row[3], "`\(row[0])` in \(row[1]) after \(row[2])")
    }
  }
}
