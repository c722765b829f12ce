import FoundationEssentials
import Glibc
import PluginRecording
import Testing

@Suite("cleanup.files deletes files by age, size and name")
struct CleanupTests {
  private struct Report: Decodable {
    var found: Counts
    var deleted: Counts
    var leftBytes: Int
    var changed: Int
    var notDeleted: Int
    var list: [Item]
    var listIsCut: Bool
    var dryRun: Bool

    struct Counts: Decodable, Equatable {
      var files: Int
      var directories: Int
      var bytes: Int
    }

    struct Item: Decodable {
      var path: String
    }
  }

  private func clean(
    _ directory: TemporaryDirectory, _ parameters: String, in surroundings: Surroundings = .init()
  ) throws -> (job: PluginRun, report: Report?) {
    let job = try run(
      "cleanup.files", of: "cleanup", #"{"path":"\#(directory.path)",\#(parameters)}"#, in: surroundings)
    return (job, try job.decoded(Report.self))
  }

  /// Three files of 10 bytes, 1, 20 and 40 days old, and a link as old as the oldest.
  private func makeTree() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    for (name, days) in [("new.log", 1), ("a/middle.tmp", 20), ("a/b/old.tmp", 40)] {
      try directory.write(name, Array("0123456789".utf8))
      directory.age(name, days: days)
    }
    try directory.link("link", to: "/etc/passwd")
    directory.age("link", days: 40)
    return directory
  }

