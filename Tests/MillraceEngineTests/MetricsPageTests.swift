import FoundationEssentials
import Testing

@testable import MillraceEngine

/// `docs/metrics.md` ends with a table of every family, made from the list itself.
@Suite("The page about metrics")
struct MetricsPageTests {
  private static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "docs/metrics.md")
  private static let title = "## All families\n\n"

  private static var table: String {
    let head = "| name | kind | labels | what it says |\n|---|---|---|---|\n"
    return MetricFamily.all.reduce(head) { text, family in
      let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
      let suffix = family.kind == .counter ? "_total" : family.kind == .info ? "_info" : ""
      return text + "| `\(family.name)\(suffix)` | \(family.kind) | \(labels) | \(family.help) |\n"
    }
  }

  @Test("has every family with what it says")
  func page() throws {
    let text = String(decoding: try Data(contentsOf: Self.file), as: UTF8.self)
    let place = try #require(text.firstRange(of: Self.title), "the page has lost its last section")
    let fresh = text[..<place.upperBound] + Self.table
    if ProcessInfo.processInfo.environment["MILLRACE_WRITE_DOCS"] != nil {
      try Data(fresh.utf8).write(to: Self.file)
    }
    #expect(
      text == fresh,
      """
      docs/metrics.md is old; write it anew: MILLRACE_WRITE_DOCS=1 \
      .build/debug/millracePackageTests.xctest --testing-library swift-testing \
      --filter 'MillraceEngineTests.MetricsPageTests'
      """)
  }
}
