import ArgumentParser

/// `millrace doctor`: hands over to `millraced doctor`, which knows the machine.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check this machine for what the runner needs, and say what mends it.",
    discussion: """
      examples:
        millrace doctor
        millrace doctor -o json

      All arguments go to `millraced doctor`.
      """)

  @Argument(parsing: .captureForPassthrough, help: "Arguments of `millraced doctor`.")
  var arguments: [String] = []

  func run() throws { try RunnerProgram.take(over: ["doctor"] + arguments) }
}
