import ArgumentParser
import MillraceCore

/// `millrace plugin new`: a plugin to begin with.
struct PluginNewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Write a plugin to begin with.",
    discussion: """
      examples:
        millrace plugin new thumbnail --lang swift
        millrace plugin new file.digest --lang c --directory ~/src/digest && make -C ~/src/digest test

      It has one handler of the plugin's name, what it is built and tried with (`make`, `make test`, `make \
      install`), and a README. It needs nothing else of Millrace's to be built.
      """)

  @Argument(help: "Its name, and that of its handler: 1 to 64 of `a-z 0-9 - _ .`, a letter first.")
  var name: String

  @Option(name: .customLong("lang"), help: "swift, c, cpp, rust, go or python.")
  var language: PluginLanguage

  @Option(help: ArgumentHelp("Where to put it; must not be there yet. Default: its name.", valueName: "path"))
  var directory: String?

  @Option(
    help: ArgumentHelp(
      "Where the templates are. Default: `templates` beside this program, or share/millrace/templates.",
      valueName: "path"))
  var templates: String?

  func validate() throws {
    guard Handler.isValidName(name) else {
      throw ValidationError("`\(name)` is no name for a plugin: 1 to 64 of `a-z 0-9 - _ .`, a letter first")
    }
  }

  func run() throws {
    let template = try PluginTemplate(language, in: templates)
    let target = directory ?? name
    try template.write(to: target, name: name)
    try StandardOutput.write("\(target): try it with `make -C \(target) test`\n")
  }
}

/// A language that plugins are written in.
enum PluginLanguage: String, CaseIterable, ExpressibleByArgument {
  case swift, c, cpp, rust, go, python
}
