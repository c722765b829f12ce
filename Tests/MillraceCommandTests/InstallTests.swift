import Foundation
import Glibc
import Testing
import TestSupport

@Suite("Installed")
struct InstallTests {
  private static let sources = URL(filePath: #filePath).appending(path: "../../..").standardized.path

  private let directory: TemporaryDirectory
  /// What PREFIX is, below DESTDIR.
  private let prefix: String

  /// Installs the programs that were built beside these tests.
  init() throws {
    directory = try TemporaryDirectory()
    prefix = directory.path + "/destination/usr"
    let built = directory.path + "/built"
    mkdir(built, 0o755)
    for name in try FileManager.default.contentsOfDirectory(atPath: TestProcess.programs)
    where ["millrace", "millraced", "millrace-host"].contains(name) || name.hasSuffix(".so") {
      symlink("\(TestProcess.programs)/\(name)", "\(built)/\(name)")
    }
    try succeed("\(Self.sources)/etc/dashboard", built)
    try succeed("\(Self.sources)/etc/install", "--from", built)
  }

  /// Runs a program, which must succeed, and returns what it printed.
  @discardableResult
  private func succeed(_ program: String, _ arguments: String...) throws -> String {
    let changes = ["DESTDIR": directory.path + "/destination", "PREFIX": "/usr", "NO_COLOR": "1"]
    let run = try TestProcess(
      program, arguments, environment: TestProcess.environment(with: changes)
    ).end()
    try #require(run.status == 0, "\(program) \(arguments): \(run.output)\(run.errors)")
    return run.output
  }

  private func files(below directory: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: directory).filter { path in
      var isDirectory = ObjCBool(false)
      return !FileManager.default.fileExists(atPath: "\(directory)/\(path)", isDirectory: &isDirectory)
        || !isDirectory.boolValue
    }
  }

  @Test("the programs find each other, and all of it can be taken away again")
  func programs() throws {
    let run = try TestProcess("\(prefix)/bin/millrace", ["doctor", "-o", "json"]).end()
    #expect(run.output.contains("`\(prefix)/lib/millrace/millrace-host`: "), "\(run.output)\(run.errors)")
    #expect(run.output.contains(" in `\(prefix)/lib/millrace/plugins`") || geteuid() != 0)
    let unit = try String(contentsOfFile: prefix + "/lib/systemd/system/millraced.service", encoding: .utf8)
    #expect(unit.contains("ExecStart=/usr/bin/millraced\n"))
    let others = [
      "include/millrace.h", "share/millrace/dashboard/index.html", "lib/sysusers.d/millrace.conf",
    ]
    for path in others {
      #expect(FileManager.default.fileExists(atPath: "\(prefix)/\(path)"), "\(path)")
    }
    try succeed("\(Self.sources)/etc/install", "--uninstall")
    #expect(try files(below: directory.path + "/destination").isEmpty)
  }

  @Test("there is a manual page for each command, and mandoc finds nothing wrong with any")
  func manual() throws {
    let pages = try files(below: prefix + "/share/man").sorted().map { "\(prefix)/share/man/\($0)" }
    for name in ["man1/millrace-schedule-add.1", "man1/millraced-init.1", "man5/millrace.yaml.5"] {
      #expect(pages.contains("\(prefix)/share/man/\(name)"), "\(name)")
    }
    let lint = try TestProcess("/usr/bin/mandoc", ["-T", "lint", "-W", "warning"] + pages).end()
    #expect(lint.status == 0, "\(lint.output)")
    let text = try succeed("/usr/bin/mandoc", "-T", "ascii", "\(prefix)/share/man/man1/millrace-submit.1")
    let plain = text.replacing(/.\u{8}/, with: "")
    let memory = "       --memory memory\n              Memory of all its processes together: 256M."
    #expect(plain.contains("\n\(memory)\n"))
    #expect(plain.contains("\n           millrace submit checksum path=/etc\n"))
  }

  @Test("bash, zsh and fish complete a command")
  func completions() throws {
    let share = prefix + "/share"
    let bash = try succeed(
      "/bin/bash", "-c",
      """
      source "$0" && complete -p millrace && COMP_WORDS=(millrace sche) COMP_CWORD=1
      COMP_LINE="millrace sche" COMP_POINT=13 COMP_TYPE=9
      _millrace && printf '<%s>' "${COMPREPLY[@]}"
      """, share + "/bash-completion/completions/millrace")
    #expect(bash.contains("-F _millrace millrace"))
    #expect(bash.contains("schedule"))
    let zsh = try succeed(
      "/usr/bin/zsh", "-f", "-c",
      "fpath=($0 $fpath); autoload -Uz compinit; compinit -u -D; autoload +X -Uz _millrace; "
        + "print $_comps[millrace]",
      share + "/zsh/site-functions")
    #expect(zsh == "_millrace\n")
    try succeed("/usr/bin/zsh", "-n", share + "/zsh/site-functions/_millraced")
    let fish = try succeed(
      "/usr/bin/fish", "--no-config", "-c",
      "set -x PATH \(prefix)/bin $PATH; source \(share)/fish/vendor_completions.d/millrace.fish; "
        + "complete -C 'millrace sche'")
    #expect(fish.hasPrefix("schedule\t"))
  }
}
