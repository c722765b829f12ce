import MillraceLinux

/// The machine's own limit: the program made of `limit/limit.c`, in a cgroup that it makes and removes.
struct RawLimit {
  /// The program's path.
  let program: String
  /// The absolute path of its cgroup, which must not be there.
  let group: String

  /// What a run is.
  enum Start: String {
    /// A clone that ends at once.
    case fork
    /// A clone that becomes a program.
    case exec
  }

  /// Returns the times of runs one after the other, in nanoseconds.
  func times(_ start: Start, count: Int, milliseconds: Int = 0) throws -> [Int64] {
    try numbers([start.rawValue, "\(count)", group, "1", "\(milliseconds)"], expecting: count)
  }

  /// Returns the time of all runs together, so many at once, in nanoseconds.
  func span(_ start: Start, count: Int, atOnce: Int, milliseconds: Int = 0) throws -> Int64 {
    precondition(atOnce > 1, "one by one has times of its own")
    return try numbers(
      [start.rawValue, "\(count)", group, "\(atOnce)", "\(milliseconds)"], expecting: 1)[0]
  }

  private func numbers(_ arguments: [String], expecting count: Int) throws -> [Int64] {
    let text = try ChildProgram(words: [program] + arguments).output()
    let numbers = text.split(separator: "\n").compactMap { Int64($0) }
    guard numbers.count == count else {
      throw BenchmarkError("the limit printed \(numbers.count) times, not \(count)")
    }
    return numbers
  }
}
