import HTTPTypes

extension HTTPField.Name {
  /// What a client was told last that comes again.
  static let lastEventID = known("Last-Event-ID")
  static let idempotencyKey = known("Idempotency-Key")
  static let traceParent = known("traceparent")

  /// Makes a name that is known to be one.
  static func known(_ name: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(name) else { preconditionFailure("`\(name)` is a token") }
    return name
  }
}
