import Foundation
import TestSupport
import Testing

/// `millrace-host describe` on plugins as they should be and as they should not.
@Suite struct DescribeTests {
  @Test("a plugin's manifest holds all that it says of itself")
  func manifest() throws {
    let run = try HostProgram.run("describe", try FixturePlugin.handlers())
    #expect(run.status == 0)
    #expect(run.errors == "")
    let manifest = try #require(try JSONSerialization.jsonObject(with: run.output) as? [String: Any])
    #expect(manifest["abi"] as? Int == 1)
    #expect(manifest["name"] as? String == "handlers")
    #expect(manifest["version"] as? String == "1.2.3")
    #expect(manifest["has_warm_up"] as? Bool == false)
    let handlers = try #require(manifest["handlers"] as? [[String: Any]])
    let hello = try #require(handlers.first)
    #expect(hello["name"] as? String == "hello")
    #expect(hello["summary"] as? String == "Says \"hello\" — \\o/\t")
    #expect(hello["parameter_schema"] as? String == "{\"type\":\"object\"}")
    #expect(hello["limits"] as? [String: Int] == ["memory_bytes": 64 << 20, "cpu_millis": 500, "pids": 8])
    #expect(hello["timeout_ms"] as? Int == 30000)
    #expect(hello["max_attempts"] as? Int == 3)
    #expect(hello["retry_delay_ms"] as? Int == 1500)
    #expect(hello["concurrency"] as? Int == 2)
    #expect(hello["has_unrelated_jobs"] as? Bool == false)
    #expect(handlers[1]["parameter_schema"] is NSNull)
    #expect(handlers[1]["limits"] as? [String: Int] == ["memory_bytes": 0, "cpu_millis": 0, "pids": 0])
  }

  @Test(
    "a plugin that is not as it should be is refused with its fault",
    arguments: [
      ("CRASH", "crashed (SIGSEGV) while it was loaded"),
      ("CRASH_LATER", "crashed (SIGABRT) in `millrace_plugin_describe`"),
      ("EXIT", "ended its process with exit code 0 while it was loaded"),
      ("WRITE", "crashed (SIGXFSZ) while it was loaded"),
      ("SPIN", "did not return within"),
      ("NO_SYMBOL", "does not export `millrace_plugin_describe`"),
      ("NULL", "returned NULL"),
      ("NEWER_ABI", "is built for plugin interface 99, this is 1"),
      ("NO_ABI", "is built for plugin interface 0, this is 1"),
      ("SMALL_PLUGIN", "says that its `millrace_plugin` has 24 bytes"),
      ("HUGE_PLUGIN", "says that its `millrace_plugin` has 18446744073709551615 bytes"),
      ("SMALL_HANDLER", "says that its `millrace_handler` has 8 bytes"),
      ("UNEQUAL_HANDLERS", "bad handler 2: its size is 96, the first one's is 88"),
      ("LIMITS_SIZE", "the `millrace_limits` of `first` have the wrong size"),
      ("NO_HANDLERS", "has no handlers"),
      ("NULL_HANDLERS", "has no handlers"),
      ("MANY_HANDLERS", "has 257 handlers, more than 256"),
      ("DUPLICATE", "has two handlers named `first`"),
      ("BAD_NAME", "its name is invalid: `No spaces?`"),
      ("NULL_NAME", "its name is invalid: NULL"),
      ("LONG_NAME", "its name is invalid: `aaaa"),
      ("PLUGIN_NAME", "has no valid `name`: `9lives`"),
      ("NO_VERSION", "has no `version`"),
      ("REFUSAL", "refuses to be used: its words are?missing"),
      ("NULL_RUN", "`run` of `first` is NULL"),
      ("NEGATIVE", "`first` has a negative number"),
      ("NEGATIVE_LIMIT", "`first` has a negative limit"),
      ("WILD_POINTER", "crashed (SIGSEGV) while its description was read"),
      ("WILD_TEXT", "crashed (SIGSEGV) while its description was read"),
      ("NOT_UTF8", "a text that is not UTF-8"),
      ("LONG_MANIFEST", "has more than 1048576 bytes"),
    ])
  func faults(fault: String, complaint: String) throws {
    try expectRefusal(of: try FixturePlugin.faulty(fault), complaint)
  }

  @Test("a plugin that hangs in its constructor is given up after ten seconds")
  func hang() throws {
    try expectRefusal(
      of: try FixturePlugin.faulty("HANG"), "did not return within 10 s while it was loaded")
  }

  @Test("handlers of a newer interface with the same number are read at their own distance")
  func newerHandlers() throws {
    #expect(try names(of: try FixturePlugin.faulty("NEWER_HANDLERS")) == ["first", "second"])
  }

  @Test("handlers of an older interface, which had no `prepare`, are read without one")
  func olderHandlers() throws {
    let plugin = try FixturePlugin.faulty("OLDER_HANDLERS")
    #expect(try names(of: plugin) == ["first", "second"])
    #expect(try handlers(of: plugin).map { $0["has_prepare"] as? Bool } == [false, false])
  }

