/// The number of a job: 1, 2, 3, … in the order of acceptance.
package struct JobID: RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
  /// The number.
  package let rawValue: Int64

  package init(rawValue: Int64) { self.rawValue = rawValue }

  /// Makes the identity of the job with this number.
  package init(_ number: Int64) { rawValue = number }

  /// Reads `42`; nil if the text is no job number.
  package init?(text: String) {
    guard let number = Int64(text), number > 0, text.first != "+" else { return nil }
    rawValue = number
  }

  package var description: String { "\(rawValue)" }
  package static func < (left: JobID, right: JobID) -> Bool { left.rawValue < right.rawValue }
}

/// One run of a job: `42.1` is the first attempt at job 42.
package struct AttemptID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
  /// The job that this is an attempt at.
  package let job: JobID
  /// 1 for the first attempt; each number is started at most once.
  package let number: Int

  package init(job: JobID, number: Int) {
    self.job = job
    self.number = number
  }

  /// Reads `42.1`; nil if the text is no attempt.
  package init?(text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let job = JobID(text: String(parts[0])), let number = Int(parts[1]), number > 0,
      parts[1].first != "+"
    else { return nil }
    self.init(job: job, number: number)
  }

  package var description: String { "\(job).\(number)" }

  package static func < (left: AttemptID, right: AttemptID) -> Bool {
    (left.job, left.number) < (right.job, right.number)
  }
}
