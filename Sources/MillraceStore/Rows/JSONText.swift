import FoundationEssentials
import GRDB
import MillraceCore

/// JSON in a column: small, with its keys sorted, so that equal values are equal texts.
enum JSONText {
  static func encode(_ value: some Encodable) throws -> String { try encoded(value) }

  private static func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a row can't be read: \(error)")
    }
  }

  /// The same text as `encode` gives. An encoder takes a tenth of what the rest of a start does, and a start
  /// is what there is most of.
  static func encode(_ admission: Admission) throws -> String {
    let heldBy = try admission.heldBy.map { #""heldBy":\#(try encode($0)),"# } ?? ""
    return #"{"basis":\#(text(of: admission.basis)),"capacity":\#(text(of: admission.capacity)),"#
      + #""demand":\#(text(of: admission.demand)),\#(heldBy)"isBackfill":\#(admission.isBackfill),"#
      + #""pressure":\#(admission.pressure.rawValue),"queued":\#(admission.queued),"#
      + #""used":\#(text(of: admission.used))}"#
  }

  private static func text(of resources: Resources) -> String {
    #"{"committed":\#(resources.committed.rawValue),"cpuMillis":\#(resources.cpuMillis),"#
      + #""memory":\#(resources.memory.rawValue),"slots":\#(resources.slots)}"#
  }

  private static func text(of basis: Basis) -> String {
    switch basis {
    case .declared: #"{"declared":{}}"#
    case .maximum(let count): #"{"maximum":{"of":\#(count)}}"#
    case .percentile95(let count): #"{"percentile95":{"of":\#(count)}}"#
    }
  }

  /// The same text as the general `encode` gives: parameters are mostly few and plain.
  static func encode(_ value: JSONValue) throws -> String {
    var text = ""
    return append(value, to: &text) ? text : try encoded(value)
  }

  /// Appends a value; returns false if it is none of the plain ones, of which the text is known.
  private static func append(_ value: JSONValue, to text: inout String) -> Bool {
    switch value {
    case .null: text += "null"
    case .bool(let bool): text += bool ? "true" : "false"
    case .integer(let whole): text += String(whole)
    case .number: return false
    case .string(let string): return append(string, to: &text)
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += "," }
        guard append(element, to: &text) else { return false }
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { text += "," }
        guard append(member.key, to: &text) else { return false }
        text += ":"
        guard append(member.value, to: &text) else { return false }
      }
      text += "}"
    }
    return true
  }

  private static func append(_ string: String, to text: inout String) -> Bool {
    guard string.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 < 0x7F }) else {
      return false
    }
    text += "\"\(string)\""
    return true
  }
}
