import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace set`: changes a setting while the runner works.
struct SetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Change a setting while the runner works, or list those that can be.",
    discussion: """
      examples:
        millrace set --list
        millrace set queue.policy slowdown
        millrace set capacity.slots 8 --persist
        millrace set handlers.thumbnail.concurrency 2

      Names and values are those of the configuration file. Without --persist a change is gone with the next \
      start; with it, it comes before the file until `millrace unset`.
      """)

  @Argument(help: "The setting.")
  var name: String?

  @Argument(help: "Its value, as in the configuration file.")
  var value: String?

  @Flag(help: "The change survives a restart.")
  var persist = false

  @Flag(help: "The change is gone with the next start (as default).")
  var once = false

  @Flag(help: "List the settings that can be changed.")
  var list = false

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    guard !(persist && once) else { throw ValidationError("--persist and --once exclude each other") }
    guard list == (name == nil), list || value != nil else {
      throw ValidationError("say a setting and its value, or --list")
    }
    guard !list || !(persist || once) else { throw ValidationError("--list changes nothing") }
  }

  func run() throws {
    let client = runner.client
    guard let name, let value else {
      let settings = try client.settings()
      return try format.print(settings, as: .settings, page: settings)
    }
    let setting = try client.set(SettingRequest(name: name, value: value, persist: persist))
    try format.print([setting], as: .settings, page: setting)
    StandardError.note(
      setting.persisted
        ? "it survives a restart, until `millrace unset \(name)`"
        : "it is gone with the next start; --persist keeps it")
  }
}
