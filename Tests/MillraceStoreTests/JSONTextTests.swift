import MillraceCore
import Testing

@testable import MillraceStore

@Suite("JSON in columns")
struct JSONTextTests {
  /// What any value is written with.
  private func general(_ value: some Encodable) throws -> String { try JSONText.encode(value) }

  @Test(
    "a JSON value has the text that an encoder gives it",
    arguments: [
      .null, .bool(true), .integer(.min), .number(0.1), .number(3.25), .string(""),
      .string("plain /etc text"),
      .string("a \"quote\" and a \\"), .string("line\nend\u{1}"), .string("größer ∑ 🙂"), .string("\u{7F}"),
      .array([]), .array([.integer(1), .array([.null]), .string("b")]), .object([:]),
      .object(["b": .integer(2), "a": .object(["z": .bool(false), "A": .null]), "Z9": .array([])]),
      .object(["a10": .null, "a9": .null, "a_b": .null, "aB": .null, "ab": .null, "B": .null]),
      .object(["x": .number(1.5), "y": .string("t")]), .object(["größe": .integer(1), "g": .integer(2)]),
    ] as [JSONValue])
  func values(_ value: JSONValue) throws {
    #expect(try JSONText.encode(value) == general(value))
    #expect(try JSONText.decode(JSONValue.self, from: JSONText.encode(value)) == value)
  }

  @Test(
    "an admission has the text that an encoder gives it",
    arguments: [Basis.declared, .maximum(of: 7), .percentile95(of: 200)], [nil, GateVerdict.Gate.memory])
  func admissions(_ basis: Basis, _ gate: GateVerdict.Gate?) throws {
    let machine = Resources(slots: 4, memory: .gibibytes(2), committed: .mebibytes(7), cpuMillis: 4000)
    let admission = Admission(
      demand: Resources(slots: 1, memory: .mebibytes(64), committed: .mebibytes(128), cpuMillis: 250),
      used: Resources(slots: 3), capacity: machine, basis: basis, queued: 12, pressure: .warning,
      isBackfill: gate != nil,
      heldBy: gate.map { GateVerdict(gate: $0, isOpen: false, need: 7, subject: "a \"group\"") })
    #expect(try JSONText.encode(admission) == general(admission))
    #expect(try JSONText.decode(Admission.self, from: JSONText.encode(admission)) == admission)
  }
}
