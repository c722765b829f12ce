import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace submit`: asks for a job and prints its number.
struct SubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Ask for a job; prints its number once it is on the disk.",
    discussion: """
      examples:
        millrace submit checksum path=/etc
        millrace submit thumbnail width:=64 --input photo.jpg --label album=summer
        millrace submit exec --memory 1G --timeout 2h --priority 7 -- make -j4
        millrace submit --batch jobs.txt --class nightly --wait
        millrace submit --stream million.jsonl --key import-7 > ids.txt
        millrace submit --template thumbnail.yaml path=photo.jpg --priority 7
        millrace submit checksum path=/srv --after ok:41 --after any:42
        millrace submit thumbnail width:=64 --memory 2G --dry-run

      A line of a batch is a request in JSON ({"handler":"checksum","arguments":[…]}) or the words of a \
      submit (checksum path=/etc --memory 64M); all of them are accepted, or none, up to 100,000. Options \
      beside --batch hold for the lines that don't say otherwise. --stream takes such lines from a file of \
      any length, or from a pipe: each 1,000 are accepted together and their numbers printed, and an error \
      says up to which line that was so. With --key K the job of line N has the key K:N, so that the same \
      stream can be sent again.
      """)

  @OptionGroup var words: RequestWords
  @OptionGroup var options: RequestOptions
  @OptionGroup var runner: RunnerOptions

  @Option(help: "Read many requests from a file, one a line; - is standard input.", completion: .file())
  var batch: String?

  @Option(
    help: "Read requests as --batch does, of any number, and submit 1,000 at a time; - is standard input.",
    completion: .file())
  var stream: String?

  @Option(
    help: "Read the job from a file, and put the words key=value into it; docs/workflows.md.",
    completion: .file())
  var template: String?

  @Flag(help: "Wait until it has ended; exits with 1 if it did not succeed.")
  var wait = false

  @Flag(help: "Print its log while it runs, and wait.")
  var follow = false

  @Flag(help: "Submit nothing: show the gates it would be behind and when it would start.")
  var dryRun = false

  @Option(name: [.short, .long], help: "ids (as default), table, wide, json, jsonl or csv.")
  var output: OutputFormat = .ids

  func validate() throws {
    guard !dryRun || (batch == nil && !wait && !follow) else {
      throw ValidationError("--dry-run is for one job, without --batch, --wait and --follow")
    }
    guard template == nil || (batch == nil && words.command.isEmpty) else {
      throw ValidationError("--template is for one job, without --batch and words after --")
    }
    if stream != nil { return try validateStream() }
    guard batch != nil else { return }
    guard words.isEmpty else { throw ValidationError("a handler and --batch exclude each other") }
    guard !follow else { throw ValidationError("--follow is for one job; use --wait with --batch") }
    guard options.input == nil else { throw ValidationError("--input is for one job, not for --batch") }
  }

  private func validateStream() throws {
    guard batch == nil, template == nil, words.isEmpty else {
      throw ValidationError("a handler, --batch, --template and --stream exclude each other")
    }
    guard !wait, !follow, !dryRun, output == .ids else {
      throw ValidationError(
        "--stream prints numbers; --wait, --follow, --dry-run and --output are not for it")
    }
    guard options.input == nil else { throw ValidationError("--input is for one job, not for --stream") }
  }

  func run() throws {
    let client = runner.client
    if let stream {
      var submission = try SubmitStream(stream, options: options, client: client)
      return try submission.run()
    }
    if let batch {
      let ids = try submit(batch, to: client)
      guard wait else { return try printIDs(ids) }
      if output == .ids { try printIDs(ids) }
      let follower = JobFollower(client, showing: ids.count)
      try finish(try ids.map { try follower.end(of: $0) })
      return
    }
    let request = try request()
    if dryRun { return try Rehearsal.show(try client.rehearse(request), output: output) }
    let job = try client.submit(request)
    if job.existing ?? false { StandardError.note("job \(job.id) has this key already; nothing was added") }
    let follower = JobFollower(client, showing: 1)
    if follow {
      StandardError.note("job \(job.id)")
      try finish([try follower.follow(job.id) { try StandardOutput.write($0) }])
    } else if wait {
      if output == .ids { try show([job]) }
      try finish([try follower.end(of: job.id)])
    } else {
      try show([job])
    }
  }

  private func request() throws -> SubmitRequest {
    guard let template else { return try options.fill(try words.request()) }
    let given = [words.handler].compactMap(\.self) + words.parameters
    let filled = try WorkflowFile.request(template, given: given)
    return try options.fill(SubmitRequest(handler: filled.handler)).filled(from: filled)
  }

  private func submit(_ name: String, to client: Client) throws -> [JobID] {
    let file = try BatchFile(text: try InputFile.text(name), name: name)
    ProgressLine.show("\(file.requests.count) jobs read; they go to the runner")
    do {
      let answer = try client.submit(BatchRequest(jobs: try file.requests.map { try options.fill($0) }))
      for id in answer.existing ?? [] {
        StandardError.note("job \(id) has this key already; nothing was added")
      }
      return answer.ids
    } catch var problem as Problem {
      if let index = problem.index, file.lines.indices.contains(index) {
        problem.detail = "`\(name)`, line \(file.lines[index]): \(problem.detail)"
      }
      throw problem
    }
  }

  /// A batch is answered by numbers only; other formats ask for the jobs.
  private func printIDs(_ ids: [JobID]) throws {
    if output == .ids {
      try StandardOutput.write(ids.map { "\($0)\n" }.joined())
    } else {
      try show(try ids.map { try runner.client.job($0).job })
    }
  }

  private func finish(_ jobs: [JobView]) throws {
    if output != .ids, !follow { try show(jobs) }
    for job in jobs where job.state != .succeeded {
      let last = try runner.client.job(job.id).attempts.last
      StandardError.note("job \(job.id): \(job.ending(last))".printable)
    }
    try Ended.with(ExitCodes.code(of: jobs))
  }

  private func show(_ jobs: [JobView]) throws {
    var format = OutputOptions()
    format.output = output
    if batch == nil, output == .json, let job = jobs.first {
      try format.print(jobs, as: .jobs, page: job)
    } else {
      try format.print(jobs, as: .jobs, page: JobPage(jobs: jobs, next: nil))
    }
  }
}
