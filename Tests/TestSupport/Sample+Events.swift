package import MillraceCore

extension Sample {
  /// An event with nothing that can be left out.
  package static func event(
    _ id: String, type: String = "upload.finished", source: String = "/camera"
  ) -> CloudEvent {
    CloudEvent(id: id, source: source, type: type)
  }

  /// An event with every attribute filled in, and data of every kind.
  package static func fullEvent(_ id: String = "a \"quoted\" ïd") -> CloudEvent {
    var event = CloudEvent(
      id: id, source: "https://example.com/ä?b=c", type: "upload.finished",
      data: .object([
        "text": .string("a \"quoted\" line\nand ünïcode \u{0} /"), "whole": .integer(.max),
        "part": .number(1.5), "extensions": .null,
        "list": .array([.null, .bool(true), .integer(-1), .object([:])]),
      ]))
    (event.subject, event.time) = ("", "2026-01-01T00:00:00.5+01:00")
    (event.dataContentType, event.dataSchema) = ("application/json", "https://example.com/schema")
    // It has the name that the record may have for something else.
    event.extensions = ["extensions": .string("x"), "sequence": .integer(7), "final": .bool(true)]
    return event
  }

  /// A schedule that waits for uploads, unless `members` say otherwise.
  package static func listener(
    _ name: String = "import", _ members: [String: JSONValue] = [:]
  ) throws(Mistakes) -> ScheduleDefinition {
    try definition(name, ["event": .string("upload.*")].merging(members) { $1 })
  }
}
