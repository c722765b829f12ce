import ArgumentParser

/// `starts`: how long a program takes from its spawn to its end, beside /bin/true.
struct StartsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "starts", abstract: "Measure how long a program takes to start, work and end.")

  @Option(help: "How the program is called in the table.") var name: String
  @Option(help: "How the lane is called in the table.") var lane: String
  @Option(help: "How often it is run.") var runs = 100
  @Argument(parsing: .postTerminator, help: "The program's path and its arguments.") var words: [String]

  func run() throws {
    let program = ChildProgram(words: words)
    let nothing = ChildProgram(words: ["/bin/true"])
    var times = Times()
    var limits = Times()
    _ = try program.time()  // The files are in the page cache from here on.
    for _ in 0..<runs {
      limits.add([try nothing.time()])
      times.add([try program.time()])
    }
    Row(
      what: "start to end of `\(name)`, against /bin/true", lane: lane, measured: times.text,
      limit: limits.text, ratio: Times.text(of: times.ratios(to: limits))
    ).show()
  }
}
