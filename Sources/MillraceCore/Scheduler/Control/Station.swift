/// What can be paused: the runner as a whole, a handler, or a group.
package enum Station: Hashable, Comparable, Sendable, Codable {
  case runner
  case handler(String)
  case group(String)

  /// As people call it: "the runner", "handler `x`".
  package var words: String {
    switch self {
    case .runner: "the runner"
    case .handler(let name): "handler `\(name)`"
    case .group(let name): "group `\(name)`"
    }
  }

  /// As the command line names it: ` --handler x`; empty for the runner.
  package var option: String {
    switch self {
    case .runner: ""
    case .handler(let name): " --handler \(name)"
    case .group(let name): " --group \(name)"
    }
  }

  /// As it is noted on record: `runner`, `handler x`, `group x`.
  package var name: String {
    switch self {
    case .runner: "runner"
    case .handler(let name): "handler \(name)"
    case .group(let name): "group \(name)"
    }
  }

  /// Reads what `name` makes; nil if it is none.
  package init?(name: String) {
    let words = name.split(separator: " ", maxSplits: 1).map(String.init)
    switch (words.first, words.count) {
    case ("runner", 1): self = .runner
    case ("handler", 2): self = .handler(words[1])
    case ("group", 2): self = .group(words[1])
    default: return nil
    }
  }
}

/// Who has paused something, and since when.
package struct Pause: Hashable, Sendable, Codable {
  /// The user who asked for it.
  package var by: String
  package var since: Timestamp

  package init(by: String, since: Timestamp) {
    self.by = by
    self.since = since
  }
}
