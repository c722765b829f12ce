import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace show`: all that is known of a job or of one attempt at it.
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show all that is known of a job, or of one attempt at it.",
    discussion: """
      examples:
        millrace show 42
        millrace show 42.1 -o json
        millrace show 42 --secrets
      """)

  @Argument(
    help: ArgumentHelp("42, or 42.1 for its first attempt.", valueName: "job"), transform: JobReference.init)
  var reference: JobReference

  @Flag(help: "Show only the parameters, secrets, too, as JSON; this takes an admin, and is in the audit.")
  var secrets = false

  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    guard secrets, reference.attempt != nil else { return }
    throw ValidationError("--secrets shows those of a job: `millrace show \(reference.job) --secrets`")
  }

  func run() async throws {
    if secrets {
      let parameters = try record.runner.client.parameters(of: reference.job)
      return try StandardOutput.write(OutputOptions.json(parameters, pretty: true))
    }
    let detail = try await record.read { try await $0.job(reference.job) }
    guard let number = reference.attempt else {
      let sheet = JobSheet(detail)
      return try format.print(one: detail.job, as: .jobs, json: detail) { sheet.text(paint: $0) }
    }
    guard let attempt = detail.attempts.first(where: { $0.attempt == number }) else {
      throw CommandError(
        .notFound, "job \(reference.job) has no attempt \(number)",
        hint: "it has \(detail.attempts.count): `millrace show \(reference.job)`")
    }
    try format.print(one: attempt, as: .attempts, json: attempt) {
      JobSheet.card(attempt).lines(paint: $0)
    }
  }
}
