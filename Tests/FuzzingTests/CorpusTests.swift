import Foundation
import Testing

/// Every input that is kept is read again: those that begin a search, and those that once found something.
@Suite("What fuzzing begins with", .serialized)
struct CorpusTests {
  private static let corpora = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpora")

  private static func names(in directory: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path()).sorted()
  }

  @Test("each parser has a corpus, and each corpus a parser")
  func pairs() throws {
    let parsers = FuzzedParser.all.map(\.name)
    #expect(Set(parsers).count == parsers.count)
    #expect(try Self.names(in: Self.corpora) == parsers.sorted())
  }

  @Test("a parser reads all of its corpus, and nothing", arguments: FuzzedParser.all.map(\.name))
  func replay(name: String) async throws {
    let parser = try #require(FuzzedParser.all.first { $0.name == name })
    let directory = Self.corpora.appending(path: name)
    let files = try Self.names(in: directory)
    #expect(!files.isEmpty)
    let inputs = try files.map { [UInt8](try Data(contentsOf: directory.appending(path: $0))) }
    for (file, bytes) in zip(files, inputs) {
      #expect(bytes.count <= parser.longest, "\(file) is longer than what is tried")
    }
    // Some wait for tasks, which need the thread that this test is on.
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        for bytes in [[]] + inputs { parser.parse(bytes) }
        continuation.resume()
      }
    }
  }

  @Test("a parser whose invariant does not hold ends the process")
  func trap() async {
    await #expect(processExitsWith: .failure) {
      FuzzedParser("broken") { bytes in demand(bytes.isEmpty, "there is nothing") }.parse([1])
    }
  }
}
