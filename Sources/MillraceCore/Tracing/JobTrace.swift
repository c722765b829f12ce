/// The spans of a job: itself, and what its attempts go through.
package struct JobTrace: Hashable, Sendable {
  /// The span of the submitter; nil if it told none: the job begins a trace of its own then.
  package let parent: TraceContext?
  package let job: TraceContext

  /// Finds the spans of a job by what is on record of it.
  package init(_ id: JobID, submitted: Timestamp, traceParent: String?) {
    parent = traceParent.flatMap(TraceContext.init(text:))
    if let parent {
      job = parent.child("job \(id)")
    } else {
      let digest = SHA256.hex(of: "job \(id) \(submitted.rawValue)".utf8)
      job = TraceContext(
        trace: String(digest.prefix(32)), span: String(digest.dropFirst(32).prefix(16)), isSampled: true)
    }
  }

  /// What an attempt goes through: it waits, is started, and runs. The handler is told the last.
  package enum Stage: String, Sendable, CaseIterable { case queue, start, run }

  package func span(of stage: Stage, attempt number: Int) -> TraceContext {
    job.child("\(stage.rawValue) \(number)")
  }
}
