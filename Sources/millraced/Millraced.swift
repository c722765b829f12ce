import ArgumentParser

/// The runner: `millraced` works until SIGTERM, `millraced doctor` looks whether it could, `millraced init`
/// makes that so.
@main
struct Millraced: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "millraced",
    abstract: "Runs jobs, each capped in a cgroup of its own, and keeps their history.",
    version: version,
    subcommands: [
      ServeCommand.self, DoctorCommand.self, InitCommand.self, VerifyCommand.self, ChecksumsCommand.self,
    ],
    defaultSubcommand: ServeCommand.self)

  /// The version of this build, the newest heading of `CHANGELOG.md`.
  static let version = "0.1.0"
}
