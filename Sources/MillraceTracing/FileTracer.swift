import MillraceCore
import Synchronization
import Tracing

/// A tracer that keeps ended spans until they are taken as a line of OTLP in JSON.
/// Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
final class FileTracer: Tracer {
  private let ended = Mutex<[OTLPSpan]>([])

  func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
    at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
  ) -> OpenSpan {
    let context = context()
    let planned = PlannedSpan(in: context) ?? PlannedSpan(.random(), below: nil)
    let span = OTLPSpan(
      traceId: planned.span.trace, spanId: planned.span.span, parentSpanId: planned.parent,
      name: operationName, kind: OTLPSpan.number(of: kind),
      startTimeUnixNano: "\(instant().nanosecondsSinceEpoch)")
    return OpenSpan(span, context: context) { [self] span in ended.withLock { $0.append(span) } }
  }

  /// Returns the spans that have ended since this was called before.
  func takeEnded() -> [OTLPSpan] {
    ended.withLock { spans in
      defer { spans = [] }
      return spans
    }
  }

  func forceFlush() {}

  func inject<Carrier, Inject: Injector>(
    _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    guard let planned = PlannedSpan(in: context) else { return }
    injector.inject(planned.span.description, forKey: "traceparent", into: &carrier)
  }

  func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    guard let text = extractor.extract(key: "traceparent", from: carrier),
      let span = TraceContext(text: text)
    else { return }
    context = PlannedSpan(span, below: nil).context
  }
}

/// A span that has not ended.
final class OpenSpan: Span {
  private struct State {
    var span: OTLPSpan
    var attributes: SpanAttributes = [:]
    var isRecording = true
  }

  let context: ServiceContext
  private let state: Mutex<State>
  private let onEnd: @Sendable (OTLPSpan) -> Void

  init(_ span: OTLPSpan, context: ServiceContext, onEnd: @escaping @Sendable (OTLPSpan) -> Void) {
    self.context = context
    self.onEnd = onEnd
    state = Mutex(State(span: span))
  }

  var isRecording: Bool { state.withLock { $0.isRecording } }

  var operationName: String {
    get { state.withLock { $0.span.name } }
    set { state.withLock { $0.span.name = newValue } }
  }

  var attributes: SpanAttributes {
    get { state.withLock { $0.attributes } }
    set { state.withLock { $0.attributes = newValue } }
  }

  func setStatus(_ status: SpanStatus) {
    state.withLock { $0.span.status = .init(code: status.code == .ok ? 1 : 2, message: status.message) }
  }

  func addEvent(_ event: SpanEvent) {
    let time = event.nanosecondsSinceEpoch
    state.withLock {
      $0.span.events =
        ($0.span.events ?? []) + [
          .init(timeUnixNano: "\(time)", name: event.name, attributes: .init(event.attributes))
        ]
    }
  }

  func recordError<Instant: TracerInstant>(
    _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
  ) {
    var attributes = attributes
    attributes["exception.message"] = "\(error)"
    addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
  }

  func addLink(_ link: SpanLink) {
    guard let planned = PlannedSpan(in: link.context) else { return }
    state.withLock {
      $0.span.links = ($0.span.links ?? []) + [.init(traceId: planned.span.trace, spanId: planned.span.span)]
    }
  }

  func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
    let time = instant().nanosecondsSinceEpoch
    let span = state.withLock { state -> OTLPSpan? in
      guard state.isRecording else { return nil }
      state.isRecording = false
      state.span.endTimeUnixNano = "\(time)"
      state.span.attributes = .init(state.attributes)
      return state.span
    }
    if let span { onEnd(span) }
  }
}
