import FoundationEssentials
import MillraceCore
import MillraceWire
import MillraceYAML

/// A file with a workflow or a template, in YAML or JSON.
enum WorkflowFile {
  /// Reads a workflow and plans it; `words` are values of its parameters: `day=2026-11-24`, `days:=[1, 2]`.
  /// - Throws: `CommandError` (`usage`) with every mistake and its place.
  static func plan(_ name: String, given words: [String]) throws -> WorkflowPlan {
    try YAMLFile.read(name) { tree in
      let workflow = try Workflow(tree)
      return try WorkflowPlan(workflow, given: try values(words, defaults: workflow.parameters))
    }
  }

  /// Reads a template and fills it; `words` as above.
  /// - Throws: as `plan`.
  static func request(_ name: String, given words: [String]) throws -> SubmitRequest {
    try YAMLFile.read(name) { tree in
      let template = try JobTemplate(tree)
      return SubmitRequest(try template.request(given: try values(words, defaults: template.defaults)))
    }
  }

  /// Reads `key=value` with the type of the default, and `key:=JSON`; a key that comes again makes a list.
  static func values(_ words: [String], defaults: [String: JSONValue]) throws -> [String: JSONValue] {
    var texts: [String: [String]] = [:]
    var values: [String: JSONValue] = [:]
    for word in words {
      guard let equals = word.firstIndex(of: "="), equals != word.startIndex, !word.hasPrefix(":=") else {
        throw CommandError(.usage, "`\(word)` is no parameter", hint: "write key=value or key:=JSON")
      }
      let text = String(word[word.index(after: equals)...])
      guard word[..<equals].hasSuffix(":") else {
        texts[String(word[..<equals]), default: []].append(text)
        continue
      }
      let name = String(word[..<equals].dropLast())
      let value = try RequestWords.json(text, of: name)
      guard values.updateValue(value, forKey: name) == nil else {
        throw CommandError(.usage, "`\(name):=` is given twice")
      }
    }
    for (name, all) in texts {
      guard values[name] == nil else { throw CommandError(.usage, "`\(name)` is given twice") }
      let isList = all.count > 1 || defaults[name]?.array != nil
      let isText = defaults[name]?.string != nil
      let typed = all.map { isText ? JSONValue.string($0) : YAMLDocument.value(ofPlain: $0) }
      values[name] = isList ? .array(typed) : typed[0]
    }
    return values
  }
}
