package import MillraceCore

/// One job, as `squeue` tells of it.
package struct SlurmJob: Hashable, Sendable {
  package var id: String
  package var name: String
  package var state: State
  /// The node that it is or was on; nil while it has none.
  package var node: String?
  /// Why it waits or has ended, in Slurm's word; nil for none.
  package var reason: String?

  package init(id: String, name: String, state: State, node: String? = nil, reason: String? = nil) {
    self.id = id
    self.name = name
    self.state = state
    self.node = node
    self.reason = reason
  }

  /// A job's state, by what follows from it (squeue(1), JOB STATE CODES).
  package enum State: Hashable, Sendable {
    /// It waits in the queue.
    case waiting
    /// Its processes may run.
    case running
    /// They are being ended, for a reason that Slurm tells once it is over.
    case ending
    /// It is over: this is Slurm's word for how.
    case over(Ending)
    /// A word that is not known here: nothing is concluded from it.
    case unknown(String)

    /// Understands Slurm's word, as `squeue --format=%T` has it: some versions add what was before it,
    /// `CANCELLED by 1000`, or marks, `COMPLETED+`.
    package init(word: some StringProtocol) {
      let base = String(word.uppercased().prefix { $0.isLetter || $0 == "_" })
      switch base {
      case "PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT":
        self = .waiting
      case "RUNNING", "CONFIGURING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT",
        "RESIZING", "POWER_UP_NODE", "EXPEDITING":
        self = .running
      case "COMPLETING": self = .ending
      default:
        self = Ending(rawValue: base).map(State.over) ?? .unknown(String(word.prefix(64)))
      }
    }
  }

  /// How a job is over, in Slurm's word.
  package enum Ending: String, Hashable, Sendable, CaseIterable {
    case completed = "COMPLETED"
    case failed = "FAILED"
    case cancelled = "CANCELLED"
    case timeout = "TIMEOUT"
    case outOfMemory = "OUT_OF_MEMORY"
    case nodeFail = "NODE_FAIL"
    case preempted = "PREEMPTED"
    case bootFail = "BOOT_FAIL"
    case deadline = "DEADLINE"
    case launchFailed = "LAUNCH_FAILED"
    case reconfigurationFailed = "RECONFIG_FAIL"
    case revoked = "REVOKED"

    /// What it did to an attempt that ran then; nil if the attempt's own end tells.
    package var interruption: Interruption? {
      switch self {
      case .completed, .failed: nil
      case .cancelled: .cancelled
      case .timeout: .timeLimit
      case .outOfMemory: .outOfMemory
      case .nodeFail: .nodeLost
      case .preempted, .revoked: .preempted
      case .bootFail: .nodeFault("Slurm could not boot it (BOOT_FAIL)")
      case .deadline: .deadline
      case .launchFailed: .nodeFault("Slurm could not launch the job there (LAUNCH_FAILED)")
      case .reconfigurationFailed: .nodeFault("Slurm could not prepare it (RECONFIG_FAIL)")
      }
    }
  }

  /// What `squeue` is asked for. Another user's name or reason may hold anything, so they come last.
  static let format = "%i|%T|%N|%r|%j"

  /// Reads what `squeue --noheader --format` printed with `format`. Lines that are no job are passed over.
  static func list(_ text: String) -> [SlurmJob] {
    text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: "|", maxSplits: 4, omittingEmptySubsequences: false)
      guard fields.count == 5, let id = jobNumber(fields[0]) else { return nil }
      let node = fields[2].isEmpty || fields[2] == "n/a" ? nil : ClusterName(fields[2])?.text
      let reason = fields[3].isEmpty || fields[3] == "None" ? nil : String(fields[3].prefix(200))
      return SlurmJob(
        id: id, name: String(fields[4]), state: State(word: fields[1]), node: node, reason: reason)
    }
  }

  /// A job's number; nil if the text is none.
  static func jobNumber(_ text: some StringProtocol) -> String? {
    let digits = String(text.filter { $0 != " " })
    guard (1...20).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return digits
  }

  /// Reads what `sbatch --parsable` printed, `42` or `42;cluster`: the number.
  static func submitted(_ text: String) -> String? {
    // Plugins of a site may print more, before it.
    text.split(separator: "\n").last.flatMap { jobNumber($0.prefix { $0 != ";" }) }
  }

  /// Reads the exit code in what `scontrol show job --oneliner` printed, `ExitCode=125:0`; nil if there is
  /// none, or a signal ended the job.
  static func exitCode(_ text: String) -> Int32? {
    let record = SlurmRecord(text)
    guard let parts = record["ExitCode"]?.split(separator: ":"), parts.count == 2, parts[1] == "0" else {
      return nil
    }
    return Int32(parts[0])
  }
}

/// The name of a node: what goes into commands and onto the record.
package struct ClusterName: Hashable, Sendable {
  package let text: String

  /// Takes a name; nil if it can't be one.
  package init?(_ text: some StringProtocol) {
    guard (1...64).contains(text.utf8.count),
      text.utf8.allSatisfy({ byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
      }), text.first != "-", text.first != "."
    else { return nil }
    self.text = String(text)
  }
}
