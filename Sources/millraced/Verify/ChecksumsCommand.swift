import ArgumentParser
import MillraceLinux

/// `millraced checksums`: prints what is to be signed of a plugin with files of its own.
struct ChecksumsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checksums",
    abstract: "Print what is to be signed of a plugin that has files of its own.",
    discussion: """
      A line for the library, as `.so`, and one for each file in the directory beside it, as sha256sum(1) \
      has them. Of a plugin without such files the library itself is signed.
      """)

  @Argument(help: "The plugin's library.")
  var file: String

  func run() throws {
    guard let list = try SignedText.list(of: file) else {
      throw LinuxError(
        "list the files of `\(file)`", .missing("there are none beside it"), hint: "sign the library itself")
    }
    print(list, terminator: "")
  }
}
