import ArgumentParser
import Glibc

/// The command line of Millrace.
@main
struct Millrace: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "millrace",
    abstract: "Run jobs on this machine, each capped in its own cgroup, and ask what became of them.",
    discussion: """
      examples:
        millrace handlers
        millrace run exec --memory 256M -- make -j4
        id=$(millrace submit checksum path=/etc --priority 7)
        millrace wait $id && millrace result $id
        millrace history --since 2h --sort memory -o wide

      The runner is found by `--socket` or MILLRACE_SOCKET. Exit codes: 0 ok, 1 a job failed, 2 usage, \
      3 still waiting, 4 not found or never admissible, 5 not permitted, 69 runner unreachable, 75 queue \
      full, 124 wait timed out, 125 millrace's own failure; `run` exits like its job.
      """,
    version: version,
    subcommands: [
      SubmitCommand.self, RunCommand.self, WorkflowCommand.self, ListCommand.self, ShowCommand.self,
      WhyCommand.self, WaitCommand.self, LogsCommand.self, ResultCommand.self, CancelCommand.self,
      HoldCommand.self, ReleaseCommand.self, ReprioritiseCommand.self, PauseCommand.self, ResumeCommand.self,
      DrainCommand.self, SetCommand.self, UnsetCommand.self,
      DeadCommand.self, ScheduleCommand.self, EventCommand.self, EventsCommand.self,
      HistoryCommand.self, HandlersCommand.self, PluginCommand.self, StatsCommand.self,
      RecommendCommand.self,
      SimulateCommand.self, PruneCommand.self, BackupCommand.self, StatusCommand.self, TopCommand.self,
      NodesCommand.self, MetricsCommand.self, AuditCommand.self, TokenCommand.self, DoctorCommand.self,
      InitCommand.self,
    ])

  /// The version of this program.
  static let version = "0.1.0"

  static func main() async {
    // A reader that goes away is told by `write`, so that it can be a quiet end.
    signal(SIGPIPE, SIG_IGN)
    do {
      let arguments = Array(CommandLine.arguments.dropFirst())
      var command = try parseAsRoot(takesWords(arguments) ? RequestWords.expand(arguments) : arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      ProgressLine.erase()
    } catch {
      ProgressLine.erase()
      Glibc.exit(report(error))
    }
  }

  /// Whether words after `--` make the command of a job.
  private static func takesWords(_ arguments: [String]) -> Bool {
    guard arguments.first == ScheduleCommand._commandName else {
      return [SubmitCommand._commandName, RunCommand._commandName].contains(arguments.first)
    }
    return [ScheduleAddCommand._commandName, ScheduleEditCommand._commandName].contains(
      arguments.dropFirst().first)
  }

  /// Says on the right stream what ended the command, and returns its exit code.
  private static func report(_ error: any Error) -> Int32 {
    if let code = ExitCodes.code(of: error) {
      if let text = ErrorText.text(of: error) { StandardError.write(text) }
      return code.rawValue
    }
    let code = exitCode(for: error)
    let message = fullMessage(for: error)
    if code == .success {
      do {
        try StandardOutput.write(message.hasSuffix("\n") || message.isEmpty ? message : message + "\n")
      } catch {
        return ExitCodes.brokenPipe.rawValue
      }
    } else if !message.isEmpty {
      StandardError.write(
        (message.hasPrefix("Error: ") ? "error: " + message.dropFirst("Error: ".count) : message) + "\n")
    }
    return code == .validationFailure ? ExitCodes.usage.rawValue : code.rawValue
  }
}
