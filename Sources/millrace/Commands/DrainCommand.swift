import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace drain`: pauses, and waits until nothing runs.
struct DrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain",
    abstract: "Pause the runner, a handler or a group, and let what runs end.",
    discussion: """
      examples:
        millrace drain --wait
        millrace drain --handler thumbnail --wait

      With --wait it returns when nothing of it runs any more; exit code 1 if it was resumed meanwhile. It \
      stays paused over restarts, until `millrace resume`.
      """)

  @OptionGroup var station: StationOptions
  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  @Flag(help: "Wait until nothing of it runs.")
  var wait = false

  func run() throws {
    let client = runner.client
    var state = try client.operate("drain", station.request)
    while wait, state.state == "stopping" {
      var request = station.request
      request.waitSeconds = 60
      state = try client.operate("drain", request)
    }
    try format.print(state)
    if wait, state.state != "paused" { throw Ended(code: .jobFailed) }
  }
}
