import FoundationEssentials
import MillraceCore
import MillraceLinux

/// What was found of a file.
struct VerifyReport: Encodable, Equatable {
  var file: String
  var sha256: String
  var problems: [String]
  var warnings: [String]
  /// Nil if it could not be asked.
  var plugin: PluginReport?

  struct PluginReport: Encodable, Equatable {
    var name: String
    var version: String
    var handlers: [HandlerReport]
  }

  struct HandlerReport: Encodable, Equatable {
    var name: String
    var summary: String
  }

  init(file: String, _ examination: PluginExamination) {
    self.file = file
    sha256 = examination.sha256
    problems = examination.problems
    warnings = examination.warnings
    plugin = examination.plugin.map { plugin in
      PluginReport(
        name: plugin.name, version: plugin.version,
        handlers: plugin.handlers.map { HandlerReport(name: $0.name, summary: $0.summary) })
    }
  }

  /// For people.
  var text: String {
    var lines = ["\(file): SHA-256 \(sha256)"]
    if let plugin {
      lines.append("plugin `\(plugin.name)` \(plugin.version)")
      lines += plugin.handlers.map { "  \($0.name)" + ($0.summary.isEmpty ? "" : ": \($0.summary)") }
    }
    lines += warnings.map { "warning: \($0)" } + problems.map { "error: \($0)" }
    return lines.map { Self.printable($0) + "\n" }.joined()
  }

  /// What a plugin says is anybody's text.
  private static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }

  /// For programs.
  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
