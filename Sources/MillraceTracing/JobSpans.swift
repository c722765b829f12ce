import MillraceCore
import Tracing

/// Tells a tracer of jobs and attempts that have ended.
struct JobSpans<Spans: Tracer> {
  let tracer: Spans

  /// Tells of a job from its submission to its end.
  func tell(_ job: Job) {
    guard let ended = job.ended else { return }
    let trace = JobTrace(job)
    guard trace.job.isSampled else { return }
    let span = start("job", trace.job, below: trace.parent, at: job.submitted, as: .consumer)
    span.attributes["millrace.job.id"] = job.id.rawValue
    span.attributes["millrace.handler"] = job.submission.handler
    span.attributes["millrace.job.state"] = job.state.rawValue
    span.attributes["millrace.job.attempts"] = job.attempts
    if let owner = job.submission.owner { span.attributes["millrace.job.owner"] = owner }
    if let workflow = job.workflow { span.attributes["millrace.workflow.id"] = workflow }
    if job.state != .succeeded { span.setStatus(SpanStatus(code: .error, message: job.reason?.message)) }
    span.end(at: Moment(ended))
  }

  /// Tells of what an attempt went through.
  func tell(_ attempt: Attempt, of job: Job) {
    guard let end = attempt.end else { return }
    let trace = JobTrace(job)
    guard trace.job.isSampled else { return }
    func open(_ stage: JobTrace.Stage, at begin: Timestamp) -> Spans.Span {
      let span = start(
        stage.rawValue, trace.span(of: stage, attempt: attempt.id.number), below: trace.job, at: begin,
        as: .internal)
      span.attributes["millrace.job.id"] = job.id.rawValue
      span.attributes["millrace.attempt"] = attempt.id.number
      span.attributes["millrace.handler"] = attempt.handler
      return span
    }
    open(.queue, at: attempt.queued).end(at: Moment(attempt.starting))
    var last = open(.start, at: attempt.starting)
    if let started = attempt.started {
      last.end(at: Moment(started))
      last = open(.run, at: started)
    }
    Self.note(end, on: last)
    last.end(at: Moment(end.ended))
  }

  private func start(
    _ name: String, _ span: TraceContext, below parent: TraceContext?, at time: Timestamp, as kind: SpanKind
  ) -> Spans.Span {
    tracer.startSpan(
      name, context: PlannedSpan(span, below: parent).context, ofKind: kind, at: Moment(time))
  }

  private static func note(_ end: AttemptEnd, on span: Spans.Span) {
    span.attributes["millrace.outcome"] = end.outcome.rawValue
    if let peak = end.usage.memoryPeak { span.attributes["millrace.memory.peak_bytes"] = peak.rawValue }
    if let user = end.usage.cpuUser { span.attributes["millrace.cpu.user_seconds"] = user.seconds }
    if let system = end.usage.cpuSystem { span.attributes["millrace.cpu.system_seconds"] = system.seconds }
    switch end.exit {
    case .exited(let code): span.attributes["process.exit.code"] = Int64(code)
    case .signalled(let signal): span.attributes["millrace.signal"] = Int64(signal)
    case nil: break
    }
    guard end.outcome != .succeeded else { return }
    span.setStatus(SpanStatus(code: .error, message: end.outcome.rawValue))
  }
}

/// A time of the record for a tracer.
struct Moment: TracerInstant {
  let nanosecondsSinceEpoch: UInt64

  init(_ time: Timestamp) { nanosecondsSinceEpoch = UInt64(max(0, time.rawValue)) * 1000 }

  static func < (left: Moment, right: Moment) -> Bool {
    left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch
  }
}

extension JobTrace {
  init(_ job: Job) {
    self.init(job.id, submitted: job.submitted, traceParent: job.submission.traceParent)
  }
}
