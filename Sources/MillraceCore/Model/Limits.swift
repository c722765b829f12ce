/// What an attempt may use at most; every attempt has all of them.
package struct Limits: Hashable, Sendable, Codable {
  /// Memory of all processes of the attempt together (`memory.max`); swap is always 0.
  package var memory: Bytes
  /// Thousandths of a processor (`cpu.max`): 500 is half of one.
  package var cpuMillis: Int64
  /// Processes and threads (`pids.max`).
  package var pids: Int64
  /// Rates per block device (`io.max`); empty for none.
  package var io: [IOLimit]

  package init(memory: Bytes, cpuMillis: Int64, pids: Int64, io: [IOLimit] = []) {
    self.memory = memory
    self.cpuMillis = cpuMillis
    self.pids = pids
    self.io = io
  }
}

/// A bound on the traffic with one block device; nil stands for no bound.
package struct IOLimit: Hashable, Sendable, Codable {
  /// The device as the kernel numbers it: `8:0`.
  package var device: String
  /// Bytes read per second.
  package var readBytesPerSecond: Int64?
  /// Bytes written per second.
  package var writeBytesPerSecond: Int64?

  package init(device: String, readBytesPerSecond: Int64? = nil, writeBytesPerSecond: Int64? = nil) {
    self.device = device
    self.readBytesPerSecond = readBytesPerSecond
    self.writeBytesPerSecond = writeBytesPerSecond
  }
}

/// The limits and times that somebody asked for; nil stands for "not said".
///
/// A job's wishes come before its handler's, and those before the runner's defaults.
package struct Wishes: Hashable, Sendable, Codable {
  /// Memory of an attempt.
  package var memory: Bytes?
  /// Thousandths of a processor.
  package var cpuMillis: Int64?
  /// Processes and threads.
  package var pids: Int64?
  /// Rates per block device.
  package var io: [IOLimit]?
  /// How long an attempt may run.
  package var timeout: Duration?
  /// How long a stopped attempt may take to end by itself before it is killed.
  package var grace: Duration?
  /// How many attempts the job has.
  package var maxAttempts: Int?
  /// The wait before the second attempt.
  package var retryDelay: Duration?
  /// What else holds for the attempts after the first one.
  package var retry: RetryWishes?
  /// How long after its submission the job may wait for its first start; then it fails.
  package var startWithin: Duration?
  /// How long after its submission the job may take in all; then it fails, whatever it does.
  package var finishWithin: Duration?
  /// Where its attempts may run.
  package var place: Placement?

  /// Makes wishes; what is left out is not said.
  package init(
    memory: Bytes? = nil, cpuMillis: Int64? = nil, pids: Int64? = nil, io: [IOLimit]? = nil,
    timeout: Duration? = nil, grace: Duration? = nil, maxAttempts: Int? = nil, retryDelay: Duration? = nil,
    retry: RetryWishes? = nil, startWithin: Duration? = nil, finishWithin: Duration? = nil,
    place: Placement? = nil
  ) {
    self.place = place
    self.memory = memory
    self.cpuMillis = cpuMillis
    self.pids = pids
    self.io = io
    self.timeout = timeout
    self.grace = grace
    self.maxAttempts = maxAttempts
    self.retryDelay = retryDelay
    self.retry = retry
    self.startWithin = startWithin
    self.finishWithin = finishWithin
  }

  /// Returns these wishes, with `other`'s where nothing is said here.
  package func filled(from other: Wishes) -> Wishes {
    Wishes(
      memory: memory ?? other.memory, cpuMillis: cpuMillis ?? other.cpuMillis, pids: pids ?? other.pids,
      io: io ?? other.io, timeout: timeout ?? other.timeout, grace: grace ?? other.grace,
      maxAttempts: maxAttempts ?? other.maxAttempts, retryDelay: retryDelay ?? other.retryDelay,
      retry: retry?.filled(from: other.retry) ?? other.retry,
      startWithin: startWithin ?? other.startWithin, finishWithin: finishWithin ?? other.finishWithin,
      place: place ?? other.place)
  }
}

/// What holds for a job once all wishes are settled.
package struct Terms: Hashable, Sendable, Codable {
  /// What each attempt may use.
  package var limits: Limits
  /// How long an attempt may run.
  package var timeout: Duration
  /// How long a stopped attempt may take to end by itself before it is killed.
  package var grace: Duration
  /// How many attempts the job has, at least 1.
  package var maxAttempts: Int
  /// The wait before the second attempt.
  package var retryDelay: Duration
  /// What else holds for the attempts after the first one.
  package var retry: RetryRule
  /// How long after its submission the job may wait for its first start; nil for no bound.
  package var startWithin: Duration?
  /// How long after its submission the job may take in all; nil for no bound.
  package var finishWithin: Duration?
  /// Where its attempts may run; nil for this machine.
  package var place: Placement?

  /// Makes the terms of a job.
  package init(
    limits: Limits, timeout: Duration, grace: Duration, maxAttempts: Int, retryDelay: Duration,
    retry: RetryRule = RetryRule(), startWithin: Duration? = nil, finishWithin: Duration? = nil,
    place: Placement? = nil
  ) {
    self.place = place
    self.limits = limits
    self.timeout = timeout
    self.grace = grace
    self.maxAttempts = maxAttempts
    self.retryDelay = retryDelay
    self.retry = retry
    self.startWithin = startWithin
    self.finishWithin = finishWithin
  }

  /// How long an attempt can take at most: its time limit, then the grace.
  package var longest: Duration { timeout + grace }

  /// Returns these terms with everything that `wishes` say put in their place.
  package func amended(by wishes: Wishes) -> Terms {
    Terms(
      limits: Limits(
        memory: wishes.memory ?? limits.memory, cpuMillis: wishes.cpuMillis ?? limits.cpuMillis,
        pids: wishes.pids ?? limits.pids, io: wishes.io ?? limits.io),
      timeout: wishes.timeout ?? timeout, grace: wishes.grace ?? grace,
      maxAttempts: wishes.maxAttempts ?? maxAttempts, retryDelay: wishes.retryDelay ?? retryDelay,
      retry: retry.amended(by: wishes.retry), startWithin: wishes.startWithin ?? startWithin,
      finishWithin: wishes.finishWithin ?? finishWithin, place: wishes.place ?? place)
  }
}
