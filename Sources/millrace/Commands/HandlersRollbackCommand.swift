import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace handlers rollback`: goes back to the build before.
struct HandlersRollbackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Go back to the build of a handler's plugin before the one that serves.",
    discussion: """
      What runs goes on; new attempts, retries too, run the earlier build. That lasts, over restarts too, \
      until another build is put into the plugin directory. All handlers of the plugin go back together.
      """)

  @Argument(help: "The handler.")
  var name: String

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let view = try runner.client.rollback(name)
    try format.print(view.builds, as: .builds, page: view)
  }
}
