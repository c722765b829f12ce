import MillraceCore
import MillraceWire

/// Does the same with each of some jobs: one that says no does not keep the others from it.
struct EachJob {
  private let jobs: [JobID]

  init(_ jobs: [JobID]) { self.jobs = jobs }

  /// Changes each job and prints those that were changed.
  /// - Throws: the first no; the others are written to standard error.
  func run(_ format: OutputOptions, _ change: (JobID) throws -> JobView) throws {
    var changed: [JobView] = []
    var first: Problem?
    for job in jobs {
      do {
        changed.append(try change(job))
      } catch let problem as Problem {
        if first == nil { first = problem } else { StandardError.write(ErrorText.text(of: problem) ?? "") }
      }
    }
    if !changed.isEmpty { try format.print(changed, as: .jobs, page: JobPage(jobs: changed, next: nil)) }
    if let first { throw first }
  }
}
