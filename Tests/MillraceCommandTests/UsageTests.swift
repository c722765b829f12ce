import ArgumentParser
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import millrace

@Suite("Using the program")
struct UsageTests {
  @Test(
    "what can't be understood is 2, on standard error",
    arguments: [
      ["lits"], ["list", "--state", "done"], ["list", "x"], ["list", "--limit", "0"], ["show"],
      ["show", "x"],
      ["submit"], ["submit", "exec", "ls"], ["submit", "x", "--memory", "0"],
      ["submit", "x", "--memory", "-1"],
      ["submit", "x", "--priority", "11"], ["submit", "x", "--cpu", "much"],
      ["submit", "x", "--timeout", "30"],
      ["submit", "x", "--label", "y"], ["submit", "x", "--batch", "f"], ["submit", "--batch", "/none"],
      ["submit", "x", "--input", "/none"], ["submit", "--batch", "-", "--follow"], ["run"],
      ["run", "ls", "-l"],
      ["wait"], ["wait", "42.1"], ["wait", "1", "--no-block", "--timeout", "1s"],
      ["history", "--since", "soon"],
      ["history", "--by", "day"], ["history", "-o", "xml"],
    ])
  func usage(arguments: [String]) throws {
    let outcome = try Program(arguments, path: Program.path).end()
    #expect(outcome.code == 2)
    #expect(outcome.out == "")
    #expect(outcome.error.hasPrefix("error: "))
  }

  @Test("help and version go to standard output")
  func help() throws {
    for command in Millrace.configuration.subcommands {
      let name = command._commandName
      let outcome = try Program.millrace("help", name)
      #expect(outcome.code == 0)
      #expect(outcome.error == "")
      #expect(outcome.out.contains("examples:"), "\(name)")
    }
    #expect(try Program.millrace().out.contains("SUBCOMMANDS:"))
    #expect(try Program.millrace("--version") == .init(code: 0, out: "\(Millrace.version)\n", error: ""))
  }

  @Test("doctor is handed to the millraced beside it; without one it says so")
  func doctor() throws {
    let directory = try TemporaryDirectory()
    let copy = directory.path + "/millrace"
    // Other tests fork: only a file that no process of ours ever had open for writing can be executed.
    func shell(_ script: String) throws {
      #expect(try Program(["-ec", script, Program.path, copy], path: "/bin/sh").end().code == 0)
    }
    try shell("cp \"$0\" \"$1\"")
    let alone = try Program(["doctor"], path: copy).end()
    #expect(alone.code == 125)
    #expect(alone.error.hasPrefix("error: cannot start `millraced`: No such file or directory\n\nhint: "))
    try shell("printf '#!/bin/sh\\necho \"$@\"\\nexit 7\\n' > \"${1}d\"; chmod 755 \"${1}d\"")
    let outcome = try Program(["doctor", "-o", "json", "--config", "x"], path: copy).end()
    #expect(outcome == .init(code: 7, out: "doctor -o json --config x\n", error: ""))
  }

  @Test("a socket that is not for this user is 5")
  func notPermitted() throws {
    let server = try ScriptedServer { _ in [] }
    chmod(server.socket, 0)
    // Root may use any socket: the program runs as nobody then.
    let words = ["-c", "exec \"$0\" status --socket \"$1\"", Program.path, server.socket]
    let isRoot = getuid() == 0
    chmod(String(server.socket.dropLast(2)), 0o755)
    let outcome = try Program(
      isRoot ? ["--reuid=65534", "--clear-groups", "/bin/sh"] + words : words,
      path: isRoot ? "/usr/bin/setpriv" : "/bin/sh"
    ).end()
    #expect(outcome.code == 5)
    #expect(outcome.error.contains("Permission denied\n\nhint: "))
  }
}
