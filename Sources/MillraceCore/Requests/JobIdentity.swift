/// What makes two requests ask for the same job.
package enum JobIdentity {
  /// The longest key, in characters.
  static let maxKey = 200

  /// Finds the key of a request.
  ///
  /// - Parameters:
  ///   - request: what is asked for.
  ///   - parameters: its parameters, checked and complete.
  /// - Returns: the key; nil if it wants none.
  /// - Throws: `Refusal` for a key that can't be.
  static func key(of request: JobRequest, parameters: JSONValue) throws(Refusal) -> JobKey? {
    guard var key = request.key else {
      guard request.isUnique else { return nil }
      return JobKey(digest(of: request, parameters: parameters), window: nil)
    }
    if request.isUnique { key.window = nil }
    try check(key: key.text)
    if let window = key.window, !(Duration.seconds(1)...Duration.seconds(36_525 * 86_400)).contains(window) {
      throw Refusal(.invalid, "the window of a key is from 1 s to 100 years, not \(window.text)")
    }
    return key
  }

  /// Checks the text of a key.
  /// - Throws: `Refusal` for one that can't be.
  package static func check(key text: String) throws(Refusal) {
    let length = text.unicodeScalars.count
    guard (1...maxKey).contains(length) else {
      throw Refusal(.invalid, "a key has 1 to \(maxKey) characters, not \(length)")
    }
    guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw Refusal(.invalid, "a key must not have control characters in it")
    }
  }

  /// Checks the texts by which a job is found. Code points are counted: what a reader takes for one character
  /// can have any number of bytes. A text with a zero byte in it ends there for SQLite.
  /// - Throws: `Refusal` for one that can't be.
  static func check(textsOf request: JobRequest) throws(Refusal) {
    for (key, value) in request.labels.sorted(by: { $0.key < $1.key }) {
      guard (1...64).contains(key.unicodeScalars.count), value.unicodeScalars.count <= maxText else {
        throw Refusal(
          .invalid, "label `\(key)` must have a key of 1 to 64 characters and a value of at most \(maxText)")
      }
      guard !(key + value).utf8.contains(0) else {
        throw Refusal(.invalid, "a label must not have a zero byte in it")
      }
    }
    if let text = request.traceParent, TraceContext(text: text) == nil {
      throw Refusal(
        .invalid, "`trace_parent` is no W3C trace context",
        hint: "like 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    }
    for (name, text) in [("class", request.jobClass), ("step", request.step)] {
      guard let text else { continue }
      guard (1...maxText).contains(text.unicodeScalars.count), !text.utf8.contains(0) else {
        throw Refusal(.invalid, "`\(name)` must have 1 to \(maxText) characters, and no zero byte")
      }
    }
  }

  /// The longest value of a label, class and the like, in code points.
  private static let maxText = 256

  /// Checks the name of a group.
  /// - Throws: `Refusal` for one that can't be.
  static func check(group: String?) throws(Refusal) {
    guard let group, !Handler.isValidName(group) else { return }
    throw Refusal(
      .invalid, "`\(group)` can't be the name of a group",
      hint: "1 to 64 of `a-z 0-9 - _ .`, a letter first")
  }

  /// The same for each request that asks for the same work: handler, parameters, class and input.
  private static func digest(of request: JobRequest, parameters: JSONValue) -> String {
    let work = JSONValue.array(
      [.string(request.handler), parameters, request.jobClass.map(JSONValue.string) ?? .null])
    return "unique:"
      + SHA256.hex(of: Array(work.unambiguousText.utf8) + (request.input.map { [0] + $0 } ?? []))
  }
}
