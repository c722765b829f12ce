import HTTPTypes
import HummingbirdCore
import MillraceCore

extension JobRequest {
  /// Notes who sends it, and in which trace if it names none itself. A header that is no trace context begins
  /// no trace and is no mistake (https://www.w3.org/TR/trace-context/, 3.2).
  mutating func note(senderOf request: Request, _ context: APIContext) {
    owner = context.owner
    guard traceParent == nil else { return }
    traceParent = request.headers[.traceParent].flatMap(TraceContext.init(text:))?.description
  }
}
