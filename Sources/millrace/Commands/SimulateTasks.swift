import ArgumentParser
import MillraceCore
import MillraceSimulator

/// Tasks with what they ask for and what they take.
struct TaskOptions: ParsableArguments {
  @Option(
    help: "A CSV file of tasks: id, submit, cpus, requested_bytes, peak_bytes, duration, handler.")
  var tasks: String?

  @Option(
    help: "Make so many tasks whose requests are 2 to 100 times their peaks.", transform: Quantities.count)
  var generate: Int?

  @Option(help: "What a task counts with: what it requested, or what was learned of its handler.")
  var admission: TaskMachine.Admission = .learned

  func check(_ options: PolicyOptions) throws {
    guard tasks == nil && generate == nil || (options.cpus != nil && options.memory != nil) else {
      throw ValidationError("tasks need a machine: `--cpus` and `--memory`")
    }
  }

  /// Replays the tasks under each policy.
  func replay(
    _ options: PolicyOptions, seed: UInt64, skipsBroken: Bool
  ) throws -> [SimulationResult] {
    guard let cpus = options.cpus, let memory = options.memory else {
      preconditionFailure("the options were checked")
    }
    let list = try tasks.map { try TaskList(try WorkloadFile(reading: $0), skipsBroken: skipsBroken) }
    let made = MadeTasks(generate ?? 0, seed: seed, cpuMillis: cpus, memory: memory)
    return try options.entries.map { entry in
      var machine = TaskMachine(cpuMillis: cpus, memory: memory, admission: admission)
      for setting in entry.settings { try apply(setting, to: &machine) }
      machine.memory.size = machine.policy.capacity.memory
      var replay =
        list.map { Replay($0.jobs, policy: machine.policy, memory: machine.memory) }
        ?? Replay(made, policy: machine.policy, memory: machine.memory)
      try replay.run()
      var result = SimulationResult(entry.name, replay.figures)
      result.brokenLines = list?.broken.count
      return result
    }
  }

  /// Two kinds of admission can be put side by side as well.
  private func apply(_ setting: String, to machine: inout TaskMachine) throws {
    let name = "admission="
    guard setting.hasPrefix(name) else { return try PolicySettings.apply(setting, to: &machine.policy) }
    guard let admission = TaskMachine.Admission(rawValue: String(setting.dropFirst(name.count))) else {
      throw SimulatorError(
        "`admission` can't be `\(setting.dropFirst(name.count))`", hint: "requested, learned")
    }
    machine.admit(by: admission)
  }
}

extension TaskMachine.Admission: ExpressibleByArgument {}
