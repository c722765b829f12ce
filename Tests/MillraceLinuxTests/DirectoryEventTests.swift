import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

@Suite("Files in watched directories", .timeLimit(.minutes(2)))
struct DirectoryEventTests {
  private let files: WatchedFiles

  init() throws { files = try WatchedFiles() }

  @Test("are told when they are closed after writing, with what they are")
  func closed() async throws {
    try await files.watch([files.rule()])
    try files.write("in/a.csv", "12345")
    let file = try await files.next { $0.schedule == "a" }
    #expect(file.directory == files.path("in"))
    #expect(file.name == "a.csv")
    #expect(file.bytes == 5)
    #expect(file.modified <= files.changed("in/a.csv"))
    #expect(file.identity.hasPrefix(files.path("in/a.csv:")))
  }

  @Test("are not told before that")
  func open() async throws {
    try await files.watch([files.rule()])
    do {
      let file = try Descriptor(opening: files.path("in/a"), flags: O_WRONLY | O_CREAT)
      try Array("half".utf8).withUnsafeBytes { try file.write($0, "a") }
      try files.write("in/b")
      #expect(try await files.names(until: "b") == ["b"])
    }
    #expect(try await files.names(until: "a") == ["a"])
  }

  @Test("are told when they are moved in, and when they take another's place as with editors")
  func moved() async throws {
    try await files.watch([files.rule()])
    try files.write("a")
    rename(files.path("a"), files.path("in/a"))
    let first = try await files.next { $0.schedule == "a" }
    try files.write("in/.a.swp", "changed")
    rename(files.path("in/.a.swp"), files.path("in/a"))
    let second = try await files.next { $0.schedule == "a" }
    #expect([first.name, second.name] == ["a", "a"])
    #expect(first.identity != second.identity)
  }

  @Test("are other ones after each change of their content, and the same ones without")
  func appended() async throws {
    try await files.watch([files.rule()])
    try files.write("in/a")
    let first = try await files.next { $0.schedule == "a" }
    try files.write("in/a", "more", flags: O_APPEND)
    let second = try await files.next { $0.schedule == "a" }
    #expect(second.bytes == 5)
    #expect(first.identity != second.identity)
    try files.write("in/a", "", flags: O_APPEND)
    #expect(try await files.next { $0.schedule == "a" }.identity == second.identity)
  }

  @Test("are regular files: no directories, links, pipes; hidden ones only if the pattern begins with a dot")
  func kinds() async throws {
    try files.write("elsewhere")
    try await files.watch([files.rule(), files.rule("dots", "in", ".*")])
    mkdir(files.path("in/directory"), 0o755)
    mkdir(files.path("moved"), 0o755)
    rename(files.path("moved"), files.path("in/moved"))
    symlink(files.path("elsewhere"), files.path("in/link"))
    try files.write("in/link")
    symlink(files.path("elsewhere"), files.path("link"))
    rename(files.path("link"), files.path("in/moved-link"))
    mkfifo(files.path("pipe"), 0o644)
    rename(files.path("pipe"), files.path("in/pipe"))
    try files.write("in/.hidden")
    try files.write("in/last")
    #expect(try await files.names(until: "last") == ["last"])
    #expect(try await files.names(of: "dots", until: ".hidden").last == ".hidden")
  }

  @Test("are told to each schedule whose pattern fits, also of one directory by two paths")
  func patterns() async throws {
    symlink(files.path("in"), files.path("also"))
    let rules = [
      files.rule("csv", "in", "*.csv"), files.rule("all", "in/./"), files.rule("linked", "also", "b*"),
    ]
    try await files.watch(rules)
    try files.write("in/a.csv")
    try files.write("in/b.csv")
    try files.write("in/b.txt")
    #expect(try await files.names(of: "csv", until: "b.csv") == ["a.csv", "b.csv"])
    #expect(try await files.names(of: "all", until: "b.txt") == ["a.csv", "b.csv", "b.txt"])
    let linked = try await files.next { $0.schedule == "linked" }
    #expect(linked.directory == files.path("also"))
    #expect(linked.name == "b.csv")
    // One of the two paths ends: the other goes on.
    try await files.watch([files.rule("linked", "also", "b*")])
    try files.write("in/b.new")
    #expect(try await files.names(of: "linked", until: "b.new").last == "b.new")
  }

