import FoundationEssentials
import MillraceCore
import MillraceWire
import Testing

@testable import millrace

@Suite("Output")
struct OutputTests {
  private struct Fruit: Encodable {
    var name: String
    var grams: Int?
  }

  private static var table: Table<Fruit> {
    Table(
      [
        Column("NAME", "name", tone: { $0.name == "fig" ? .good : .plain }) { $0.name },
        Column("WEIGHT", "grams", .right, raw: { Figures.raw($0.grams) }) {
          $0.grams.map { "\($0) g" } ?? ""
        },
        Column("NOTE", "note", wide: true) { "note of \($0.name)" },
      ], id: { $0.name })
  }
  private static let fruits = [
    Fruit(name: "fig", grams: 40), Fruit(name: "water\nmelon, \"big\"", grams: nil),
  ]

  private func text(_ format: OutputFormat, paint: Bool = false) throws -> String {
    try OutputOptions.text(
      Self.fruits, as: Self.table, page: ["fruits": Self.fruits], format: format, paint: Paint(isOn: paint))
  }

  @Test("a table is aligned and shows nothing that moves a cursor")
  func tables() throws {
    #expect(
      try text(.table) == """
        NAME                 WEIGHT
        fig                    40 g
        water\\nmelon, "big"       -

        """)
    #expect(
      try text(.wide) == """
        NAME                 WEIGHT  NOTE
        fig                    40 g  note of fig
        water\\nmelon, "big"       -  note of water\\nmelon, "big"

        """)
    #expect("a\u{1b}[31mb\u{9b}c\td".printable == "a\u{fffd}[31mb\u{fffd}c d")
  }

  @Test("colour is put around the text and not around its blanks")
  func colour() throws {
    let lines = try text(.table, paint: true).split(separator: "\n")
    #expect(lines[1] == "\u{1b}[32mfig\u{1b}[0m                    40 g")
  }

  @Test("CSV has all columns, raw values and the quotes of RFC 4180")
  func csv() throws {
    #expect(
      try text(.csv) == """
        name,grams,note
        fig,40,note of fig
        "water
        melon, ""big""\",,"note of water
        melon, ""big""\"

        """)
  }

  @Test("JSON is the page, JSON lines are the rows, ids are ids")
  func json() throws {
    #expect(
      try text(.jsonl) == "{\"grams\":40,\"name\":\"fig\"}\n{\"name\":\"water\\nmelon, \\\"big\\\"\"}\n")
    #expect(try text(.ids) == "fig\nwater\nmelon, \"big\"\n")
    let page = try JSONDecoder().decode(
      [String: [[String: JSONValue]]].self, from: Data(try text(.json).utf8))
    #expect(page["fruits"]?.first?["grams"] == .integer(40))
  }

  private func attempt(_ outcome: String, _ more: String = "") throws -> AttemptView {
    try Wire.decoder().decode(AttemptView.self, from: Data(Answers.attempt(outcome, more).utf8))
  }

  @Test("each outcome is told in words with its numbers")
  func verdicts() throws {
    let failure = "\"failure\":{\"code\":\"no_file\",\"message\":\"no such file\",\"is_retryable\":false},"
    let table: [(AttemptView, String)] = [
      (try attempt("succeeded"), "succeeded"),
      (try attempt("error", failure), "failed: no such file (no_file)"),
      (try attempt("error", "\"exit_code\":3,"), "failed with exit code 3"),
      (try attempt("crashed", "\"signal\":11,"), "crashed by SIGSEGV (segmentation fault)"),
      (try attempt("crashed", "\"signal\":40,"), "crashed by signal 40"),
      (
        try attempt("oomOwnLimit", "\"signal\":9,"),
        "killed: passed its memory limit of 64 MiB (peak 64 MiB, 1 oom kill)"
      ),
      (
        try attempt("oomPressure"),
        "killed: others took the memory (peak 64 MiB, 1 oom kill); no attempt is used up"
      ),
      (
        try attempt("oomPressure", failure),
        "killed: no such file (peak 64 MiB, 1 oom kill); no attempt is used up"
      ),
      (try attempt("timedOut"), "stopped: its time was up"),
      (try attempt("timedOut", failure), "stopped: no such file"),
      (try attempt("cancelled"), "cancelled"),
      (try attempt("evicted"), "taken back to make room; no attempt is used up"),
      (try attempt("lost"), "lost: nobody knows how it ended; no attempt is used up"),
    ]
    for (attempt, words) in table { #expect(attempt.verdict == words) }
    var thrashing = try attempt("oomOwnLimit", failure)
    thrashing.usage.oomKills = 0
    #expect(thrashing.verdict == "killed: no such file (peak 64 MiB, 0 oom kills)")
    var bomb = try attempt("error")
    bomb.usage.forksRefused = 2
    #expect(bomb.verdict == "failed; 2 forks refused by its limit of 64 processes")
    var running = try attempt("succeeded")
    running.outcome = nil
    #expect(running.verdict == "running")
  }

  @Test("figures are short, and unknown ones are empty")
  func figures() {
    #expect(
      [nil, 0, 5, 250, 500, 1000, 1250].map(Figures.processors) == [
        "", "0", "0.005", "0.25", "0.5", "1", "1.25",
      ])
    #expect([nil, 0.25, 200].map(Figures.span) == ["", "250 ms", "3 min 20 s"])
    #expect(Figures.bytes(nil) == "")
    #expect(Figures.labels(["b": "2", "a": "1"]) == "a=1 b=2")
  }

  @Test("a schema becomes a table of parameters, those first that must be given")
  func parameters() throws {
    let schema = """
      {"type":"object","required":["path"],"properties":{
        "width":{"type":"integer","minimum":1,"maximum":4096,"default":256,"description":"In pixels."},
        "path":{"type":"string","minLength":1},
        "kind":{"enum":["a","b"]},
        "command":{"type":"array","items":{"type":"string"},"minItems":1}}}
      """
    let parameters = Parameter.all(of: try Wire.decoder().decode(JSONValue.self, from: Data(schema.utf8)))
    #expect(
      Table.parameters.lines(parameters, wide: true, paint: Paint(isOn: false)) == """
        PARAMETER  TYPE                          REQUIRED  DEFAULT  ABOUT
        path       string, from 1 characters     yes       -        -
        command    list of string, from 1 items  no        -        -
        kind       one of "a", "b"               no        -        -
        width      integer, 1 to 4096            no        256      In pixels.

        """)
    #expect(Parameter.all(of: nil).isEmpty)
    #expect(Parameter.all(of: .array([])).isEmpty)
  }

  @Test("only text is shown on a terminal")
  func terminalText() {
    func isText(_ bytes: [UInt8]) -> Bool { ResultCommand.isText(JobResult(mediaType: "x", bytes: bytes)) }
    #expect(isText([UInt8]("grün\n\tx\r\n".utf8)))
    #expect(isText([]))
    #expect(!isText([0x1b, 0x5b]))
    #expect(!isText([0xff, 0xd8]))
    #expect(!isText([0x41, 0x00]))
  }
}
