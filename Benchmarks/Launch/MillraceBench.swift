import ArgumentParser

/// What `Benchmarks/run` measures with; each subcommand prints rows of its table.
@main
struct MillraceBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "millrace-bench", abstract: "Measure Millrace beside the machine's own limits.",
    subcommands: [
      LaunchCommand.self, ThroughputCommand.self, EndToEndCommand.self, FirstInstructionCommand.self,
      SoakCommand.self, LoadCommand.self, StartsCommand.self, IdleCommand.self, SampleCommand.self,
      AdoptCommand.self,
      DecisionCommand.self, DependencyCommand.self, RecordCommand.self, ScheduleCommand.self,
      PythonCommand.self, SlurmCommand.self, ServeCommand.self,
    ])
}

/// A measurement that could not be made.
struct BenchmarkError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
