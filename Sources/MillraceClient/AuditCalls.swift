package import MillraceWire

extension Client {
  /// Returns who had what changed, the newest first.
  package func audit(by principal: String?, before number: Int?, atMost count: Int) throws -> AuditPage {
    var query: QueryItems = [("limit", "\(count)")]
    if let principal { query.append(("principal", principal)) }
    if let number { query.append(("before", "\(number)")) }
    return try value(call("GET", "/audit", query: query))
  }
}
