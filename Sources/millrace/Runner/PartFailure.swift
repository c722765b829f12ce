import MillraceWire

/// A failure in the middle of a file that is sent in parts: which lines it is about, what it leaves behind.
struct PartFailure {
  let file: String
  /// The lines of the part that was to be sent, from 1.
  let lines: [Int]
  /// What of the file is done.
  let standing: String

  /// Returns an error with all of that, as far as it is for people.
  func told(_ error: any Error) -> any Error {
    switch error {
    case var problem as Problem:
      problem.detail = place(of: problem) + problem.detail
      problem.hint = hint(problem.hint)
      return problem
    case var error as CommandError:
      error.hint = hint(error.hint)
      return error
    default: return error
    }
  }

  private func hint(_ other: String?) -> String {
    [standing, other].compactMap(\.self).joined(separator: "; ")
  }

  private func place(of problem: Problem) -> String {
    if let index = problem.index, lines.indices.contains(index) { return "`\(file)`, line \(lines[index]): " }
    guard let first = lines.first, let last = lines.last else { return "" }
    return "`\(file)`, lines \(first) to \(last): "
  }
}
