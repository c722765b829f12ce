import Glibc
package import MillraceCore
import MillraceLinux

/// Slurm, by its commands. Each call takes a while: it belongs on a thread that may wait.
///
/// `docs/decisions/0014` says why not by its library.
package struct SlurmCommands: Sendable {
  /// Where the commands lie.
  private let directory: String
  /// Slurm's configuration; nil for the usual one.
  private let configuration: String?
  /// How long one of them may take, in ms. They give up by themselves sooner (`MessageTimeout`).
  private let patience: Int32

  package init(
    directory: String = "/usr/bin", configuration: String? = nil, patience: Duration = .seconds(30)
  ) {
    self.directory = directory
    self.configuration = configuration
    self.patience = Int32(clamping: patience.milliseconds)
  }

  /// Submits a job.
  ///
  /// - Parameters:
  ///   - words: the arguments of `sbatch`.
  ///   - environment: what the job finds in its environment beside Slurm's own, as `NAME=value`.
  /// - Returns: the job's number.
  /// - Throws: `SlurmError`. After `noAnswer` it may have been submitted all the same.
  package func submit(_ words: [String], environment: [String] = []) throws(SlurmError) -> String {
    let output = try run("sbatch", ["--parsable"] + words, environment: environment)
    guard let job = SlurmJob.submitted(output) else {
      throw .noAnswer("`sbatch` printed no number of a job: \(output.prefix(200))")
    }
    return job
  }

  /// Returns the jobs of a user that Slurm knows, those that are over for not long (`MinJobAge`) among them.
  package func jobs(ofUser uid: UInt32) throws(SlurmError) -> [SlurmJob] {
    SlurmJob.list(
      try run(
        "squeue", ["--noheader", "--states=all", "--user=\(uid)", "--format=\(SlurmJob.format)"]))
  }

  /// Returns the exit code of a job that is over; nil if Slurm does not tell.
  package func exitCode(of job: String) throws(SlurmError) -> Int32? {
    SlurmJob.exitCode(try run("scontrol", ["show", "job", "--oneliner", job]))
  }

  /// Returns all nodes.
  package func nodes(at now: Timestamp) throws(SlurmError) -> [ClusterNode] {
    ClusterNode.list(try run("scontrol", ["show", "nodes", "--oneliner"]), at: now)
  }

  /// Cancels a job, if it has this name: one of another cluster may have its number by now.
  package func cancel(_ job: String, named name: String) throws(SlurmError) {
    _ = try run("scancel", ["--name=\(name)", job])
  }

  /// Sends SIGUSR1 to the program of a job, if it has this name.
  package func nudge(_ job: String, named name: String) throws(SlurmError) {
    _ = try run("scancel", ["--signal=USR1", "--batch", "--name=\(name)", job])
  }

  private func run(
    _ command: String, _ words: [String], environment: [String] = []
  ) throws(SlurmError) -> String {
    // Little of ours, and nothing secret: `sbatch` hands its environment to the job.
    var variables = ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"] + environment
    if let configuration { variables.append("SLURM_CONF=\(configuration)") }
    let run: Program.Run
    do {
      let null = try Descriptor(opening: "/dev/null", flags: O_RDONLY)
      run = try Program(path: "\(directory)/\(command)", patience: patience, environment: variables)
        .run(words, input: null.number)
    } catch {
      throw .noAnswer("\(error)")
    }
    guard run.status == 0 else { throw SlurmError(errors: run.errors) }
    return run.output
  }
}