  @Test("a plugin says whether it is for warm hosts, and which handlers prepare for keys")
  func warmth() throws {
    let run = try HostProgram.run("describe", try FixturePlugin.warm())
    let manifest = try #require(try JSONSerialization.jsonObject(with: run.output) as? [String: Any])
    #expect(manifest["is_warm"] as? Bool == true && manifest["has_warm_up"] as? Bool == true)
    let handlers = try handlers(of: try FixturePlugin.warm())
    #expect(handlers.map { $0["has_prepare"] as? Bool } == [true, false, false, false])
  }

  @Test("a plugin with files of its own may have no handlers, and says what is wrong with them")
  func problems() throws {
    let run = try HostProgram.run("describe", try FixturePlugin.faulty("HAS_FILES"))
    let manifest = try #require(try JSONSerialization.jsonObject(with: run.output) as? [String: Any])
    #expect(manifest["has_files"] as? Bool == true && (manifest["handlers"] as? [Any])?.isEmpty == true)
    #expect(manifest["problems"] as? [String] == ["one.py: it is bad", "two"])
  }

  @Test("a plugin of an older interface, which had no `problems`, is read without them")
  func olderPlugin() throws {
    let run = try HostProgram.run("describe", try FixturePlugin.faulty("OLDER_PLUGIN"))
    let manifest = try #require(try JSONSerialization.jsonObject(with: run.output) as? [String: Any])
    #expect(manifest["has_files"] as? Bool == false && (manifest["problems"] as? [Any])?.isEmpty == true)
  }

  @Test("a constructor that writes to every descriptor does not disturb the manifest")
  func noise() throws {
    #expect(try names(of: try FixturePlugin.faulty("NOISE")) == ["first"])
  }

  @Test("a process that a constructor leaves behind is killed")
  func daemon() throws {
    let plugin = try FixturePlugin.faulty("DAEMON")
    #expect(try names(of: plugin) == ["first"])
    let maps = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.map {
      // A process may end while we look.
      (try? String(contentsOfFile: "/proc/\($0)/maps", encoding: .utf8)) ?? ""
    }
    #expect(!maps.contains { $0.contains(plugin) })
  }

  @Test("a file that is no shared library for this machine is refused before it is loaded")
  func wrongFiles() throws {
    let text = TestDirectory.newPath("text.so")
    try "#!/bin/sh\n".write(toFile: text, atomically: false, encoding: .utf8)
    try expectRefusal(of: text, "is no ELF file")
    try expectRefusal(of: try FixturePlugin.altered { $0.removeLast($0.count - 20) }, "is no ELF file")
    // e_machine (elf(5)): 243 is RISC-V.
    try expectRefusal(of: try FixturePlugin.altered { $0[18] = 243 }, "is built for RISC-V, this machine")
    try expectRefusal(of: try FixturePlugin.altered { $0[4] = 1 }, "is built for 32-bit ")
    try expectRefusal(of: try FixturePlugin.altered { $0[16] = 1 }, "is an ELF file but no shared library")
    try expectRefusal(
      of: try FixturePlugin.altered { $0.removeLast($0.count - 2000) }, "crashed (SIGBUS) while it was loaded"
    )
    try expectRefusal(of: "/nowhere/libx.so", "cannot open plugin `/nowhere/libx.so`: No such file")
    try expectRefusal(of: TestDirectory.path, "is no regular file")
    let fifo = TestDirectory.newPath("fifo.so")
    try check(mkfifo(fifo, 0o644), "make a FIFO")
    try expectRefusal(of: fifo, "is no regular file")
  }

  @Test("a plugin that `nobody` can't read is refused")
  func unreadable() throws {
    let plugin = try FixturePlugin.altered { _ in }
    chmod(plugin, 0)
    try expectRefusal(of: plugin, "cannot open plugin `\(plugin)`: Permission denied")
  }

  @Test(
    "wrong arguments are a usage error",
    arguments: [[], ["describe"], ["frobnicate"], ["cold"], ["keeper", "--socket-fd", "x"]])
  func usage(arguments: [String]) throws {
    let run = try HostProgram.run(arguments)
    #expect(run.status == 2)
    #expect(run.errors.hasPrefix("error: "))
    #expect(run.output.isEmpty)
  }

  @Test("help and version go to standard output")
  func help() throws {
    let help = try HostProgram.run("--help")
    #expect(help.status == 0)
    #expect(String(decoding: help.output, as: UTF8.self).hasPrefix("usage: millrace-host keeper"))
    let version = try HostProgram.run("--version")
    #expect(String(decoding: version.output, as: UTF8.self).contains("plugin interface 1"))
  }

  private func names(of plugin: String) throws -> [String] {
    try handlers(of: plugin).compactMap { $0["name"] as? String }
  }

  private func handlers(of plugin: String) throws -> [[String: Any]] {
    let run = try HostProgram.run("describe", plugin)
    try #require(run.status == 0, "\(run.errors)")
    let manifest = try #require(try JSONSerialization.jsonObject(with: run.output) as? [String: Any])
    return try #require(manifest["handlers"] as? [[String: Any]])
  }

  private func expectRefusal(of plugin: String, _ complaint: String) throws {
    let run = try HostProgram.run("describe", plugin)
    #expect(run.status == 1)
    #expect(run.output.isEmpty)
    let lines = run.errors.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 4 && lines[1].isEmpty && lines[2].hasPrefix("hint: "), "\(run.errors)")
    #expect(lines[0].hasPrefix("error: ") && lines[0].contains(complaint), "\(run.errors)")
  }
}
