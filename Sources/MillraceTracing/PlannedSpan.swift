import MillraceCore
import ServiceContextModule

/// Which span is to be made: the handler of a job was told its number before it was over.
struct PlannedSpan: Sendable {
  var span: TraceContext
  /// The number of the span around it; nil for the first of a trace.
  var parent: String?

  private enum Key: ServiceContextKey {
    typealias Value = PlannedSpan
    static let nameOverride: String? = "millrace-planned-span"
  }

  /// The context that tells a tracer of it.
  var context: ServiceContext {
    var context = ServiceContext.topLevel
    context[Key.self] = self
    return context
  }

  /// Reads it from the context that a tracer is given; nil if it is not there.
  init?(in context: ServiceContext) {
    guard let planned = context[Key.self] else { return nil }
    self = planned
  }

  init(_ span: TraceContext, below parent: TraceContext?) {
    self.span = span
    self.parent = parent?.span
  }
}
