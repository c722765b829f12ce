import ArgumentParser
import Glibc
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace top`: the runner, what runs and what waits, on the whole screen.
struct TopCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Show what runs and what waits on the whole screen, and act on it.",
    discussion: """
      examples:
        millrace top
        millrace top --sort memory --filter team=a
        millrace top --once
        millrace top --once -o json

      Keys: ? shows them all; / filters, s and r sort, x cancels after a question, w tells why, Enter shows \
      the job, h holds or releases, f freezes the picture, q quits. With --once, with another format than \
      table, or where there is no terminal, it prints one picture as plain text. docs/top.md.
      """)

  @Flag(help: "Print one picture as text and end.")
  var once = false

  @Option(help: "How often to look: 1s, 500ms.", transform: Quantities.span)
  var interval = Duration.seconds(1)

  @Option(help: "Sort what runs by job, age, handler, state, progress, memory, cpu or priority.")
  var sort = TopOrder.job

  @Flag(help: "Sort the other way round.")
  var reverse = false

  @Option(help: "Only rows with these words in number, handler, state, class, node or label (key=value).")
  var filter = ""

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  /// A shorter interval would only cost the runner something.
  private static let leastInterval = Duration.milliseconds(100)

  func validate() throws {
    guard interval >= Self.leastInterval else { throw ValidationError("--interval must be 100ms or more") }
  }

  func run() throws {
    let client = runner.client
    let isOnce = once || format.output != .table || !StandardOutput.isTerminal || isatty(STDIN_FILENO) == 0
    if !isOnce, !Places.hasCursor {
      throw CommandError(
        .usage, "this terminal has no full screen (TERM is `\(Places.environment("TERM") ?? "")`)",
        hint: "`millrace top --once` prints one picture as text")
    }
    var state = TopState()
    state.order = sort
    state.isReversed = reverse
    state.filter = filter
    state.take(try client.top(queued: TopSession.queueBound), at: Moment.now)
    if !isOnce {
      var session = try TopSession(client, state, interval: interval)
      return try session.run()
    }
    guard var view = state.view else { return }
    (view.running, view.queued) = (state.running, state.queued)
    try format.print(rows: state.rows, as: .top(at: state.time), json: view) { paint in
      TopSheet(state: state).text(paint: paint)
    }
  }
}

extension TopOrder: ExpressibleByArgument {}
