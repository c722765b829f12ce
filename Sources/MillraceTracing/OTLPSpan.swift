import Tracing

/// A span as OTLP has it in JSON. Numbers of 64 bits are texts there.
/// Source: https://github.com/open-telemetry/opentelemetry-proto, `trace.proto`
struct OTLPSpan: Encodable, Sendable {
  var traceId: String
  var spanId: String
  var parentSpanId: String?
  var name: String
  var kind: Int
  var startTimeUnixNano: String
  var endTimeUnixNano = "0"
  var attributes: [Attribute] = []
  var events: [Event]?
  var links: [Link]?
  var status: Status?

  struct Status: Encodable, Sendable {
    /// 1 for ok, 2 for an error.
    var code: Int
    var message: String?
  }

  struct Event: Encodable, Sendable {
    var timeUnixNano: String
    var name: String
    var attributes: [Attribute]
  }

  struct Link: Encodable, Sendable {
    var traceId: String
    var spanId: String
  }

  struct Attribute: Encodable, Sendable {
    var key: String
    var value: Value
  }

  struct Value: Encodable, Sendable {
    var stringValue: String?
    var intValue: String?
    var doubleValue: Double?
    var boolValue: Bool?
  }

  static func number(of kind: SpanKind) -> Int {
    switch kind {
    case .internal: 1
    case .server: 2
    case .client: 3
    case .producer: 4
    case .consumer: 5
    }
  }
}

extension [OTLPSpan.Attribute] {
  /// Makes the list of attributes, by their names.
  init(_ attributes: SpanAttributes) {
    var all: [OTLPSpan.Attribute] = []
    attributes.forEach { all.append(OTLPSpan.Attribute(key: $0, value: OTLPSpan.Value($1))) }
    self = all.sorted { $0.key < $1.key }
  }
}

extension OTLPSpan.Value {
  init(_ attribute: SpanAttribute) {
    switch attribute {
    case .int32(let number): intValue = "\(number)"
    case .int64(let number): intValue = "\(number)"
    case .double(let number): doubleValue = number
    case .bool(let flag): boolValue = flag
    case .string(let text): stringValue = text
    case .stringConvertible(let value): stringValue = "\(value)"
    // Lists: none of ours has one, and the library lets nobody list the cases.
    default: stringValue = "\(attribute)"
    }
  }
}

/// What a line of the file is: spans of one program.
struct OTLPLine: Encodable {
  struct ResourceSpans: Encodable {
    var resource: Resource
    var scopeSpans: [ScopeSpans]
  }

  struct Resource: Encodable { var attributes: [OTLPSpan.Attribute] }

  struct ScopeSpans: Encodable {
    var scope: Scope
    var spans: [OTLPSpan]
  }

  struct Scope: Encodable {
    var name: String
    var version: String
  }

  var resourceSpans: [ResourceSpans]

  init(_ spans: [OTLPSpan], host: String, version: String) {
    let attributes = [("host.name", host), ("service.name", "millrace"), ("service.version", version)]
    resourceSpans = [
      ResourceSpans(
        resource: Resource(
          attributes: attributes.map { .init(key: $0, value: OTLPSpan.Value(stringValue: $1)) }),
        scopeSpans: [ScopeSpans(scope: Scope(name: "millrace", version: version), spans: spans)])
    ]
  }
}
