import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace unset`: takes back what `set` has changed.
struct UnsetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unset",
    abstract: "Put the configuration's value of a setting back in force.",
    discussion: """
      examples:
        millrace unset queue.policy
      """)

  @Argument(help: "The setting.")
  var name: String

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let setting = try runner.client.unset(SettingRequest(name: name))
    try format.print([setting], as: .settings, page: setting)
  }
}
