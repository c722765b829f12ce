import ArgumentParser
import MillraceCore
import MillraceYAML

/// Which events a schedule waits for, as members of its definition.
struct TriggerOptions: ParsableArguments {
  @Option(help: "Events with this type: a name, or a pattern like upload.*.")
  var on: String?

  @Option(
    name: .customLong("where"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      """
      Only events for which this holds: data.user=anna, data.user!=bob, data.size>=10, data.size<=99, \
      subject~2026-*, data.id:="007" (JSON). May be repeated: all must hold; = twice means one of both.
      """, valueName: "condition"))
  var conditions: [String] = []

  @Option(help: "Files that are closed or moved into this directory.", completion: .directory)
  var files: String?

  @Option(help: "Only files with such names: *.csv.")
  var pattern: String?

  @Option(help: "Calls of the schedule's own address: github or standard says how they are signed.")
  var webhook: Trigger.WebhookRule.Signature?

  @Option(help: "The file with the secret of the webhook.", completion: .file())
  var secretFile: String?

  @Option(help: "One job when no event has come for so long: 5s.", transform: Quantities.span)
  var debounce: Duration?

  @Option(help: "One job for so many events, up to 1000.", transform: Quantities.count)
  var batch: Int?

  @Option(help: "So long does the first event of a batch wait at most: 10s.", transform: Quantities.span)
  var batchWindow: Duration?

  /// Whether it is said where events come from.
  var isGiven: Bool { on != nil || files != nil || webhook != nil }

  func validate() throws {
    guard [on != nil, files != nil, webhook != nil].count(where: { $0 }) <= 1 else {
      throw ValidationError("give one of --on, --files and --webhook")
    }
    guard files != nil || pattern == nil else { throw ValidationError("--pattern is for --files") }
    guard (webhook != nil) == (secretFile != nil) else {
      throw ValidationError("--webhook needs --secret-file, and the other way round")
    }
  }

  /// The members that are given.
  /// - Throws: `CommandError` (`usage`) for a condition that can't be read.
  func members() throws -> [String: JSONValue] {
    var members: [String: JSONValue] = [:]
    members["event"] = on.map { .string($0) }
    if let files {
      var rule = ["directory": JSONValue.string(files)]
      rule["pattern"] = pattern.map { .string($0) }
      members["files"] = .object(rule)
    }
    if let webhook {
      members["webhook"] = .object([
        "signature": .string(webhook.rawValue), "secret_file": .string(secretFile ?? ""),
      ])
    }
    if !conditions.isEmpty { members["where"] = try ConditionWords.members(of: conditions) }
    members["debounce"] = debounce.map { .string(ScheduleOptions.text($0)) }
    var gathering: [String: JSONValue] = [:]
    gathering["size"] = batch.map { .integer(Int64($0)) }
    gathering["window"] = batchWindow.map { .string(ScheduleOptions.text($0)) }
    if !gathering.isEmpty { members["batch"] = .object(gathering) }
    return members
  }
}

/// Conditions as words: `data.size>=10`.
enum ConditionWords {
  /// The signs, those first that begin with others, and the operators of definitions.
  private static let signs = [("!=", "not"), (">=", "min"), ("<=", "max"), ("~", "like"), ("=", "is")]

  /// Returns the member `where` that they make.
  /// - Throws: `CommandError` (`usage`).
  static func members(of words: [String]) throws -> JSONValue {
    var tests: [String: [String: JSONValue]] = [:]
    for word in words {
      let (path, name, value) = try parts(of: word)
      let former = tests[path]?[name]
      if name == "is" || name == "not" {
        tests[path, default: [:]][name] = .array((former?.array ?? []) + [value])
      } else {
        guard former == nil else {
          throw CommandError(.usage, "--where: `\(path)` has two bounds: `\(word)`")
        }
        tests[path, default: [:]][name] = value
      }
    }
    return .object(tests.mapValues { $0.count == 1 ? $0["is"].map(Self.short) ?? .object($0) : .object($0) })
  }

  /// One value needs no list.
  private static func short(_ values: JSONValue) -> JSONValue {
    guard let all = values.array, all.count == 1 else { return values }
    return all[0]
  }

  private static func parts(of word: String) throws -> (path: String, name: String, value: JSONValue) {
    let found = signs.compactMap { sign, name in word.firstRange(of: sign).map { ($0, name) } }
      .min { $0.0.lowerBound < $1.0.lowerBound }
    guard let (range, name) = found, range.lowerBound > word.startIndex else {
      throw CommandError(
        .usage, "--where: `\(word)` is no condition",
        hint: "write data.user=anna, data.user!=bob, data.size>=10, data.size<=99 or subject~2026-*")
    }
    var path = String(word[..<range.lowerBound])
    let text = String(word[range.upperBound...])
    if path.hasSuffix(":") {
      path.removeLast()
      return (path, name, try RequestWords.json(text, of: path))
    }
    return (path, name, name == "like" ? .string(text) : YAMLDocument.value(ofPlain: text))
  }
}

extension Trigger.WebhookRule.Signature: ExpressibleByArgument {}
