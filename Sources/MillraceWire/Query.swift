package import MillraceCore

/// The filters of lists as pairs of a query string; one place for both directions.
package typealias QueryItems = [(name: String, value: String)]

extension JobFilter {
  /// Returns the filter as query items.
  package var queryItems: QueryItems {
    var items: QueryItems = states.map { ("state", $0.rawValue) }
    if let handler { items.append(("handler", handler)) }
    if let jobClass { items.append(("class", jobClass)) }
    items += labels.sorted { $0.key < $1.key }.map { ("label", "\($0.key)=\($0.value)") }
    if let group { items.append(("group", group)) }
    if let isHeld { items.append(("held", "\(isHeld)")) }
    if let workflow { items.append(("workflow", "\(workflow)")) }
    if let since { items.append(("since", Wire.text(of: since))) }
    if let until { items.append(("until", Wire.text(of: until))) }
    if let before { items.append(("before", before.description)) }
    items.append(("limit", "\(limit)"))
    return items
  }

  /// Reads a filter from query items.
  /// - Throws: `Refusal` (`invalid`) that names the item.
  package init(queryItems: QueryItems) throws {
    self.init()
    for (name, value) in queryItems {
      switch name {
      case "state": states.append(try QueryValue.oneOf(JobState.self, name, value))
      case "handler": handler = value
      case "class": jobClass = value
      case "label": labels.merge([try QueryValue.label(value)]) { $1 }
      case "group": group = value
      case "held": isHeld = try QueryValue.flag(name, value)
      case "workflow": workflow = Int64(try QueryValue.count(name, value, 1...Int.max))
      case "since": since = try QueryValue.time(name, value)
      case "until": until = try QueryValue.time(name, value)
      case "before": before = JobID(Int64(try QueryValue.count(name, value, 1...Int.max)))
      case "limit": limit = try QueryValue.count(name, value, 1...10_000)
      default: throw QueryValue.unknown(name)
      }
    }
  }
}

extension HistoryFilter {
  /// Returns the filter as query items.
  package var queryItems: QueryItems {
    var items: QueryItems = []
    if let handler { items.append(("handler", handler)) }
    items += states.map { ("state", $0.rawValue) }
    items += outcomes.map { ("outcome", $0.rawValue) }
    if let jobClass { items.append(("class", jobClass)) }
    items += labels.sorted { $0.key < $1.key }.map { ("label", "\($0.key)=\($0.value)") }
    if let job { items.append(("job", job.description)) }
    if let build { items.append(("build", build)) }
    if let node { items.append(("node", node)) }
    if let since { items.append(("since", Wire.text(of: since))) }
    if let until { items.append(("until", Wire.text(of: until))) }
    if let minMemory { items.append(("min_memory", "\(minMemory.rawValue)")) }
    items.append(("sort", order.rawValue))
    if let after { items.append(("after", after.description)) }
    items.append(("limit", "\(limit)"))
    return items
  }

  /// Reads a filter from query items.
  /// - Throws: `Refusal` (`invalid`) that names the item.
  package init(queryItems: QueryItems) throws {
    self.init()
    for (name, value) in queryItems {
      switch name {
      case "handler": handler = value
      case "state": states.append(try QueryValue.oneOf(JobState.self, name, value))
      case "outcome": outcomes.append(try QueryValue.oneOf(Outcome.self, name, value))
      case "class": jobClass = value
      case "label": labels.merge([try QueryValue.label(value)]) { $1 }
      case "job": job = JobID(Int64(try QueryValue.count(name, value, 1...Int.max)))
      case "since": since = try QueryValue.time(name, value)
      case "until": until = try QueryValue.time(name, value)
      case "node": node = value
      case "build":
        guard HistoryFilter.isBuild(value) else {
          throw Refusal(
            .invalid, "`build` must be \(HistoryFilter.leastBuild) to 64 hexadecimal digits, not `\(value)`")
        }
        build = value
      case "min_memory": minMemory = Bytes(Int64(try QueryValue.count(name, value, 0...Int.max)))
      case "sort": order = try QueryValue.oneOf(Order.self, name, value)
      case "after":
        guard let place = HistoryCursor(text: value) else {
          throw Refusal(
            .invalid, "`after` is no place in a list: `\(value)`", hint: "give the `next` of a page")
        }
        after = place
      case "limit": limit = try QueryValue.count(name, value, 1...10_000)
      default: throw QueryValue.unknown(name)
      }
    }
  }
}

/// Reads single values of query strings; each error names the item.
package enum QueryValue {
  /// Reads what a client was told last that comes again; nil if it was told nothing: a browser sends an empty
  /// one then.
  package static func lastEventID(_ text: String?) throws -> Int64? {
    guard let text, !text.isEmpty else { return nil }
    return Int64(try count("Last-Event-ID", text, 0...Int.max))
  }

  /// Reads one of an enumeration's words.
  package static func oneOf<Value: RawRepresentable<String> & CaseIterable>(
    _ type: Value.Type, _ name: String, _ value: String
  ) throws -> Value {
    guard let known = Value(rawValue: value) else {
      let words = Value.allCases.map { $0.rawValue }.joined(separator: ", ")
      throw Refusal(.invalid, "`\(name)` can't be `\(value)`", hint: "one of: \(words)")
    }
    return known
  }

  /// Reads yes or no.
  package static func flag(_ name: String, _ value: String) throws -> Bool {
    guard let flag = Bool(value) else {
      throw Refusal(.invalid, "`\(name)` must be `true` or `false`, not `\(value)`")
    }
    return flag
  }

  /// Reads a whole number within bounds.
  package static func count(_ name: String, _ value: String, _ bounds: ClosedRange<Int>) throws -> Int {
    guard let number = Int(value), bounds.contains(number) else {
      throw Refusal(
        .invalid,
        "`\(name)` must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound), not `\(value)`")
    }
    return number
  }

  /// Reads a time.
  package static func time(_ name: String, _ value: String) throws -> Timestamp {
    guard let time = Wire.time(from: value) else {
      throw Refusal(.invalid, "`\(name)` is no time: `\(value)`", hint: "write 2026-11-21T04:20:00Z")
    }
    return time
  }

  /// Reads `key=value`.
  package static func label(_ text: String) throws -> (String, String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else {
      throw Refusal(.invalid, "`label` must be key=value, not `\(text)`")
    }
    return (String(parts[0]), String(parts[1]))
  }

  /// The error for a name that no filter has.
  package static func unknown(_ name: String) -> Refusal {
    Refusal(.invalid, "there is no filter `\(name)`")
  }
}
