import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace handlers reset`: closes the breaker of a handler.
struct HandlersResetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reset",
    abstract: "Close the breaker of a handler that failed too often: its jobs may start at once.")

  @Argument(help: "The handler.")
  var name: String

  @OptionGroup var runner: RunnerOptions

  func run() throws {
    let breaker = try runner.client.resetBreaker(of: name)
    try StandardOutput.write("the breaker of `\(name)` is \(breaker.phase.rawValue)\n")
  }
}
