extension CloudEvent {
  private static let attributes = [
    "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data",
    "data_base64",
  ]

  /// Reads an event in the JSON format of CloudEvents.
  ///
  /// - Parameter tree: an object.
  /// - Throws: `Mistakes` with all that is wrong with it.
  package init(_ tree: PlacedValue) throws(Mistakes) {
    var reader = EventReader()
    for member in reader.tree.members(of: tree, called: "event") where !member.value.isNull {
      reader.members[member.name] = member
    }
    self = reader.event(at: tree.place)
    for member in tree.members where !Self.attributes.contains(member.name) && !member.value.isNull {
      extensions[member.name] = reader.extensionValue(member)
    }
    if extensions.count > Self.mostExtensions {
      reader.tree.note(
        "an event has at most \(Self.mostExtensions) attributes beside those of CloudEvents",
        at: tree.place)
    }
    try Mistakes.demandNone(reader.tree.mistakes)
  }
}

extension PlacedValue {
  /// The members; none if it is no object.
  fileprivate var members: [Member] { if case .object(let members, _) = self { members } else { [] } }
}

/// Reads the attributes of an event one by one.
private struct EventReader {
  var tree = TreeReader()
  /// What is said, by name.
  var members: [String: PlacedValue.Member] = [:]

  mutating func event(at place: TextPlace) -> CloudEvent {
    if let version = demanded("specversion", at: place), version != "1.0" {
      tree.note("`specversion` must be 1.0, not `\(version)`", at: members["specversion"]?.place ?? place)
    }
    var event = CloudEvent(
      id: demanded("id", at: place) ?? "", source: demanded("source", at: place) ?? "",
      type: demanded("type", at: place) ?? "")
    if let member = members["type"], event.type.utf8.count > CloudEvent.longestType {
      tree.note("`type` has more than \(CloudEvent.longestType) bytes", at: member.value.place)
    }
    if event.source.contains(" "), let member = members["source"] {
      tree.note("`source` must be a URI reference, not `\(event.source)`", at: member.value.place)
    }
    event.subject = attribute("subject")
    event.time = time()
    event.dataContentType = attribute("datacontenttype")
    event.dataSchema = attribute("dataschema")
    event.data = members["data"]?.value.json
    event.dataBase64 = base64()
    return event
  }

  private mutating func demanded(_ name: String, at place: TextPlace) -> String? {
    guard members[name] == nil else { return attribute(name) }
    tree.note("`\(name)` is missing", at: place)
    return nil
  }

  private mutating func attribute(_ name: String) -> String? {
    members[name].flatMap { text($0) }
  }

  private mutating func text(_ member: PlacedValue.Member) -> String? {
    guard let text = tree.text(member) else { return nil }
    if text.utf8.count > CloudEvent.longestAttribute {
      tree.note(
        "`\(member.name)` has more than \(CloudEvent.longestAttribute) bytes", at: member.value.place)
    }
    if text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
      tree.note("`\(member.name)` must not have control characters", at: member.value.place)
    }
    return text
  }

  private mutating func time() -> String? {
    guard let text = attribute("time"), let member = members["time"] else { return nil }
    guard case .instant = WrittenTime(text: text) else {
      tree.note("`time` must be a time like 2026-04-01T08:00:00Z, not `\(text)`", at: member.value.place)
      return nil
    }
    return text
  }

  private mutating func base64() -> String? {
    guard let member = members["data_base64"] else { return nil }
    if members["data"] != nil { tree.note("give `data` or `data_base64`, not both", at: member.place) }
    // Data may be long: it is no attribute.
    guard case .scalar(.string(let text), _) = member.value, Self.isBase64(text) else {
      tree.note("`data_base64` must be a text in base64", at: member.value.place)
      return nil
    }
    return text
  }

  private static func isBase64(_ text: String) -> Bool {
    let bytes = text.utf8
    let padding = bytes.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    return bytes.count % 4 == 0 && padding <= 2
      && bytes.dropLast(padding).allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
          true
        default: false
        }
      }
  }

  /// Reads an attribute that the specification does not name.
  mutating func extensionValue(_ member: PlacedValue.Member) -> JSONValue? {
    let isName =
      (1...64).contains(member.name.utf8.count)
      && member.name.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      }
    guard isName else {
      tree.note(
        "`\(member.name)` can't be an attribute: 1 to 64 of `a-z 0-9`; data belongs into `data`",
        at: member.place)
      return nil
    }
    switch member.value.json {
    case .bool, .integer: return member.value.json
    case .null, .number, .string, .array, .object: return text(member).map { .string($0) }
    }
  }
}
