import FoundationEssentials
import Glibc
import PluginRecording
import Testing

@Suite("file.archive packs trees")
struct ArchiveTests {
  private struct Report: Decodable {
    var format: String
    var files: Int
    var directories: Int
    var links: Int
    var bytes: Int
    var passedOver: Int
  }

  private func makeTree() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try directory.write("tree/a/deep/file", (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    try directory.write("tree/ä é", Array("hello\n".utf8))
    try directory.write("tree/empty", [])
    try directory.link("tree/a/link", to: "../empty")
    #expect(chmod(directory.path + "/tree/a", 0o750) == 0)
    for name in ["ä é", "a/link", "a"] { directory.age("tree/" + name, days: 100) }
    return directory
  }

  private func pack(
    _ directory: TemporaryDirectory, into archive: String, _ more: String = "",
    in surroundings: Surroundings = .init()
  ) throws -> PluginRun {
    let parameters = #"{"path":"\#(directory.path)/tree","archive":"\#(directory.path)/\#(archive)"\#(more)}"#
    return try run("file.archive", of: "archiver", parameters, in: surroundings)
  }

  @Test(
    "The usual tools unpack it to the same tree",
    arguments: [("x.tar.zst", "tar"), ("x.tar.gz", "tar"), ("x.tgz", "tar"), ("x.zip", "unzip")])
  func otherTools(_ name: String, _ tool: String) throws {
    let directory = try makeTree()
    let job = try pack(directory, into: name)
    #expect(job.failure == nil, "\(job)")
    let report = try #require(try job.decoded(Report.self))
    #expect(report.files == 3 && report.directories == 2 && report.links == 1 && report.bytes == 700_006)
    #expect(mkdir(directory.path + "/out", 0o755) == 0)
    let command = tool == "tar" ? ["tar", "-xf", "../\(name)"] : ["unzip", "-q", "../\(name)"]
    let unpacked = try execute(command, in: directory.path + "/out")
    #expect(unpacked.status == 0, "\(unpacked.output)")
    let compared = try execute(["diff", "-r", "--no-dereference", "tree", "out"], in: directory.path)
    #expect(compared.status == 0, "\(compared.output)")
    #expect(directory.names.count == 1 + 7 + 7, "nothing else is left: \(directory.names)")
  }

  @Test(
    "Unpacked again it has the same bytes, links, permissions and times",
    arguments: ["tar.zst", "tar.gz", "zip"])
  func roundTrip(_ format: String) throws {
    let directory = try makeTree()
    #expect(try pack(directory, into: "archive", #","format":"\#(format)""#).failure == nil)
    let job = try run(
      "file.extract", of: "archiver",
      #"{"archive":"\#(directory.path)/archive","target":"\#(directory.path)/out"}"#)
    #expect(job.failure == nil, "\(job)")
    let listing = ["find", ".", "-mindepth", "1", "-printf", #"%P %y %m %l %Ts\n"#]
    let before = try execute(listing, in: directory.path + "/tree").output.split(separator: "\n").sorted()
    let after = try execute(listing, in: directory.path + "/out").output.split(separator: "\n").sorted()
    #expect(before == after)
    #expect(try execute(["diff", "-r", "tree", "out"], in: directory.path).status == 0)
  }

  @Test("An archive is not replaced unless asked, and then it is whole or as it was")
  func existing() throws {
    let directory = try makeTree()
    try directory.write("x.zip", Array("old".utf8))
    #expect(try pack(directory, into: "x.zip").failureCode == "exists")
    #expect(try String(contentsOfFile: directory.path + "/x.zip") == "old")
    #expect(chmod(directory.path + "/tree/empty", 0) == 0)
    #expect(chmod(directory.path, 0o777) == 0)
    #expect(chmod(directory.path + "/tree/a", 0o755) == 0)
    let refused = try pack(directory, into: "x.zip", #","replace":true"#, in: Surroundings(user: 65534))
    #expect(refused.failureCode == "unreadable", "\(refused)")
    #expect(try String(contentsOfFile: directory.path + "/x.zip") == "old")
    #expect(directory.names.filter { !$0.hasPrefix("tree") } == ["x.zip"])
    #expect(try pack(directory, into: "x.zip", #","replace":true"#).failure == nil)
    #expect(try execute(["unzip", "-tq", "x.zip"], in: directory.path).status == 0)
  }

  @Test("An archive in its own tree is not put into itself, nor is the one that it replaces")
  func ownTree() throws {
    let directory = try makeTree()
    #expect(try pack(directory, into: "tree/x.tar.gz").failure == nil)
    let job = try pack(directory, into: "tree/x.tar.gz", #","replace":true"#)
    #expect(try job.decoded(Report.self)?.files == 3)
  }

  @Test("What is excepted is left out; pipes are passed over and told")
  func except() throws {
    let directory = try makeTree()
    #expect(mkfifo(directory.path + "/tree/pipe", 0o666) == 0)
    let job = try pack(directory, into: "x.tar.zst", #","except":["a"]"#)
    let report = try #require(try job.decoded(Report.self))
    #expect(report.files == 2 && report.directories == 0 && report.passedOver == 1)
  }

  @Test("A stop leaves nothing")
  func stop() throws {
    let directory = try makeTree()
    #expect(truncate(directory.path + "/tree/empty", 1 << 40) == 0)
    let stopped = Surroundings(stopsAt: {
      if case .progress(_, let message) = $0 { message == "empty" } else { false }
    })
    let job = try pack(directory, into: "x.tar.zst", in: stopped)
    #expect(job.failureCode == "cancelled", "\(job)")
    #expect(directory.names.allSatisfy { $0.hasPrefix("tree") }, "\(directory.names)")
  }

  @Test(
    "What is wrong has a code of its own",
    arguments: [
      (#"{"path":"/nowhere","archive":"/tmp/x.zip"}"#, "not_found"),
      (#"{"path":"/etc/passwd","archive":"/tmp/x.zip"}"#, "not_a_directory"),
      (#"{"path":"/etc","archive":"/nowhere/x.zip"}"#, "not_found"),
      (#"{"path":"/etc","archive":"/tmp/x.rar"}"#, "invalid_parameters"),
      (#"{"path":"etc","archive":"/tmp/x.zip"}"#, "invalid_parameters"),
      (#"{"path":"/etc","archive":"/tmp/x","format":"rar"}"#, "invalid_parameters"),
      ("{}", "invalid_parameters"),
    ])
  func wrong(_ parameters: String, _ code: String) throws {
    let job = try run("file.archive", of: "archiver", parameters)
    #expect(job.failureCode == code, "\(job)")
  }
}
