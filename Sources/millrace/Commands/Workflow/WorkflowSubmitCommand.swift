import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace workflow submit`: asks for all jobs of a file, or for none.
struct WorkflowSubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Ask for the jobs of a file: all of them, or none; prints the number of the workflow.",
    discussion: """
      examples:
        millrace workflow submit nightly.yaml
        millrace workflow submit nightly.yaml --set day=2026-11-24 --set 'files:=["a","b"]' --wait
        millrace workflow submit nightly.yaml --dry-run
      """)

  @Argument(help: "The file, in YAML or JSON; - is standard input.", completion: .file())
  var file: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "A parameter: key=value or key:=JSON; one that comes again makes a list. May be repeated.",
      valueName: "key=value"))
  var settings: [String] = []

  @Option(help: "Ask for it only once: with the same key within a day it is the workflow that is there.")
  var key: String?

  @Flag(help: "Wait until all of its jobs have ended; exits with 1 if it did not succeed.")
  var wait = false

  @Flag(help: "Submit nothing: show which jobs it would be. The runner is not asked.")
  var dryRun = false

  @OptionGroup var runner: RunnerOptions

  @Option(name: [.short, .long], help: "ids (as default), table, wide, json, jsonl or csv.")
  var output: OutputFormat = .ids

  func validate() throws {
    guard !dryRun || !wait else { throw ValidationError("--dry-run and --wait exclude each other") }
  }

  func run() throws {
    let plan = try WorkflowFile.plan(file, given: settings)
    if dryRun { return try show(plan) }
    let client = runner.client
    let request = WorkflowSubmitRequest(
      name: plan.name, jobs: plan.jobs.map { SubmitRequest($0.request) },
      empty: plan.empty.isEmpty ? nil : plan.empty, key: key)
    let answer = try submit(request, plan, to: client)
    if output == .ids { try StandardOutput.write("\(answer.workflow)\n") }
    if wait {
      let follower = JobFollower(client)
      for id in answer.ids { _ = try follower.end(of: id) }
    }
    guard wait || output != .ids else { return }
    let view = try client.workflow(answer.workflow)
    if output != .ids { try WorkflowSheet(view).print(as: output) }
    guard wait, view.workflow.state != .succeeded else { return }
    StandardError.note("workflow \(answer.workflow): \(view.workflow.state.rawValue)")
    throw Ended(code: .jobFailed)
  }

  /// A refusal names the step and its place in the file.
  private func submit(
    _ request: WorkflowSubmitRequest, _ plan: WorkflowPlan, to client: Client
  ) throws -> WorkflowAnswer {
    do {
      return try client.submit(request)
    } catch var problem as Problem {
      let index = problem.index ?? (plan.jobs.count == 1 ? 0 : nil)
      if let index, plan.jobs.indices.contains(index) {
        let job = plan.jobs[index]
        problem.detail =
          "\(file):\(job.place.line):\(job.place.column): step `\(job.request.step ?? "")`: \(problem.detail)"
      }
      throw problem
    }
  }

  private func show(_ plan: WorkflowPlan) throws {
    let request = WorkflowRequest(name: plan.name, jobs: plan.jobs.map(\.request), empty: plan.empty)
    let record = WorkflowRecord(
      id: 0, name: plan.name, submitted: Moment.now, definition: WorkflowDefinition(request),
      jobs: plan.jobs.enumerated().map { place, job in
        WorkflowRecord.Member(
          job: JobID(Int64(place)), step: job.request.step,
          state: job.request.after.isEmpty ? .queued : .blocked)
      })
    try WorkflowSheet(WorkflowView(record), isPlan: true).print(as: output == .ids ? .table : output)
  }
}
