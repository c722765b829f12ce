import FoundationEssentials
import PluginRecording
import Testing

@Suite("wordcount counts words")
struct WordCountTests {
  private struct Summary: Decodable, Equatable {
    struct Frequency: Decodable, Equatable {
      var word: String
      var count: Int
    }
    var lines: Int
    var words: Int
    var distinct: Int
    var top: [Frequency]
  }

  private func count(_ text: some Sequence<UInt8>, _ parameters: String = #"{"top":10}"#) throws -> Summary {
    let job = try run("wordcount", of: "wordcount", parameters, in: Surroundings(input: Array(text)))
    #expect(job.mediaType == "application/json")
    return try JSONDecoder().decode(Summary.self, from: Data(try #require(job.result)))
  }

  @Test("Lines, words and their frequencies are counted")
  func small() throws {
    let summary = try count(
      "The mill, the stream:\nthe WHEEL turns; it doesn't stop\n\nwheel".utf8, #"{"top":2}"#)
    #expect(summary.lines == 4)
    #expect(summary.words == 11)
    #expect(summary.distinct == 8)
    #expect(summary.top == [.init(word: "the", count: 3), .init(word: "wheel", count: 2)])
  }

  @Test("Words beyond ASCII are split at their signs and compared in lower case")
  func unicode() throws {
    let summary = try count("Mühle–mühle „MÜHLE“\u{00A0}don’t don't 水 ½".utf8)
    #expect(
      summary.top == [
        .init(word: "mühle", count: 3), .init(word: "don't", count: 2), .init(word: "½", count: 1),
        .init(word: "水", count: 1),
      ])
  }

  @Test("Apostrophes around a word are not part of it")
  func apostrophes() throws {
    let summary = try count("'quoted' '' o'clock'".utf8)
    #expect(summary.top == [.init(word: "o'clock", count: 1), .init(word: "quoted", count: 1)])
    #expect(summary.words == 2)
  }

  @Test("A result that the runner does not take fails the job for good")
  func refusedResult() throws {
    let job = try run(
      "wordcount", of: "wordcount", #"{"top":1}"#, in: Surroundings(input: [], refusesResults: true))
    #expect(job.failureCode == "result_refused")
    #expect(job.events.last == .returned(1))
  }

  @Test("An empty input has no lines and no words")
  func empty() throws {
    #expect(try count("".utf8) == Summary(lines: 0, words: 0, distinct: 0, top: []))
  }

  @Test("A file is read in blocks, and a word may lie across two")
  func file() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write(
      "text", Array(String(repeating: "seven77 ", count: 300_000).utf8.dropFirst(3)))
    let job = try run("wordcount", of: "wordcount", #"{"path":"\#(file)","top":10}"#)
    let summary = try JSONDecoder().decode(Summary.self, from: Data(try #require(job.result)))
    #expect(summary.words == 300_000)
    #expect(summary.top == [.init(word: "seven77", count: 299_999), .init(word: "en77", count: 1)])
    #expect(job.fractions.last == 1)
  }

  @Test(
    "A zero byte, or a word of 70,000 letters, is no text", arguments: [(0, 1), (UInt8(ascii: "x"), 70_000)])
  func notText(_ byte: UInt8, _ count: Int) throws {
    let input = Array(repeatElement(byte, count: count))
    let job = try run("wordcount", of: "wordcount", #"{"top":1}"#, in: Surroundings(input: input))
    #expect(job.failureCode == "not_text")
    #expect(job.failure?.isRetryable == false)
  }

  @Test(
    "What is wrong with the file has a code of its own",
    arguments: [("/nowhere", "not_found"), ("/etc", "unreadable")])
  func wrongPath(_ path: String, _ code: String) throws {
    #expect(try run("wordcount", of: "wordcount", #"{"path":"\#(path)","top":1}"#).failureCode == code)
  }

  @Test(
    "Parameters that don't fit are refused",
    arguments: [#"{"top":-1}"#, #"{"top":"x"}"#, #"{"path":7,"top":1}"#, "{}", "[]"])
  func wrongParameters(_ parameters: String) throws {
    #expect(try run("wordcount", of: "wordcount", parameters).failureCode == "invalid_parameters")
  }
}
