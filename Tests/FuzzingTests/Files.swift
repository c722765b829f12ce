import MillraceCore
import MillraceWire
import Yams

@testable import MillraceYAML

extension FuzzedParser {
  /// Files in YAML.
  static let files = [
    FuzzedParser(text: "yaml", longest: 512) { text in
      let value = try tree(of: text).json
      // All that JSON writes without escapes is YAML, too.
      let written = String(decoding: try written(value), as: UTF8.self)
      guard written.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) else { return }
      guard let again = accepted({ try tree(of: written) }) else { return }
      demandEqual(again.json.unambiguousText, value.unambiguousText, "a value that is read again")
    },
    FuzzedParser(text: "settings", longest: 512) { text in
      try demandTame(text)
      let document = YAMLDocument()
      for setting in document.root(of: text)?.settings() ?? [] {
        for value in setting.hasSettings ? setting.settings() : [setting] { readAll(value) }
      }
      try document.throwMistakes(in: "f.yaml")
    },
    FuzzedParser(text: "calendar-file", longest: 512) { text in
      demandDays(of: try DayCalendar(try tree(of: text)))
    },
    FuzzedParser(text: "sidecar-edit", longest: 512) { text in
      guard case .object(var members) = try tree(of: text).json else { return }
      var wishes = Wishes()
      (wishes.memory, wishes.cpuMillis, wishes.timeout) = (.mebibytes(80), 1500, .seconds(30))
      guard let edited = try SidecarEdit(of: wishes, for: "h").applied(to: text) else { return }
      var handlers = members["handlers"]?.object ?? [:]
      var settings = handlers["h"]?.object ?? [:]
      settings.merge(["memory": .string("80M"), "cpu": .number(1.5), "timeout": .string("30s")]) { $1 }
      handlers["h"] = .object(settings)
      members["handlers"] = .object(handlers)
      demandEqual(
        try tree(of: edited).json.unambiguousText, JSONValue.object(members).unambiguousText,
        "an edit changes what it is to change")
    },
  ]

  private static func tree(of text: String) throws -> PlacedValue {
    try demandTame(text)
    return try YAMLDocument.tree(of: text, named: "f.yaml")
  }

  /// Refuses texts that keep Yams itself busy for minutes: names that are aliases of aliases.
  private static func demandTame(_ text: String) throws {
    struct Wild: Error {}
    guard text.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= 8 else { throw Wild() }
  }

  private static func readAll(_ setting: Setting) {
    _ = (setting.count(1...9), setting.countOr("none", 1...9), setting.flag(), setting.rate())
    _ = (setting.bytes(.zero...Bytes(.max)), setting.absolutePath(), setting.processors())
    _ = (setting.duration(.zero...(.seconds(9))), setting.durationOr("never", .zero...(.seconds(9))))
    _ = (setting.number(0...1), setting.percent(0...100), setting.part(0...100), setting.isOff)
    _ = (setting.word(of: Role.self), setting.elements().map { $0.text() })
  }
}
