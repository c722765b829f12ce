/// What the attempts at a job leave to the next one.
package struct Carryover: Hashable, Sendable, Codable {
  /// Its memory limit; nil for that of the job's terms.
  package var memory: Bytes?
  /// How long it may run; nil for the timeout of the job's terms.
  package var timeout: Duration?
  /// The most memory that one held when it ended for lack of memory; nil if none did. The next one counts
  /// with no less, or it would be started and taken away again and again.
  package var shown: Bytes?
  /// How many in a row were lost.
  package var losses = 0
  /// How many in a row their nodes could not run.
  package var faults = 0
  /// Those that crashed one after the other, oldest first.
  package var crashes: [Crash] = []
  /// How many in a row were taken back or killed to make room for others.
  package var evictions = 0

  package init() {}

  /// Reads what an older release may have written, which knew less.
  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    memory = try fields.decodeIfPresent(Bytes.self, forKey: .memory)
    timeout = try fields.decodeIfPresent(Duration.self, forKey: .timeout)
    shown = try fields.decodeIfPresent(Bytes.self, forKey: .shown)
    losses = try fields.decodeIfPresent(Int.self, forKey: .losses) ?? 0
    faults = try fields.decodeIfPresent(Int.self, forKey: .faults) ?? 0
    crashes = try fields.decodeIfPresent([Crash].self, forKey: .crashes) ?? []
    evictions = try fields.decodeIfPresent(Int.self, forKey: .evictions) ?? 0
  }

  /// An attempt that crashed.
  package struct Crash: Hashable, Sendable, Codable {
    package var attempt: Int
    package var signal: Int32

    package init(attempt: Int, signal: Int32) {
      self.attempt = attempt
      self.signal = signal
    }
  }
}
