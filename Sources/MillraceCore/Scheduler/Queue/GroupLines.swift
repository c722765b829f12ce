/// The waiting jobs of groups that start in the order of submission, whatever each of them waits for: one
/// that is held or waits for its next attempt keeps those behind it waiting.
struct GroupLines: Sendable {
  private var lines: [String: JobQueue] = [:]

  /// Lets a job wait in its groups.
  mutating func join(_ job: JobID, _ groups: [String]) {
    for group in groups { lines[group, default: JobQueue()].insert(job, rank: job.rawValue) }
  }

  /// Takes a job out that does not wait any more.
  mutating func leave(_ job: JobID, _ groups: [String]) {
    for group in groups {
      lines[group]?.remove(job, rank: job.rawValue)
      if lines[group]?.isEmpty ?? false { lines[group] = nil }
    }
  }

  /// Whether a job comes first in all of some groups.
  func isNext(_ job: JobID, in groups: [String]) -> Bool { groups.allSatisfy { first(of: $0) == job } }

  /// The job that comes first in a group; nil if none waits.
  func first(of group: String) -> JobID? { lines[group]?.first?.member }
}
