import ArgumentParser
import MillraceCore
import MillraceLinux

/// `millraced verify`: looks at a file that shall become a plugin.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Look whether a file can be a plugin: first at its bytes, then at what it says of itself.",
    discussion: """
      Nothing of the file runs here: it is loaded in a throw-away process without rights, as the runner \
      does. The exit code is 1 if something speaks against it, 0 if there are warnings at most.
      """)

  /// How the findings are printed.
  enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

  @Argument(help: "The file.")
  var file: String

  @OptionGroup var options: ConfigurationOptions

  @Option(name: .shortAndLong, help: "How the findings are printed: table or json.")
  var output = Output.table

  func run() async throws {
    let configuration = try options.configuration()
    let examination = try await PluginExamination(
      of: file, host: configuration.host, allowedSigners: configuration.allowedSigners)
    let report = VerifyReport(file: file, examination)
    switch output {
    case .table: print(report.text, terminator: "")
    case .json: print(try report.json)
    }
    guard examination.problems.isEmpty else { throw ExitCode(1) }
  }
}
