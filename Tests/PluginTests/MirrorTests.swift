import FoundationEssentials
import Glibc
import PluginRecording
import Testing

@Suite("file.mirror makes one tree like another")
struct MirrorTests {
  private struct Report: Decodable, Equatable {
    var copied = 0
    var bytes = 0
    var links = 0
    var directories = 0
    var touched = 0
    var deleted = 0
    var failed = 0
  }

  private func makeTree() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try directory.write("from/a/deep/file", (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    try directory.write("from/b", Array("hello\n".utf8))
    try directory.link("from/a/link", to: "/nowhere")
    #expect(chmod(directory.path + "/from/a", 0o750) == 0)
    for name in ["a/deep/file", "b", "a/link", "a"] { directory.age("from/" + name, days: 100) }
    return directory
  }

  private func mirror(
    _ directory: TemporaryDirectory, _ more: String = "", in surroundings: Surroundings = .init()
  ) throws -> (job: PluginRun, report: Report?) {
    let parameters = #"{"source":"\#(directory.path)/from","target":"\#(directory.path)/to"\#(more)}"#
    let job = try run("file.mirror", of: "mirror", parameters, in: surroundings)
    return (job, try job.decoded(Report.self))
  }

  /// Whether both trees have the same names, kinds, modes, times, links and bytes.
  private func expectAlike(_ directory: TemporaryDirectory) throws {
    let listing = ["find", ".", "-mindepth", "1", "-printf", #"%P %y %m %l %T@\n"#]
    let from = try execute(listing, in: directory.path + "/from").output.split(separator: "\n").sorted()
    let to = try execute(listing, in: directory.path + "/to").output.split(separator: "\n").sorted()
    #expect(from == to)
    let compared = try execute(["diff", "-r", "--no-dereference", "from", "to"], in: directory.path)
    #expect(compared.status == 0, "\(compared.output)")
  }

  @Test("The first run copies all, the second nothing")
  func twice() throws {
    let directory = try makeTree()
    let (job, first) = try mirror(directory)
    #expect(job.failure == nil, "\(job)")
    #expect(first == Report(copied: 2, bytes: 600_006, links: 1, directories: 2))
    try expectAlike(directory)
    #expect(try mirror(directory).report == Report())
    try expectAlike(directory)
  }

  @Test("Only what differs is touched; what the source lacks stays unless it is to be deleted")
  func differences() throws {
    let directory = try makeTree()
    _ = try mirror(directory)
    try directory.write("from/b", Array("other\n".utf8))  // The same size; the time tells.
    #expect(chmod(directory.path + "/from/a/deep/file", 0o600) == 0)
    try directory.write("to/extra/file", [])
    let (job, report) = try mirror(directory)
    #expect(job.failure == nil, "\(job)")
    #expect(report == Report(copied: 1, bytes: 6, touched: 1))
    #expect(directory.names.contains("to/extra/file"))
    #expect(try mirror(directory, #","delete":true,"dry_run":true"#).report == Report(deleted: 2))
    #expect(directory.names.contains("to/extra/file"))
    #expect(try mirror(directory, #","delete":true"#).report == Report(deleted: 2))
    try expectAlike(directory)
  }

  @Test("Other bytes under the same time and size are found when content is compared")
  func content() throws {
    let directory = try makeTree()
    _ = try mirror(directory)
    try directory.write("from/b", Array("other\n".utf8))
    directory.age("from/b", days: 100)
    directory.age("to/b", days: 100)
    var times = stat()
    #expect(stat(directory.path + "/from/b", &times) == 0)
    #expect(utimensat(AT_FDCWD, directory.path + "/to/b", [times.st_mtim, times.st_mtim], 0) == 0)
    #expect(try mirror(directory).report == Report())
    #expect(try mirror(directory, #","compare":"content""#).report == Report(copied: 1, bytes: 6))
    try expectAlike(directory)
  }

  @Test("A dry run on no target tells what would be copied and makes nothing")
  func dryRun() throws {
    let directory = try makeTree()
    let (job, report) = try mirror(directory, #","dry_run":true"#)
    #expect(job.failure == nil, "\(job)")
    #expect(report == Report(copied: 2, bytes: 600_006, links: 1, directories: 2))
    #expect(directory.names.allSatisfy { $0.hasPrefix("from") })
  }

  @Test("More deletions than are allowed are none, and nothing else is done")
  func maxDelete() throws {
    let directory = try makeTree()
    for number in 0..<3 { try directory.write("to/extra\(number)", []) }
    let job = try mirror(directory, #","delete":true,"max_delete":2"#).job
    #expect(job.failureCode == "too_many_deletions")
    #expect(directory.names.filter { $0.hasPrefix("to/") } == ["to/extra0", "to/extra1", "to/extra2"])
    #expect(try mirror(directory, #","delete":true,"max_delete":3"#).job.failure == nil)
    try expectAlike(directory)
  }

  @Test("A source that is empty or missing stops it, and the target stays")
  func noSource() throws {
    let directory = try TemporaryDirectory()
    try directory.write("to/file", [])
    #expect(try mirror(directory, #","delete":true"#).job.failureCode == "not_found")
    #expect(mkdir(directory.path + "/from", 0o755) == 0)
    #expect(try mirror(directory, #","delete":true"#).job.failureCode == "empty_source")
    #expect(directory.names == ["from", "to", "to/file"])
  }

  @Test("A file in the place of a directory, or the reverse, gives way only where deletion is allowed")
  func inTheWay() throws {
    let directory = try makeTree()
    try directory.write("to/b/inside/file", [])
    try directory.write("to/b-other", [])
    try directory.write("to/a", [])
    let refused = try mirror(directory).job
    #expect(refused.failureCode == "in_the_way", "\(refused)")
    #expect(refused.failure?.message.hasPrefix("`a` is a directory in one of the trees") == true)
    #expect(directory.names.contains("to/b/inside/file"))
    let (job, report) = try mirror(directory, #","delete":true"#)
    #expect(job.failure == nil, "\(job)")
    #expect(report?.deleted == 5)
    try expectAlike(directory)
  }

  @Test("What is excepted is neither copied nor deleted, nor is the directory that it is in")
  func except() throws {
    let directory = try makeTree()
    try directory.write("from/x.tmp", [])
    try directory.write("to/kept/y.tmp", [])
    try directory.write("to/kept/z", [])
    let (job, report) = try mirror(directory, #","delete":true,"except":["*.tmp"]"#)
    #expect(job.failure == nil, "\(job)")
    #expect(report?.deleted == 1)
    #expect(directory.names.filter { $0.hasPrefix("to/kept") } == ["to/kept", "to/kept/y.tmp"])
    #expect(!directory.names.contains("to/x.tmp"))
  }

  @Test("A link in the target is replaced, not written through")
  func linkInTarget() throws {
    let directory = try makeTree()
    try directory.write("victim", Array("mine".utf8))
    #expect(mkdir(directory.path + "/to", 0o755) == 0)
    try directory.link("to/b", to: "../victim")
    #expect(try mirror(directory).job.failure == nil)
    #expect(try String(contentsOfFile: directory.path + "/victim") == "mine")
    try expectAlike(directory)
  }

  @Test("What can't be read is named, the rest is copied and nothing is deleted")
  func unreadable() throws {
    let directory = try makeTree()
    try directory.write("to/extra", [])
    #expect(chmod(directory.path + "/to", 0o777) == 0)
    #expect(chmod(directory.path + "/from/a", 0) == 0)
    let (job, report) = try mirror(directory, #","delete":true"#, in: Surroundings(user: 65534))
    #expect(job.failureCode == "not_mirrored", "\(job)")
    #expect(job.fields(level: 5) == [[["path", "a"], ["error", "Permission denied"]]])
    #expect(report?.copied == 1 && report?.deleted == 0)
    #expect(directory.names.contains("to/b") && directory.names.contains("to/extra"))
  }

  @Test("A stop amidst a file leaves no half of it, and the next run goes on")
  func stop() throws {
    let directory = try makeTree()
    try directory.write("from/c", [])
    #expect(truncate(directory.path + "/from/c", 1 << 40) == 0)
    let stopped = Surroundings(stopsAt: {
      if case .progress(_, let message) = $0 { message == "c" } else { false }
    })
    let (job, report) = try mirror(directory, in: stopped)
    #expect(job.failureCode == "cancelled", "\(job)")
    #expect(report?.copied == 2)
    #expect(directory.names.filter { $0.hasPrefix("to/") }.count == 5, "\(directory.names)")
    #expect(truncate(directory.path + "/from/c", 0) == 0)
    #expect(try mirror(directory).report?.copied == 1)
    try expectAlike(directory)
  }

  @Test("Trees that lie in each other, and a target that the system needs, are refused")
  func wrongPlaces() throws {
    let directory = try makeTree()
    let path = directory.path
    for (source, target, code) in [
      ("\(path)/from", "\(path)/from/inner", "invalid_parameters"),
      (path, "\(path)/from", "invalid_parameters"),
      ("\(path)/from/a", "\(path)/from", "invalid_parameters"), ("\(path)/from", "/etc", "vital_directory"),
      ("\(path)/from", "to", "invalid_parameters"), ("\(path)/from", "\(path)/from/a/link", "is_a_link"),
      ("\(path)/from", "\(path)/no/where", "not_found"), ("", "/tmp/x", "invalid_parameters"),
    ] {
      let parameters = #"{"source":"\#(source)","target":"\#(target)","delete":true}"#
      let job = try run("file.mirror", of: "mirror", parameters)
      #expect(job.failureCode == code, "\(source) \(target): \(job)")
    }
    #expect(!directory.names.contains("to") && !directory.names.contains("from/inner"))
    #expect(directory.names.count == 6)
  }
}