  @Test("Unless told otherwise it only tells what it would delete")
  func dryRun() throws {
    let directory = try makeTree()
    let (job, report) = try clean(directory, #""older_than":"30d""#)
    #expect(job.failure == nil)
    #expect(report?.dryRun == true)
    #expect(report?.list.map(\.path) == ["a/b/old.tmp", "link"])
    #expect(directory.names == ["a", "a/b", "a/b/old.tmp", "a/middle.tmp", "link", "new.log"])
  }

  @Test("What is old goes, links as links, each with a line in the log")
  func age() throws {
    let directory = try makeTree()
    let (job, report) = try clean(directory, #""older_than":"30d","dry_run":false"#)
    #expect(job.failure == nil, "\(job)")
    #expect(directory.names == ["a", "a/b", "a/middle.tmp", "new.log"])
    #expect(report?.deleted == .init(files: 2, directories: 0, bytes: 10 + "/etc/passwd".utf8.count))
    #expect(report?.found == .init(files: 4, directories: 2, bytes: 30 + "/etc/passwd".utf8.count))
    #expect(job.fields(level: 2).map { $0.first } == [["path", "a/b/old.tmp"], ["path", "link"]])
    #expect(access("/etc/passwd", F_OK) == 0)
  }

  @Test("The oldest go until the tree has no more bytes than it may keep, with what is old in any case")
  func size() throws {
    let directory = try makeTree()
    let (job, report) = try clean(directory, #""keep_at_most":15,"dry_run":false"#)
    #expect(job.failure == nil, "\(job)")
    #expect(report?.leftBytes == 10)
    #expect(directory.names == ["a", "a/b", "new.log"])
  }

  @Test("A tree that stays too large is a failure")
  func stillOver() throws {
    let directory = try makeTree()
    let (job, report) = try clean(
      directory, #""keep_at_most":15,"patterns":["old*"],"except":["link"],"dry_run":false"#)
    #expect(job.failureCode == "still_over")
    #expect(report?.leftBytes == 20)
    #expect(directory.names == ["a", "a/b", "a/middle.tmp", "link", "new.log"])
  }

  @Test(
    "Patterns pick names and paths",
    arguments: [
      (#""patterns":["*.tmp"]"#, ["a/b/old.tmp", "a/middle.tmp"]),
      (#""patterns":["a/*.tmp"]"#, ["a/middle.tmp"]),
      (#""patterns":["a/**"]"#, ["a/b/old.tmp", "a/middle.tmp"]),
      (#""patterns":["**/old.*"]"#, ["a/b/old.tmp"]),
      (#""patterns":["**/b/**/*.tmp","new.log"]"#, ["a/b/old.tmp", "new.log"]),
      (#""patterns":["*"],"except":["b","link","*.log"]"#, ["a/middle.tmp"]),
      (#""older_than":"1h","patterns":["a"]"#, []),
    ])
  func patterns(_ parameters: String, _ expected: [String]) throws {
    let (job, report) = try clean(try makeTree(), parameters)
    #expect(job.failure == nil, "\(job)")
    #expect(report?.list.map(\.path).sorted() == expected)
  }

  @Test(
    "Directories that are empty go from the innermost on; those with something left out stay",
    arguments: [true, false])
  func emptyDirectories(_ isDry: Bool) throws {
    let directory = try makeTree()
    try directory.write("kept/deep/file", [])
    let parameters = #""patterns":["*.tmp"],"except":["file"],"empty_directories":true,"dry_run":\#(isDry)"#
    let (job, report) = try clean(directory, parameters)
    #expect(job.failure == nil, "\(job)")
    #expect(report?.list.map(\.path) == ["a/b/old.tmp", "a/middle.tmp", "a/b", "a"])
    if !isDry { #expect(directory.names == ["kept", "kept/deep", "kept/deep/file", "link", "new.log"]) }
  }

  @Test("A directory that was changed lately stays, empty as it is")
  func youngDirectory() throws {
    let directory = try TemporaryDirectory()
    for name in ["old", "young"] { #expect(mkdir("\(directory.path)/\(name)", 0o755) == 0) }
    directory.age("old", days: 3)
    _ = try clean(directory, #""older_than":"1d","empty_directories":true,"dry_run":false"#)
    #expect(directory.names == ["young"])
  }

  @Test("Somebody who swaps a directory for a link all the time leads it nowhere")
  func swaps() throws {
    let directory = try TemporaryDirectory()
    let outside = try TemporaryDirectory()
    // Links to the same files: nothing but the way to them tells them from those within.
    #expect(mkdir("\(directory.path)/a", 0o755) == 0)
    for number in 0..<3000 {
      try outside.write("f\(number)", [])
      outside.age("f\(number)", days: 9)
      #expect(Glibc.link("\(outside.path)/f\(number)", "\(directory.path)/a/f\(number)") == 0)
    }
    try directory.link("b", to: outside.path)
    let (a, b, aside) = ("\(directory.path)/a", "\(directory.path)/b", "\(directory.path)/c")
    // The channel holds far fewer events than there are files: the job is amidst them at each swap.
    let swapping = Surroundings(stopsAt: {
      guard case .log = $0 else { return false }
      guard rename(a, aside) == 0, rename(b, a) == 0, rename(aside, b) == 0 else { return true }
      return false
    })
    let parameters = #""older_than":"1d","except":["b","c"],"dry_run":false"#
    let (job, report) = try clean(directory, parameters, in: swapping)
    #expect(job.failureCode != "cancelled", "the directories could not be swapped")
    #expect(report?.list.contains { $0.path.hasPrefix("a/f") } == true)
    #expect((report?.changed ?? 0) > 0, "it never met the link")
    #expect(outside.names.count == 3000)
  }

  @Test(
    "What the system needs is refused, however it is spelled",
    arguments: ["/", "//", "/etc", "/usr/../etc", "/usr/lib/", "/proc/1", "/sys/kernel", "/var/lib"])
  func vital(_ path: String) throws {
    let job = try run("cleanup.files", of: "cleanup", #"{"path":"\#(path)","older_than":"52w"}"#)
    #expect(job.failureCode == "vital_directory", "\(job)")
  }

  @Test("A link as the directory, or on the way to it, is refused")
  func linkedRoot() throws {
    let directory = try makeTree()
    try directory.link("way", to: directory.path)
    for path in ["way", "way/", "way/a"] {
      let job = try run(
        "cleanup.files", of: "cleanup", #"{"path":"\#(directory.path)/\#(path)","older_than":"1d"}"#)
      #expect(job.failureCode == "is_a_link", "\(path): \(job)")
    }
  }

  @Test("Another file system that is mounted below is passed over, unless it is to be crossed into")
  func mounts() throws {
    let directory = try makeTree()
    let script = #"mount --bind "$0/a/b" "$0/a" && exec "$@""#
    let mounting = Surroundings(command: {
      ["unshare", "--mount", "sh", "-c", script, directory.path, $0, $1]
    })
    for (crosses, expected) in [(false, ["link"]), (true, ["a/old.tmp", "link"])] {
      let parameters = #""older_than":"30d","cross_filesystems":\#(crosses)"#
      let job = try run(
        "cleanup.files", of: "cleanup", #"{"path":"\#(directory.path)",\#(parameters)}"#, in: mounting)
      #expect(try job.decoded(Report.self)?.list.map(\.path).sorted() == expected, "\(job)")
    }
  }

  @Test("What may not be deleted is named, and the rest goes")
  func forbidden() throws {
    let directory = try makeTree()
    #expect(chmod(directory.path, 0o777) == 0)
    let (job, report) = try clean(
      directory, #""older_than":"10d","dry_run":false"#, in: Surroundings(user: 65534))
    #expect(job.failureCode == "not_deleted")
    #expect(report?.notDeleted == 2)
    #expect(directory.names == ["a", "a/b", "a/b/old.tmp", "a/middle.tmp", "new.log"])
    #expect(
      Set(job.fields(level: 5)) == [
        [["path", "a/b/old.tmp"], ["error", "Permission denied"]],
        [["path", "a/middle.tmp"], ["error", "Permission denied"]],
      ])
  }

  @Test("A stop leaves the rest, and the report tells what went")
  func stop() throws {
    let directory = try TemporaryDirectory()
    for number in 0..<3000 {
      try directory.write("f\(number)", [])
      directory.age("f\(number)", days: 9)
    }
    let stopped = Surroundings(stopsAt: { if case .log = $0 { true } else { false } })
    let (job, report) = try clean(directory, #""older_than":"1d","dry_run":false"#, in: stopped)
    #expect(job.failureCode == "cancelled")
    #expect(job.failure?.isRetryable == true)
    let left = directory.names.count
    #expect(left > 0 && report?.deleted.files == 3000 - left)
    #expect(report.map { $0.listIsCut == ($0.deleted.files > 1000) } == true)
  }

  @Test(
    "Parameters that don't fit are refused",
    arguments: [
      "{}", #"{"path":"/tmp"}"#, #"{"path":"tmp","older_than":"1d"}"#,
      #"{"path":"/tmp","older_than":"1 day"}"#,
      #"{"path":"/tmp","older_than":-1}"#, #"{"path":"/tmp","patterns":[""]}"#,
      #"{"path":"/tmp","patterns":"*"}"#, #"{"path":"/tmp","keep_at_most":"many"}"#,
    ])
  func wrongParameters(_ parameters: String) throws {
    #expect(try run("cleanup.files", of: "cleanup", parameters).failureCode == "invalid_parameters")
  }
}
