import CMillrace
import FoundationEssentials
import MillracePlugin
import Testing

/// A handler that is only described.
private protocol Described: Handler where Result == JobResult {}

extension Described {
  static var name: String { "described" }
  static var summary: String { "Is described" }
  func run(_ parameters: Parameters, in context: Context) -> JobResult { .none }
}

private struct Plain: Described {
  enum Format: String, Decodable, CaseIterable { case jpeg, png }
  enum Level: Int, Decodable, CaseIterable { case low = 1, high = 3 }
  struct Size: Decodable {
    var width: UInt16
    var height: Int?
  }
  struct Parameters: Decodable {
    var path: String
    var sizes: [Size]
    var format: Format
    var level: Level?
    var ratio: Double?
    var names: Set<String>?
    var labels: [String: Bool]?
    var from: Date?
    var token: String?
  }
  static let notes: [String: ParameterNote] = [
    "path": "where it is",
    "sizes": ParameterNote("how large", lengths: 1...8),
    "sizes.height": ParameterNote("in pixels", range: 1...4096),
    "format": ParameterNote("as what", default: "png"),
    "token": ParameterNote("who asks", isSecret: true),
  ]

}

private struct Wrapped: Described {
  struct Bytes: Decodable {
    init(from decoder: any Decoder) throws { _ = try decoder.singleValueContainer().decode(Int64.self) }
  }
  struct Names: Decodable {
    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      while !list.isAtEnd { _ = try list.decode(String.self) }
    }
  }
  struct Parameters: Decodable {
    var bytes: Bytes
    var names: Names
    var id: Identifier
  }
  struct Identifier: RawRepresentable, Decodable { var rawValue: UInt8 }
}

private struct Closed: Described {
  enum Format: String, Decodable { case jpeg }
  struct Parameters: Decodable { var format: Format }
}

private struct Tree: Described {
  struct Node: Decodable { var children: [Node] }
  struct Parameters: Decodable { var tree: Node }
}

private struct Choice: Described {
  enum Shape: Decodable { case circle(radius: Int), square(side: Int) }
  struct Parameters: Decodable { var shape: Shape }
}

private struct Digging: Described {
  struct Parameters: Decodable {
    enum Keys: CodingKey { case inner }
    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Keys.self)
      // The error is dropped on purpose: the schema is refused all the same.
      _ = try? container.nestedContainer(keyedBy: Keys.self, forKey: .inner)
    }
  }
}

private struct Holes: Described {
  struct Parameters: Decodable { var numbers: [Int?] }
}

private struct Numbered: Described {
  struct Parameters: Decodable { var names: [Int: String] }
}

private struct Number: Described { typealias Parameters = Int }

private struct Misspelt: Described {
  struct Parameters: Decodable { var path: String }
  static let notes: [String: ParameterNote] = ["paht": "where it is"]
}

private struct WrongDefault: Described {
  struct Parameters: Decodable { var count: Int }
  static let notes: [String: ParameterNote] = ["count": ParameterNote("how many", default: "ten")]
}

private struct WrongRange: Described {
  struct Parameters: Decodable { var path: String }
  static let notes: [String: ParameterNote] = ["path": ParameterNote("where it is", range: 0...1)]
}

@Suite("Schemas of parameters, from their types")
struct DerivedSchemaTests {
  @Test("Keys, types, bounds, choices, lists and nested types are in it, and what the notes say")
  func plain() throws {
    #expect(
      try Plain.schema == """
        {"additionalProperties":false,"properties":{\
        "format":{"default":"png","description":"as what","enum":["jpeg","png"],"type":"string"},\
        "from":{"format":"date-time","type":"string"},\
        "labels":{"additionalProperties":{"type":"boolean"},"type":"object"},\
        "level":{"enum":[1,3],"type":"integer"},\
        "names":{"items":{"type":"string"},"type":"array"},\
        "path":{"description":"where it is","type":"string"},\
        "ratio":{"type":"number"},\
        "sizes":{"description":"how large","items":{"additionalProperties":false,"properties":{\
        "height":{"description":"in pixels","maximum":4096,"minimum":1,"type":"integer"},\
        "width":{"maximum":65535,"minimum":0,"type":"integer"}},"required":["width"],"type":"object"},\
        "maxItems":8,"minItems":1,"type":"array"},\
        "token":{"description":"who asks","type":"string","writeOnly":true}},\
        "required":["path","sizes"],"type":"object"}
        """)
  }

  @Test("A type with a decoder of its own has the schema of what it asks for")
  func wrapped() throws {
    #expect(
      try Wrapped.schema == """
        {"additionalProperties":false,"properties":{"bytes":{"type":"integer"},\
        "id":{"maximum":255,"minimum":0,"type":"integer"},\
        "names":{"items":{"type":"string"},"type":"array"}},\
        "required":["bytes","id","names"],"type":"object"}
        """)
  }

  @Test(
    "What has no schema is refused, with its place and what helps",
    arguments: [
      (
        Closed.self,
        "for `format`: `Format` can't be decoded from an example; make it `CaseIterable`, so that its values "
          + "are known"
      ),
      (Tree.self, "for `tree.children`: `Node` holds values of its own type; "),
      (Choice.self, "for `shape`: `Shape` can't be decoded from an example; write the schema by hand"),
      (Digging.self, "for the parameters: it reads the members of `inner` by itself; "),
      (Holes.self, "for `numbers`: `null` is no value of JSON Schema's types; "),
      (Numbered.self, "for `names`: the keys of `Dictionary<Int, String>` are no texts; "),
      (Number.self, "for the parameters: `Int` is no object of named values; make it a struct"),
      (Misspelt.self, "for `paht`: there is a note on it but no such parameter; correct the note"),
      (WrongDefault.self, "for `count`: its default is no integer; "),
      (WrongRange.self, "for `path`: it has a range but is no number; "),
    ] as [(any Handler.Type, String)])
  func refused(_ type: any Handler.Type, _ reason: String) throws {
    let plugin = PluginExport.describe(type, name: "refused-\(type)".lowercased(), version: "1.0.0")
      .assumingMemoryBound(to: millrace_plugin.self).pointee
    let refusal = String(cString: try #require(plugin.refusal))
    #expect(refusal.hasPrefix("handler `described`: no schema can be derived " + reason), "\(refusal)")
    #expect(plugin.handler_count == 0)
  }
}
