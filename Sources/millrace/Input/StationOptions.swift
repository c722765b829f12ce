import ArgumentParser
import MillraceWire

/// Whether the runner, a handler or a group is meant.
struct StationOptions: ParsableArguments {
  @Option(help: "Only this handler.")
  var handler: String?

  @Option(help: "Only this group.")
  var group: String?

  func validate() throws {
    guard handler == nil || group == nil else {
      throw ValidationError("--handler and --group exclude each other")
    }
  }

  var request: StationRequest { StationRequest(handler: handler, group: group) }
}
