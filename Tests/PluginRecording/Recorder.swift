package import CMillrace
import FoundationEssentials

/// A Millrace that only listens: a context whose functions pass on what a handler says.
package final class Recorder: Sendable {
  private let refusesResults: Bool
  private let isCancelled: @Sendable () -> Bool
  private let hear: @Sendable (PluginEvent) -> Void

  /// Makes a recorder.
  ///
  /// - Parameters:
  ///   - refusesResults: whether each result is refused, as if it were too long.
  ///   - isCancelled: what `cancelled` answers.
  ///   - hear: takes each event, on the thread of the handler.
  package init(
    refusesResults: Bool = false, isCancelled: @escaping @Sendable () -> Bool,
    hear: @escaping @Sendable (PluginEvent) -> Void
  ) {
    self.refusesResults = refusesResults
    self.isCancelled = isCancelled
    self.hear = hear
  }

  /// Calls a handler's `run` with this recorder behind the context; the last event is what it returned.
  package func run(
    _ run: (UnsafePointer<millrace_job>?, UnsafePointer<millrace_context>?) -> Int32, job: millrace_job
  ) {
    var context = millrace_context()
    context.size = MemoryLayout<millrace_context>.size
    context.host = Unmanaged.passUnretained(self).toOpaque()
    context.log = { context, level, message, fields, count in
      let fields = UnsafeBufferPointer(start: fields, count: count).map { field in
        [String(cString: field.name), String(cString: field.value)]
      }
      Recorder.behind(context).hear(.log(level: level, message: text(message) ?? "", fields: fields))
      return 0
    }
    context.progress = { context, fraction, message in
      Recorder.behind(context).hear(.progress(fraction: fraction, message: text(message)))
      return 0
    }
    context.set_result = { context, bytes, length, mediaType in
      guard !Recorder.behind(context).refusesResults else { return 1 }
      let bytes = Data(UnsafeRawBufferPointer(start: bytes, count: length))
      Recorder.behind(context).hear(.result(bytes: bytes, mediaType: text(mediaType)))
      return 0
    }
    context.cancelled = { context in Recorder.behind(context).isCancelled() ? 1 : 0 }
    context.fail = { context, code, message, retryable in
      Recorder.behind(context).hear(
        .failure(code: text(code) ?? "", message: text(message) ?? "", isRetryable: retryable != 0))
      return 1
    }
    context.snooze = { context, delay, why in
      Recorder.behind(context).hear(.snooze(milliseconds: delay, reason: text(why)))
      return 2
    }
    context.checkpoint = { context, bytes, length in
      Recorder.behind(context).hear(
        .checkpoint(bytes: Data(UnsafeRawBufferPointer(start: bytes, count: length))))
      return 0
    }
    var job = job
    job.size = MemoryLayout<millrace_job>.size
    let code = withExtendedLifetime(self) { withUnsafePointer(to: job) { run($0, &context) } }
    hear(.returned(code))
  }

  private static func behind(_ context: UnsafePointer<millrace_context>?) -> Recorder {
    guard let host = context?.pointee.host else { preconditionFailure("a handler lost its context") }
    return Unmanaged<Recorder>.fromOpaque(host).takeUnretainedValue()
  }
}

/// Returns the text at `pointer`; nil if there is none.
private func text(_ pointer: UnsafePointer<CChar>?) -> String? { pointer.map { String(cString: $0) } }
