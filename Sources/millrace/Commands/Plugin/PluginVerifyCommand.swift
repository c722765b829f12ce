import ArgumentParser

/// `millrace plugin verify`: hands over to `millraced verify`, which knows the machine.
struct PluginVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Look whether a file can be a plugin, without loading it here.",
    discussion: """
      examples:
        millrace plugin verify libmine.so
        millrace plugin verify libmine.so -o json

      First its bytes are read: machine, symbols, libraries and symbols that would be missing. Then it \
      describes itself in a throw-away process without rights. The exit code is 1 if something speaks \
      against it. All arguments go to `millraced verify`.
      """)

  @Argument(parsing: .captureForPassthrough, help: "The file, and arguments of `millraced verify`.")
  var arguments: [String] = []

  func run() throws { try RunnerProgram.take(over: ["verify"] + arguments) }
}
