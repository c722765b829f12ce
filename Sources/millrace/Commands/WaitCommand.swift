import ArgumentParser
import MillraceCore
import MillraceWire

/// `millrace wait`: until jobs have ended.
struct WaitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait",
    abstract: "Wait until jobs have ended; prints them as they are then.",
    discussion: """
      examples:
        millrace wait 42 43 --timeout 10m
        millrace wait 42 --no-block || echo "not yet, or not well"

      Exit codes: 0 all succeeded, 1 one did not, 3 one has not ended (--no-block), 4 there is no such job, \
      124 one has not ended in time.
      """)

  @Argument(help: ArgumentHelp("The jobs.", valueName: "job"), transform: Quantities.job)
  var jobs: [JobID]

  @Option(help: "Give up after: 30s, 10m.", transform: Quantities.spanOrZero)
  var timeout: Duration?

  @Flag(help: "Don't wait: only tell how they are.")
  var noBlock = false

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    guard timeout == nil || !noBlock else {
      throw ValidationError("--timeout and --no-block exclude each other")
    }
  }

  func run() throws {
    let deadline = timeout.map { ContinuousClock.now + $0 }
    let follower = JobFollower(runner.client, showing: noBlock ? nil : jobs.count)
    // A number that does not exist is told before the waiting.
    var states = try jobs.map { try follower.end(of: $0, deadline: .now) }
    if !noBlock {
      states = try states.map { $0.state.isFinal ? $0 : try follower.end(of: $0.id, deadline: deadline) }
    }
    try format.print(states, as: .jobs, page: JobPage(jobs: states, next: nil))
    guard states.allSatisfy({ $0.state.isFinal }) else {
      throw Ended(code: noBlock ? .waiting : .timedOut)
    }
    try Ended.with(ExitCodes.code(of: states))
  }
}
