import Dispatch
import MillraceCore

/// Talks to Slurm, about one thing at a time: so it is never asked for more than it can answer.
actor SlurmDesk {
  private let executor = QueueExecutor("slurm commands")
  private let commands: SlurmCommands
  private let user: UInt32

  init(_ commands: SlurmCommands, user: UInt32) {
    self.commands = commands
    self.user = user
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func answer(_ request: SlurmRequest, at now: Timestamp) -> Result<SlurmReply, SlurmError> {
    do throws(SlurmError) {
      switch request {
      case .submit(_, let words, let environment):
        return .success(.job(try commands.submit(words, environment: environment)))
      case .jobs: return .success(.jobs(try commands.jobs(ofUser: user)))
      case .nodes: return .success(.nodes(try commands.nodes(at: now)))
      case .exitCode(_, let job): return .success(.exitCode(try commands.exitCode(of: job)))
      case .cancel(let name, let job): try commands.cancel(job, named: name)
      case .nudge(let name, let job): try commands.nudge(job, named: name)
      }
      return .success(.done)
    } catch {
      return .failure(error)
    }
  }
}

/// What Slurm is asked for; the name is that of the bundle.
enum SlurmRequest: Sendable {
  case submit(String, [String], environment: [String])
  case jobs
  case nodes
  case exitCode(String, job: String)
  case cancel(String, job: String)
  case nudge(String, job: String)
}

/// What it answers.
enum SlurmReply: Sendable {
  case job(String)
  case jobs([SlurmJob])
  case nodes([ClusterNode])
  case exitCode(Int32?)
  case done
}

/// Runs an actor on a thread that may wait: those that tasks share are few.
final class QueueExecutor: SerialExecutor {
  private let queue: DispatchQueue

  init(_ label: String) { queue = DispatchQueue(label: "millrace.\(label)") }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
