extension Trigger {
  /// The members of a schedule of which each gives it events.
  static let kinds = ["event", "files", "webhook"]
  /// The other members that only such schedules have.
  static let others = ["where", "debounce", "batch"]

  /// Reads where events come from, and what holds for them: `kind` is one of `kinds`.
  init?(
    _ kind: PlacedValue.Member, among members: [String: PlacedValue.Member], noting reader: inout TreeReader
  ) {
    guard let origin = Self.origin(kind, &reader) else { return nil }
    self.origin = origin
    if let member = members["where"] { filter = EventFilter(member.value, noting: &reader) }
    if let member = members["debounce"] {
      gathering.debounce = Self.span(member, &reader)
    }
    if let member = members["batch"] { Self.batch(member, into: &gathering, &reader) }
  }

  private static func span(_ member: PlacedValue.Member, _ reader: inout TreeReader) -> Duration? {
    reader.value(member, "a span of time from 100ms to 24h, like 5s") { text in
      Duration(text: text).flatMap { (.milliseconds(100)...(.seconds(86_400))).contains($0) ? $0 : nil }
    }
  }

  private static func batch(
    _ member: PlacedValue.Member, into gathering: inout Gathering, _ reader: inout TreeReader
  ) {
    for part in reader.members(of: member.value, called: "batch", known: ["size", "window"]) {
      switch part.name {
      case "size": gathering.size = reader.count(part, 1...Gathering.largest)
      default: gathering.window = span(part, &reader)
      }
    }
    guard case .object = member.value else { return }
    if gathering.size == nil, gathering.debounce == nil || gathering.window == nil {
      reader.note("`batch.size` is missing", at: member.place)
    } else if gathering.window == nil, gathering.debounce == nil {
      reader.note("`batch.window` is missing: how long the first event waits at most", at: member.place)
    }
  }

  private static func origin(_ member: PlacedValue.Member, _ reader: inout TreeReader) -> Origin? {
    switch member.name {
    case "event":
      let what = "a name or a pattern of names, like upload.* (256 characters of ASCII, no spaces)"
      return reader.value(member, what, NamePattern.init(text:)).map { .events($0) }
    case "files":
      return files(member, &reader)
    default:
      return webhook(member, &reader)
    }
  }

  private static func files(_ member: PlacedValue.Member, _ reader: inout TreeReader) -> Origin? {
    var (directory, pattern): (String?, NamePattern?) = (nil, NamePattern(any: "*"))
    var isRight = true
    for part in reader.members(of: member.value, called: "files", known: ["directory", "pattern"]) {
      switch part.name {
      case "directory":
        directory = path(part, &reader)
        isRight = directory != nil
      default:
        pattern = reader.value(part, "a pattern of file names, like *.csv, without `/`") { text in
          text.contains("/") || text.utf8.count > 255 ? nil : NamePattern(any: text)
        }
      }
    }
    if directory == nil, isRight, case .object = member.value {
      reader.note("`files.directory` is missing", at: member.place)
    }
    guard let directory, let pattern else { return nil }
    return .files(FileRule(directory: directory, pattern: pattern))
  }

  private static func webhook(_ member: PlacedValue.Member, _ reader: inout TreeReader) -> Origin? {
    var (signature, secret): (WebhookRule.Signature?, String?) = (nil, nil)
    let parts = reader.members(of: member.value, called: "webhook", known: ["signature", "secret_file"])
    for part in parts {
      switch part.name {
      case "signature":
        let words = WebhookRule.Signature.allCases.map(\.rawValue).joined(separator: ", ")
        signature = reader.value(part, "one of \(words)", WebhookRule.Signature.init(rawValue:))
      default: secret = path(part, &reader)
      }
    }
    if case .object = member.value {
      for name in ["signature", "secret_file"] where !parts.contains(where: { $0.name == name }) {
        reader.note("`webhook.\(name)` is missing", at: member.place)
      }
    }
    guard let signature, let secret else { return nil }
    return .webhook(WebhookRule(signature: signature, secretFile: secret))
  }

  private static func path(_ member: PlacedValue.Member, _ reader: inout TreeReader) -> String? {
    reader.value(member, "an absolute path, without `..`") { text in
      text.hasPrefix("/") && !text.split(separator: "/").contains("..") && !text.utf8.contains(0) ? text : nil
    }
  }
}
