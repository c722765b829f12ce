import FoundationEssentials

/// Prints findings.
enum DoctorReport {
  /// Returns a line for each finding, with the commands that mend it below.
  static func table(of findings: [Finding]) -> String {
    let width = findings.map(\.check.count).max() ?? 0
    let indent = String(repeating: " ", count: 9 + width + 2)
    var text = ""
    for finding in findings {
      let status = pad(finding.status.rawValue, 9)
      let found = finding.found.split(separator: "\n").joined(separator: "\n\(indent)")
      text += "\(status)\(pad(finding.check, width))  \(found)\n"
      for command in finding.mend { text += "\(indent)$ \(command)\n" }
    }
    let failures = findings.count { $0.status == .failure }
    let warnings = findings.count { $0.status == .warning }
    return text + "\n\(count(failures, "failure")), \(count(warnings, "warning"))\n"
  }

  /// Returns the findings as a JSON array.
  static func json(of findings: [Finding]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(findings), as: UTF8.self)
  }

  private static func count(_ number: Int, _ word: String) -> String {
    "\(number) \(word)\(number == 1 ? "" : "s")"
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
