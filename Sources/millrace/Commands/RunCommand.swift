import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace run`: a job as if it were a program of this terminal.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Ask for a job, print its log and its result, and exit like it.",
    discussion: """
      examples:
        millrace run exec -- ls -l /
        millrace run checksum path=/usr/share/doc --memory 64M

      Ctrl-C cancels the job; a second one leaves it. Exit code: that of the job: 0 if it succeeded, the \
      program's own code with `exec`, 128 and the number of the signal that killed it, 124 if its time was \
      up, 130 if it was cancelled, else 1; Millrace's own failures are those of `millrace --help`.
      """)

  @OptionGroup var words: RequestWords
  @OptionGroup var options: RequestOptions
  @OptionGroup var runner: RunnerOptions

  @Flag(name: [.short, .long], help: "Say nothing but the log.")
  var quiet = false

  @Flag(help: "Run nothing: show the gates it would be behind and when it would start.")
  var dryRun = false

  func run() throws {
    let direct = runner.client
    let request = try options.fill(try words.request())
    if dryRun { return try Rehearsal.show(try direct.rehearse(request)) }
    let interrupts = try Interrupts()
    let job = try direct.submit(request)
    note("job \(job.id)" + (job.existing ?? false ? " has this key already" : ""))
    var client = direct
    client.interruption = Interruption(descriptor: interrupts.descriptor) {
      try interrupted(job.id, times: interrupts.take(), client: direct)
    }
    let ended: JobView
    do {
      ended = try JobFollower(client).follow(job.id) { try StandardOutput.write($0) }
    } catch let end as Ended where end.code == .brokenPipe {
      // Nobody reads what it writes: as a program would end by SIGPIPE.
      _ = try direct.cancel(job.id)
      throw end
    }
    let last = try direct.job(ended.id).attempts.last
    if ended.state == .succeeded {
      try showResult(of: ended.id, client: direct)
    } else {
      note("job \(ended.id): \(ended.ending(last))")
    }
    try Ended.with(ExitCodes.code(of: ended, last: last))
  }

  /// Writes the result behind the log if it is text; else says what it is.
  private func showResult(of id: JobID, client: Client) throws {
    let result: JobResult
    do {
      result = try client.result(of: id)
    } catch let problem as Problem where problem.kind == .notFound {
      return  // The handler set none.
    }
    guard ResultCommand.isText(result) else {
      return note("the result is \(result.mediaType): `millrace result \(id) > FILE`")
    }
    try StandardOutput.write(result.bytes)
    if let last = result.bytes.last, last != UInt8(ascii: "\n") { try StandardOutput.write("\n") }
  }

  private func interrupted(_ id: JobID, times: Int, client: Client) throws {
    guard times == 1 else {
      StandardError.note("left job \(id); `millrace logs -f \(id)` shows it again")
      throw Ended(code: .cancelled)
    }
    note("cancelling job \(id); Ctrl-C again leaves it")
    do {
      _ = try client.cancel(id)
    } catch let problem as Problem where problem.kind == .conflict {
      // It has ended by itself: that is told in a moment.
    }
  }

  private func note(_ text: String) {
    if !quiet { StandardError.note(text.printable) }
  }
}
