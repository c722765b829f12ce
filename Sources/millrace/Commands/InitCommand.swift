import ArgumentParser

/// `millrace init`: hands over to `millraced init`, which knows the machine.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make a working set-up of the runner on this machine, and check it.",
    discussion: """
      examples:
        sudo millrace init --dry-run
        sudo millrace init --schedules
        millrace init

      All arguments go to `millraced init`.
      """)

  @Argument(parsing: .captureForPassthrough, help: "Arguments of `millraced init`.")
  var arguments: [String] = []

  func run() throws { try RunnerProgram.take(over: ["init"] + arguments) }
}
