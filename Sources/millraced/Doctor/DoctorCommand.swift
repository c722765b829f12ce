import ArgumentParser
import FoundationEssentials

/// `millraced doctor`: looks at the machine and says what mends it.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check this machine for what the runner needs, and say what mends it.",
    discussion: """
      Nothing is changed. Run it as the user that the runner has. The exit code is 1 if a check fails, 0 if
      there are warnings at most.
      """)

  /// How the findings are printed.
  enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

  @OptionGroup var options: ConfigurationOptions

  @Option(name: .shortAndLong, help: "How the findings are printed: table or json.")
  var output = Output.table

  @Option(help: "How long the check of the database may take; every page and index is read.")
  var checkTime = ServeCommand.Span(time: DatabaseCheck.usualTime)

  func run() async throws {
    let findings = await findings()
    switch output {
    case .table: print(DoctorReport.table(of: findings), terminator: "")
    case .json: print(try DoctorReport.json(of: findings))
    }
    guard !findings.contains(where: { $0.status == .failure }) else { throw ExitCode(1) }
  }

  /// Returns the findings; a configuration that can't be read is one, and then the defaults are looked at.
  func findings() async -> [Finding] {
    do {
      var examination = Examination(configuration: try options.configuration())
      examination.checkTime = checkTime.time
      let file = options.config ?? Surroundings.current().usualFile
      let isThere = MachineFiles().status(file) != nil
      let found = Finding(
        check: "configuration", status: .ok, found: isThere ? "`\(file)`" : "defaults; there is no `\(file)`")
      return [found] + (await examination.findings())
    } catch {
      let mistakes = "\(error)".split(separator: "\n\nhint:").first.map { String($0) } ?? "\(error)"
      let found = Finding(
        check: "configuration", status: .failure, found: mistakes,
        mend: ["\"${EDITOR:-vi}\" \(quoted(options.config ?? Surroundings.current().usualFile))"])
      var examination = Examination(configuration: .standard(in: .current()))
      examination.checkTime = checkTime.time
      return [found] + (await examination.findings())
    }
  }
}
