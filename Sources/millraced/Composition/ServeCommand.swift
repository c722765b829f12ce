import ArgumentParser
import Glibc
import Logging
import MillraceCore

/// `millraced`: works until SIGTERM or SIGINT, then drains.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Work until SIGTERM (the default).")

  @OptionGroup var options: ConfigurationOptions

  @Option(help: "How long a stop waits for running jobs; they go on without the runner after that.")
  var drain: Span = Span(time: .seconds(30))

  func run() async throws {
    let configuration = try options.configuration()
    let threshold = LogThreshold(configuration.logLevel)
    let isUnderSystemd = JournalSocket.isEnd(
      of: STDERR_FILENO, named: Surroundings.variable("JOURNAL_STREAM"))
    let journal = isUnderSystemd ? JournalSocket(path: JournalSocket.path) : nil
    LoggingSystem.bootstrap { ThresholdLog(label: $0, threshold: threshold, journal: journal) }
    let runner = try await Runner(
      configuration, from: options.file(), drain: drain.time, threshold: threshold,
      log: Logger(label: "millraced"))
    try await runner.run()
  }

  /// A span on the command line.
  struct Span: ExpressibleByArgument {
    var time: Duration

    init(time: Duration) { self.time = time }

    init?(argument: String) {
      guard let time = Duration(text: argument) else { return nil }
      self.time = time
    }

    var defaultValueDescription: String { time.text }
  }
}
