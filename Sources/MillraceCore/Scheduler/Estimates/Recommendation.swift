/// Limits that fit what a handler's jobs have shown (`millrace recommend`).
package struct Recommendation: Sendable, Equatable {
  package var handler: String
  /// What holds now, and what would fit; nil where there is no evidence or the present one is right.
  package var memory: Change<Bytes>?
  package var cpuMillis: Change<Int64>?
  package var timeout: Change<Duration>?
  /// How many attempts it rests on; with fewer than `least` nothing is recommended.
  package var attempts: Int
  package var least: Int

  /// A limit as it is and as it should be.
  package struct Change<Value: Sendable & Equatable>: Sendable, Equatable {
    package var present: Value
    package var recommended: Value
    /// "p95 peak 61 MiB, most 64 MiB over 184 runs".
    package var evidence: String

    package init(present: Value, recommended: Value, evidence: String) {
      self.present = present
      self.recommended = recommended
      self.evidence = evidence
    }
  }

  /// Whether there is nothing to change.
  package var isEmpty: Bool { memory == nil && cpuMillis == nil && timeout == nil }

  /// The wishes that put it into force.
  package var wishes: Wishes {
    Wishes(memory: memory?.recommended, cpuMillis: cpuMillis?.recommended, timeout: timeout?.recommended)
  }

  /// Makes a recommendation from what was learned.
  ///
  /// Memory: a quarter above the largest peak, in whole 16 MiB. Processors: a quarter above the largest rate,
  /// in whole tenths. Time: four times the 95th percentile and at least twice the longest run, in whole
  /// minutes above one and whole seconds below. A present limit that is within a quarter of that is left
  /// alone. With fewer attempts than `least` nothing is recommended.
  /// No limit is recommended that is above what `machine` has, if that is told: its jobs would be refused.
  package init(from statistics: Statistics, present: Terms, least: Int, machine: Limits? = nil) {
    handler = statistics.handler
    attempts = statistics.attempts
    self.least = least
    let runs = "\(statistics.attempts) runs"
    if let peaks = statistics.memory, peaks.count >= least {
      let step = Bytes.mebibytes(16).rawValue
      let ample = Bytes(peaks.max.scaled(by: 5, over: 4).roundedUp(to: step))
      let fitting = min(ample, machine?.memory ?? ample)
      memory = Self.change(
        present.limits.memory, fitting, by: \.rawValue,
        "p95 peak \(Bytes(peaks.percentile95)), most \(Bytes(peaks.max)) over \(runs)")
    }
    if let rates = statistics.cpuMillis, rates.count >= least {
      let ample = rates.max.scaled(by: 5, over: 4).roundedUp(to: 100)
      let fitting = min(ample, machine?.cpuMillis ?? ample)
      cpuMillis = Self.change(
        present.limits.cpuMillis, fitting, by: \.self,
        "p95 \(rates.percentile95) m, most \(rates.max) m over \(runs)")
    }
    if let lengths = statistics.duration, lengths.count >= least {
      let long = max(lengths.percentile95.scaled(by: 4), lengths.max.scaled(by: 2), 1_000_000)
      let fitting = Duration.microseconds(long.roundedUp(to: long > 60_000_000 ? 60_000_000 : 1_000_000))
      timeout = Self.change(
        present.timeout, fitting, by: \.microseconds,
        "p95 \(Duration.microseconds(lengths.percentile95).text), "
          + "longest \(Duration.microseconds(lengths.max).text) over \(runs)")
    }
  }

  private static func change<Value>(
    _ present: Value, _ fitting: Value, by size: (Value) -> Int64, _ evidence: String
  ) -> Change<Value>? {
    let (old, new) = (size(present), size(fitting))
    // Close enough, either way.
    guard abs(old - new) > max(old, new) / 4 else { return nil }
    return Change(present: present, recommended: fitting, evidence: evidence)
  }
}
