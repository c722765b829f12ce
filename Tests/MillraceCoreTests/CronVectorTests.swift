import Foundation
import MillraceCore
import TestSupport
import Testing

@Suite("Cron as others do it")
struct CronVectorTests {
  /// Returns the rows of the table of others; nil if it is not there.
  private static func rows() throws -> [[String]]? {
    try ReferenceData.path("cron-vectors.csv").map { path in
      let text = try String(contentsOfFile: path, encoding: .utf8)
      return text.split(whereSeparator: \.isNewline).dropFirst().map(fields)
    }
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