  @Test("with names that are no UTF-8 are a notice")
  func oddNames() async throws {
    try await files.watch([files.rule("a", "in", "*.csv")])
    for name in [[0x63, 0xE9, 0x0A], [0xFF]] as [[UInt8]] {
      let bytes = Array(files.path("in/").utf8) + name + Array(".csv".utf8) + [0]
      Glibc.close(Glibc.creat(bytes.map { CChar(bitPattern: $0) }, 0o644))
    }
    let first = try await files.notice()
    #expect(first.hasPrefix("schedule `a`: "))
    #expect(first.contains("the name is no UTF-8: `c\\xE9\\x0A.csv`; rename"))
    try files.write("in/ü.csv")
    #expect(try await files.names(until: "ü.csv") == ["ü.csv"])
  }

  @Test("are told each once, all of twenty thousand that come at once")
  func burst() async throws {
    try await files.watch([files.rule()])
    let names = (0..<20_000).map { "in/\($0)" }
    let writer = Task { [files = UncheckedFiles(files)] in
      for name in names { try files.files.write(name) }
    }
    let identities = try await files.identities(names.count)
    try await writer.value
    #expect(identities.count == names.count)
  }

  @Test("are told all when the kernel has lost events")
  func overflow() async throws {
    try await files.watch([files.rule()])
    // Nobody reads meanwhile: of more than the queue holds and the source keeps, events are lost.
    let count = try WatchedFiles.queue() + 4000
    for number in 0..<count { try files.write("in/\(number)") }
    #expect(try await files.identities(count).count == count)
    try files.write("in/after")
    while try await files.next(where: "a") != "after" {}
  }

  @Test("are watched without any timer while nothing is wrong")
  func idle() async throws {
    try await files.watch([files.rule()])
    try files.write("in/a")
    _ = try await files.next { $0.schedule == "a" }
    // poll(2) is call 7, or ppoll(2) 271: with four descriptors, and for ever.
    func sleepsForEver() throws -> Bool {
      var tasks: [String] = []
      let listing = try DirectoryScan("/proc/self/task", .all)
      while case let names = try listing.names(atMost: 100), !names.isEmpty {
        tasks += names.compactMap(\.text).filter { !$0.hasPrefix(".") }
      }
      return tasks.contains { task in
        // A thread can end while it is looked at.
        let words = (try? textFile("/proc/self/task/\(task)/syscall"))?.split(separator: " ") ?? []
        guard words.count > 3, words[2] == "0x4" else { return false }
        return words[0] == "7" && words[3].hasSuffix("ffffffff")
      }
    }
    while try !sleepsForEver() { await Task.yield() }
  }

  @Test("leave no thread and no descriptor when the watch is over")
  func stopping() async throws {
    func count(_ directory: String) throws -> Int {
      try DirectoryScan(directory, .all).names(atMost: 10_000).count
    }
    let before = try count("/proc/self/fd")
    for _ in 0..<20 {
      let files = try WatchedFiles()
      try await files.watch([files.rule()])
      for number in 0..<2000 { try files.write("in/\(number)") }
      files.source.stop()
      await #expect(throws: TestFailure.self) { while true { _ = try await files.next() } }
    }
    while try count("/proc/self/fd") > before { await Task.yield() }
  }
}

/// SAFETY: what the writer uses of it never changes.
private struct UncheckedFiles: @unchecked Sendable {
  let files: WatchedFiles

  init(_ files: WatchedFiles) { self.files = files }
}

extension WatchedFiles {
  fileprivate func next(where schedule: String) async throws -> String {
    try await next { $0.schedule == schedule }.name
  }
}
