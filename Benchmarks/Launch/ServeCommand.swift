import ArgumentParser

/// `serve`: the runner that the other commands measure, as a process of its own.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Be a runner until standard input is closed.", shouldDisplay: false)

  @OptionGroup var options: RunnerOptions

  func run() async throws { try await BenchRunner(options).run() }
}
