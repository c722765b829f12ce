/// Why Slurm did not do what it was asked for.
package enum SlurmError: Error, Hashable, Sendable, CustomStringConvertible {
  /// It does not answer: nothing is known of what it has done. Asking again later may help.
  case noAnswer(String)
  /// It answers and says no: asking again would not help.
  case refused(String)
  /// It does not know this job, or no more.
  case unknownJob(String)

  package var description: String {
    switch self {
    case .noAnswer(let words): "Slurm does not answer: \(words)"
    case .refused(let words): "Slurm refuses: \(words)"
    case .unknownJob(let words): "Slurm does not know the job: \(words)"
    }
  }

  /// Understands what a command of Slurm wrote before it failed.
  init(errors: String) {
    let lines = errors.split(separator: "\n").map(Self.plain).filter { !$0.isEmpty }
    let words = lines.isEmpty ? "it gives no reason" : lines.suffix(4).joined(separator: "; ")
    let bounded = String(words.prefix(500))
    let lowered = errors.lowercased()
    if Self.signsOfSilence.contains(where: lowered.contains) {
      self = .noAnswer(bounded)
    } else if lowered.contains("invalid job id specified") {
      self = .unknownJob(bounded)
    } else {
      self = .refused(bounded)
    }
  }

  /// A line without the program's name before it: `sbatch: error: `.
  private static func plain(_ line: Substring) -> String {
    var rest = line
    for prefix in ["sbatch: ", "squeue: ", "scontrol: ", "scancel: ", "fatal: ", "error: "]
    where rest.hasPrefix(prefix) {
      rest = rest.dropFirst(prefix.count)
    }
    return String(rest.unicodeScalars.map { $0.value < 0x20 ? " " : Character($0) })
  }

  /// What `slurm_strerror` and the library say when the controller, or who vouches for users, is not there
  /// (`src/common/slurm_errno.c`; the same from 22.05 to 25.05), in lower case.
  private static let signsOfSilence = [
    "unable to contact slurm controller", "socket timed out", "connection refused",
    "communication connection failure", "message send failure", "message receive failure",
    "zero bytes were transmitted", "protocol authentication error", "munge encode failed",
    "munge decode failed", "unable to establish controller", "slurm backup controller in standby mode",
    "could not establish a configuration source", "cannot stat file",
    "temporarily unable to accept job", "resource temporarily unavailable",
    "unable to create job record, try again", "slurmctld unavailable", "unexpected message received",
    "unable to establish configuration source",
  ]
}
