import ArgumentParser

/// `millrace plugin checksums`: hands over to `millraced checksums`, which reads plugins as the runner does.
struct PluginChecksumsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checksums",
    abstract: "Print what is to be signed of a plugin that has files of its own.",
    discussion: """
      examples:
        millrace plugin checksums libpython.so
        millrace plugin checksums libpython.so |
          ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n millrace-plugin > libpython.so.sig

      A line for the library, as `.so`, and one for each file in the directory beside it, here \
      `libpython.d`. Of a plugin without such files the library itself is signed.
      """)

  @Argument(help: "The plugin's library.")
  var file: String

  func run() throws { try RunnerProgram.take(over: ["checksums", "--", file]) }
}
