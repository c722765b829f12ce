/// A fact that somebody announces, as CloudEvents 1.0 has it.
///
/// The specification is https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md.
package struct CloudEvent: Sendable, Hashable {
  /// Unique among the events of its source: a second one with both the same is the same event.
  package var id: String
  /// Who announces it: a URI reference.
  package var source: String
  /// What it is called: `upload.finished`.
  package var type: String
  /// What of its source it is about.
  package var subject: String?
  /// When it happened, as RFC 3339: as its source says.
  package var time: String?
  /// The media type of its data; nil is JSON.
  package var dataContentType: String?
  package var dataSchema: String?
  /// Its data: any value for JSON, a string for other texts. Nil without data, or if it is binary.
  package var data: JSONValue?
  /// Its data in base64, if it is neither JSON nor text.
  package var dataBase64: String?
  /// Other attributes: texts, whole numbers and truth values.
  package var extensions: [String: JSONValue] = [:]

  package init(id: String, source: String, type: String, data: JSONValue? = nil) {
    self.id = id
    self.source = source
    self.type = type
    self.data = data
  }

  /// The most bytes that an event may have when it is written as JSON.
  package static let largest = Bytes.kibibytes(256)
  /// The most bytes that its type, and each of its other attributes, may have.
  package static let longestType = 256
  package static let longestAttribute = 2048
  /// The most attributes beside those of the specification.
  package static let mostExtensions = 64

  /// All of it as one object, with the names of the specification.
  package var json: JSONValue {
    var members = extensions
    members["specversion"] = .string("1.0")
    members["id"] = .string(id)
    members["source"] = .string(source)
    members["type"] = .string(type)
    members["subject"] = subject.map { .string($0) }
    members["time"] = time.map { .string($0) }
    members["datacontenttype"] = dataContentType.map { .string($0) }
    members["dataschema"] = dataSchema.map { .string($0) }
    members["data"] = data
    members["data_base64"] = dataBase64.map { .string($0) }
    return .object(members)
  }
}

extension CloudEvent {
  /// What the runner announces by itself.
  package enum BuiltIn: String, Sendable, CaseIterable {
    /// A job has ended so.
    case jobSucceeded = "job.succeeded"
    case jobFailed = "job.failed"
    case jobCancelled = "job.cancelled"
    /// A build of a handler is in use for the first time.
    case handlerLoaded = "handler.loaded"
    /// Memory is so short that jobs are stopped.
    case pressureCritical = "pressure.critical"
    /// A file was closed, or moved, into a directory that a schedule watches.
    case fileClosed = "file.closed"
    /// Somebody called the webhook of a schedule.
    case webhookReceived = "webhook.received"
  }

  /// The source of what the runner announces; no other source begins so.
  package static let runner = "/millrace"

  /// The source of what comes by a watch or a webhook of a schedule: only that schedule is told.
  package static func source(ofSchedule name: String) -> String { "\(runner)/schedules/\(name)" }

  /// The schedule whose watch or webhook it comes from; nil if everybody is told.
  package var schedule: String? {
    let prefix = Self.source(ofSchedule: "")
    return source.hasPrefix(prefix) ? String(source.dropFirst(prefix.count)) : nil
  }

  /// Whether only the runner can announce it.
  package var isReserved: Bool { source == Self.runner || source.hasPrefix(Self.runner + "/") }
}

/// The number of an event on record, in the order in which they came.
package struct EventNumber: RawRepresentable, Hashable, Comparable, Sendable, Codable,
  CustomStringConvertible
{
  package let rawValue: Int64

  package init(rawValue: Int64) { self.rawValue = rawValue }

  package init(_ rawValue: Int64) { self.rawValue = rawValue }

  package static func < (left: EventNumber, right: EventNumber) -> Bool { left.rawValue < right.rawValue }

  package var description: String { "\(rawValue)" }
}

/// An event on record.
package struct EventRecord: Sendable, Hashable {
  package var number: EventNumber
  package var event: CloudEvent
  /// When it was taken in, by the wall clock.
  package var received: Timestamp
  /// How many jobs of schedules lie between it and an event from outside, one behind the other.
  package var hops: Int

  package init(number: EventNumber, event: CloudEvent, received: Timestamp, hops: Int = 0) {
    self.number = number
    self.event = event
    self.received = received
    self.hops = hops
  }

  /// An event with more hops makes no job: it goes round in a circle.
  package static let mostHops = 8
}
