package import MillraceCore

/// A job of which it is known what it will take: one of a trace or of the history, or one made up.
package struct KnownJob: Sendable {
  /// Its number where it comes from.
  package var number: Int64
  /// What is asked for, with the limits that hold.
  package var submission: Submission
  package var submitted: Timestamp
  /// How long it runs if nothing stops it.
  package var run: Duration
  /// The most memory that it will hold; nil if memory is no matter.
  package var peak: Bytes?
  /// Thousandths of a processor that it will use; nil if that is not known: then it has what it declares.
  package var cpuMillis: Int64?

  package init(
    number: Int64, submission: Submission, submitted: Timestamp, run: Duration, peak: Bytes? = nil,
    cpuMillis: Int64? = nil
  ) {
    self.number = number
    self.submission = submission
    self.submitted = submitted
    self.run = run
    self.peak = peak
    self.cpuMillis = cpuMillis
  }
}
