internal import CMillrace

/// What goes from one attempt, or one job, to the next.
extension Context {
  /// What the last attempt that called ``checkpoint(_:)`` saved; nil if none did.
  public var savedCheckpoint: [UInt8]? {
    guard job.pointee.size > offset(of: \millrace_job.checkpoint_length),
      let bytes = job.pointee.checkpoint
    else { return nil }
    return [UInt8](UnsafeBufferPointer(start: bytes, count: job.pointee.checkpoint_length))
  }

  /// The results of the jobs that this one depends on.
  public var outputs: [Output] {
    guard job.pointee.size > offset(of: \millrace_job.output_count), let first = job.pointee.outputs else {
      return []
    }
    return (0..<job.pointee.output_count).map { index in
      let place = UnsafeRawPointer(first) + index * first.pointee.size
      return Output(place.assumingMemoryBound(to: millrace_output.self).pointee)
    }
  }

  /// Saves at most a MiB for the next attempt at this job, if there is one, which finds it in
  /// ``savedCheckpoint``. The last whole save counts, however this attempt ends; no bytes take it back.
  ///
  /// - Returns: whether it was saved; if not, the log tells why.
  @discardableResult
  public func checkpoint(_ bytes: some Sequence<UInt8>) -> Bool {
    guard host.pointee.size > offset(of: \millrace_context.checkpoint), let save = host.pointee.checkpoint
    else { return false }
    return Array(bytes).withUnsafeBytes { save(host, $0.baseAddress, $0.count) == MILLRACE_OK }
  }

  /// Ends this attempt with the wish to be run again after a time, up to a year; no attempt is used up.
  ///
  /// - Throws: a ``Snooze``, which the handler must let through.
  public func snooze(for delay: Duration, because reason: String? = nil) throws -> Never {
    throw Snooze(for: delay, because: reason)
  }

  /// Hands a wish over; returns what `run` returns to Millrace.
  func snooze(_ wish: Snooze) -> Int32 {
    if host.pointee.size > offset(of: \millrace_context.snooze), let snooze = host.pointee.snooze {
      let answer = snooze(host, wish.delay.milliseconds, wish.reason)
      if answer == MILLRACE_SNOOZED { return answer }
    }
    return fail(JobFailure("snooze_refused", "a snooze of \(wish.delay) is not taken"))
  }

  /// Where a field begins; an older Millrace's structs end before those that came later.
  func offset<Struct>(of field: PartialKeyPath<Struct>) -> Int {
    MemoryLayout<Struct>.offset(of: field) ?? .max
  }
}
