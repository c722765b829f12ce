import ArgumentParser
import Foundation
import MillraceClient
import MillraceCore
import MillraceWire

/// `python`: jobs that are functions in Python, beside a `python3` that is started for each.
struct PythonCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "python",
    abstract: "Measure jobs in Python, warm and not, beside a `python3` that is started for each.")

  @OptionGroup var runner: RunnerOptions
  @Option(help: "The plugin libexec.so, which starts a `python3` for each job.") var exec: String
  @Option(help: "The program python3.") var python = "/usr/bin/python3"
  @Option(help: "How the lane is called in the table.") var lane: String
  @Option(help: "Jobs of each kind, one by one and in turn.") var jobs = 100

  /// What is imported before a job that does nothing else.
  private static let imports = ["", "numpy"]

  /// A file of handlers: what it imports, and how much memory of a job is its own alone.
  private static func file(_ name: String, importing module: String) -> String {
    """
    from millrace import handler
    \(module.isEmpty ? "" : "import \(module)")

    @handler
    def \(name)():
        pass

    @handler
    def \(name)_own():
        with open("/proc/self/smaps_rollup") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith("Private"))

    """
  }

  /// The name of a handler: of one that has a warm host, or of one that has not.
  private static func name(_ module: String, isWarm: Bool) -> String {
    (module.isEmpty ? "nothing" : module) + (isWarm ? "" : "_loaded")
  }

  func run() async throws {
    let process = try await started()
    defer { process.stop() }
    for module in Self.imports {
      try measureTimes(module, process)
      try measureMemory(module, process)
    }
  }

  /// Starts a runner with both plugins.
  private func started() async throws -> RunnerProcess {
    let handlers = Self.imports.flatMap { module in
      [true, false].map { (name: Self.name(module, isWarm: $0), module: module, isWarm: $0) }
    }
    var options = runner
    options.loaded = handlers.filter { !$0.isWarm }.flatMap { [$0.name, $0.name + "_own"] }
    let process = try await RunnerProcess(options)
    let files = process.place.plugins + "/libpython.d"
    try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: true)
    for (name, module, _) in handlers {
      try Data(Self.file(name, importing: module).utf8).write(
        to: URL(fileURLWithPath: "\(files)/\(name).py"), options: .atomic)
    }
    try FileManager.default.copyItem(atPath: exec, toPath: process.place.plugins + "/libexec.so")
    for _ in 0..<1000 {
      let known = try process.client.handlers().plugins.reduce(0) { $0 + $1.handlers.count }
      if known == 2 * handlers.count + 1 { return process }
      try await Task.sleep(for: .milliseconds(20))
    }
    process.stop()
    throw BenchmarkError("the handlers in `\(files)` did not come; is `\(Self.imports[1])` installed?")
  }

  private static func words(_ module: String) -> String {
    module.isEmpty ? "no-op" : "`import \(module)`"
  }

  private func measureTimes(_ module: String, _ process: RunnerProcess) throws {
    let program = [python, "-I", "-c", module.isEmpty ? "pass" : "import \(module)"]
    var spawned = SubmitRequest(handler: "exec")
    spawned.parameters = ["command": .array(program.map { .string($0) })]
    let ways = [
      ("of a warm host", SubmitRequest(handler: Self.name(module, isWarm: true))),
      ("that loads Python", SubmitRequest(handler: Self.name(module, isWarm: false))),
      ("of `exec` with `python3`", spawned),
    ]
    var times = Array(repeating: Times(), count: ways.count)
    var limit = Times()
    for round in -5..<jobs {
      let raw = try ChildProgram(words: program).time()
      let taken = try ways.map { try process.runOneByOne($0.1) }
      guard round >= 0 else { continue }  // The first ones warm up.
      limit.add([raw])
      for (index, time) in taken.enumerated() { times[index].add([time]) }
    }
    for (way, times) in zip(ways, times) {
      Row(
        what: "Python \(Self.words(module)), one job \(way.0), against a bare `python3`", lane: lane,
        measured: times.text, limit: limit.text, ratio: Times.text(of: times.ratios(to: limit))
      ).show()
    }
  }

  private func measureMemory(_ module: String, _ process: RunnerProcess) throws {
    let own = try [true, false].map { isWarm in
      let name = Self.name(module, isWarm: isWarm) + "_own"
      let job = try process.client.submit(SubmitRequest(handler: name))
      try process.wait(for: job.id)
      return String(decoding: try process.client.result(of: job.id).bytes, as: UTF8.self)
    }
    Row(
      what:
        "Python \(Self.words(module)), memory of one job alone, of a warm host against one that loads Python",
      lane: lane, measured: "\(own[0]) KiB", limit: "\(own[1]) KiB"
    ).show()
  }
}
