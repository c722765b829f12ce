import Glibc
import PluginRecording
import Testing

@Suite("checksum sums files")
struct ChecksumTests {
  /// A tree with plain, empty, large, nested and oddly named files.
  private func makeTree() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try directory.write("b.txt", Array("hello\n".utf8))
    try directory.write("a/deep/file", (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) })
    try directory.write("a/empty", [])
    try directory.write("-dash and blank", Array("x".utf8))
    try directory.write("back\\slash\nline", Array("y".utf8))
    return directory
  }

  @Test(
    "The lines are what the usual tools check",
    arguments: [("sha256", "sha256sum"), ("sha512", "sha512sum"), ("blake2b512", "b2sum")])
  func check(_ algorithm: String, _ tool: String) throws {
    let directory = try makeTree()
    let job = try run(
      "checksum", of: "checksum", #"{"path":"\#(directory.path)","algorithm":"\#(algorithm)"}"#)
    #expect(job.events.last == .returned(0))
    #expect(job.mediaType == "text/plain; charset=utf-8")
    let sums = try TemporaryDirectory()
    let list = try sums.write("sums", try #require(job.result))
    let checked = try execute([tool, "--check", "--strict", list], in: directory.path)
    #expect(checked.status == 0, "\(checked.output)")
    #expect(checked.output.split(separator: "\n").count == 5)
  }

  @Test("The lines are sorted by path, and progress ends at 1")
  func order() throws {
    let directory = try makeTree()
    let job = try run("checksum", of: "checksum", #"{"path":"\#(directory.path)/"}"#)
    let names = try #require(job.text).split(separator: "\n").map { $0.drop { $0 != " " }.dropFirst(2) }
    #expect(names == ["-dash and blank", "a/deep/file", "a/empty", "b.txt", #"back\\slash\nline"#])
    #expect(job.fractions == job.fractions.sorted())
    #expect(job.fractions.last == 1)
  }

  @Test("One file is summed under its own name")
  func singleFile() throws {
    let directory = try makeTree()
    let job = try run("checksum", of: "checksum", #"{"path":"\#(directory.path)/b.txt"}"#)
    let sum = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    #expect(job.text == "\(sum)  b.txt\n")
  }

  @Test("An empty directory has an empty result")
  func empty() throws {
    let directory = try TemporaryDirectory()
    let job = try run("checksum", of: "checksum", #"{"path":"\#(directory.path)"}"#)
    #expect(job.result == [])
    #expect(job.failure == nil)
  }

  @Test("Links are passed over unless they are to be followed")
  func links() throws {
    let other = try makeTree()
    let directory = try TemporaryDirectory()
    try directory.link("tree", to: other.path + "/a")
    try directory.link("file", to: other.path + "/b.txt")
    let plain = try run("checksum", of: "checksum", #"{"path":"\#(directory.path)"}"#)
    #expect(plain.result == [])
    let following = try run(
      "checksum", of: "checksum", #"{"path":"\#(directory.path)","follow_symlinks":true}"#)
    let names = try #require(following.text).split(separator: "\n").map { $0.drop { $0 != " " }.dropFirst(2) }
    #expect(names == ["file", "tree/deep/file", "tree/empty"])
  }

  @Test("A link that leads in a circle or nowhere is an error where links are followed")
  func badLinks() throws {
    let directory = try makeTree()
    try directory.link("a/up", to: "..")
    try directory.link("nowhere", to: "missing")
    let job = try run("checksum", of: "checksum", #"{"path":"\#(directory.path)","follow_symlinks":true}"#)
    #expect(job.failureCode == "unreadable")
    #expect(
      Set(job.fields(level: 5)) == [
        [["path", "a/up"], ["error", "Too many levels of symbolic links"]],
        [["path", "nowhere"], ["error", "No such file or directory"]],
      ])
  }

  @Test("A pipe in the tree does not stop it")
  func pipe() throws {
    let directory = try makeTree()
    #expect(mkfifo(directory.path + "/pipe", 0o666) == 0)
    let job = try run("checksum", of: "checksum", #"{"path":"\#(directory.path)"}"#)
    #expect(job.failure == nil)
    #expect(try #require(job.text).split(separator: "\n").count == 5)
  }

  @Test("Unreadable files are named in the log, the rest is summed, and the job fails for good")
  func unreadable() throws {
    let directory = try makeTree()
    #expect(chmod(directory.path + "/b.txt", 0) == 0)
    #expect(chmod(directory.path + "/a/deep", 0) == 0)
    let nobody = Surroundings(user: 65534)
    let job = try run("checksum", of: "checksum", #"{"path":"\#(directory.path)"}"#, in: nobody)
    #expect(chmod(directory.path + "/a/deep", 0o755) == 0)
    #expect(job.failureCode == "unreadable")
    #expect(job.failure?.message == "could not read 2 of the files and directories; the log names each")
    #expect(job.failure?.isRetryable == false)
    #expect(
      Set(job.fields(level: 5)) == [
        [["path", "b.txt"], ["error", "Permission denied"]],
        [["path", "a/deep"], ["error", "Permission denied"]],
      ])
    #expect(try #require(job.text).split(separator: "\n").count == 3)
  }

  @Test("It stops between two blocks when it is asked to")
  func stop() throws {
    let directory = try TemporaryDirectory()
    let sparse = try directory.write("huge", [])
    #expect(truncate(sparse, 1 << 40) == 0)
    let stopped = Surroundings(stopsAt: { event in
      if case .progress(let fraction, _) = event { fraction > 0 } else { false }
    })
    let job = try run("checksum", of: "checksum", #"{"path":"\#(directory.path)"}"#, in: stopped)
    #expect(job.failureCode == "cancelled", "\(job)")
    #expect(job.failure?.isRetryable == true)
  }

  @Test(
    "What is wrong with the path has a code of its own",
    arguments: [
      ("/nowhere/at/all", "not_found"), ("/etc/passwd/x", "not_found"), ("/dev/null", "not_a_file"),
    ])
  func wrongPath(_ path: String, _ code: String) throws {
    let job = try run("checksum", of: "checksum", #"{"path":"\#(path)"}"#)
    #expect(job.failureCode == code)
    #expect(job.failure?.isRetryable == false)
    #expect(job.result == nil)
  }

  @Test(
    "Parameters that don't fit are refused",
    arguments: [
      "{}", #"{"path":1}"#, #"{"path":"/etc","algorithm":"md5"}"#, #"{"path":"/etc","follow_symlinks":"no"}"#,
    ])
  func wrongParameters(_ parameters: String) throws {
    #expect(try run("checksum", of: "checksum", parameters).failureCode == "invalid_parameters")
  }
}
