import FoundationEssentials
import MillraceWire

@testable import MillraceCore

extension FuzzedParser {
  /// JSON with places, and what is made of it.
  static let trees = [
    FuzzedParser("json") { bytes in
      let value = try PlacedJSON.tree(of: bytes).json
      demandEqual(
        try PlacedJSON.tree(of: written(value)).json.unambiguousText, value.unambiguousText,
        "a value that is read again")
    },
    FuzzedParser("cloud-event") { bytes in
      let event = try CloudEvent(try PlacedJSON.tree(of: bytes))
      let again = try CloudEvent(try PlacedJSON.tree(of: written(event.json)))
      demandEqual(again.json.unambiguousText, event.json.unambiguousText, "an event that is read again")
      _ = (event.isReserved, event.schedule, try event.isTooLarge)
    },
    FuzzedParser("event-filter", longest: 2048) { bytes in
      let texts = parts(of: bytes, 2)
      let event = try CloudEvent(try PlacedJSON.tree(of: texts[0]))
      var reader = TreeReader()
      let filter = EventFilter(try PlacedJSON.tree(of: texts[1]), noting: &reader)
      guard reader.mistakes.isEmpty else { return }
      demandEqual(
        filter.matches(event), filter.conditions.allSatisfy { EventFilter([$0]).matches(event) },
        "all conditions hold")
    },
    FuzzedParser("workflow") { bytes in
      let workflow = try Workflow(try PlacedJSON.tree(of: bytes))
      let plan = try WorkflowPlan(workflow)
      for (index, job) in plan.jobs.enumerated() {
        for dependency in job.request.after {
          guard case .position(let position) = dependency.needed else { continue }
          demand(plan.jobs.indices.contains(position) && position < index, "what is needed comes before")
        }
      }
    },
    FuzzedParser("job-template") { bytes in
      let template = try JobTemplate(try PlacedJSON.tree(of: bytes))
      _ = try template.request(given: [:])
    },
    FuzzedParser("parameter-schema", longest: 2048) { bytes in
      // Swift's own `Regex` is no parser of ours, and can take for ever.
      guard !String(decoding: bytes, as: UTF8.self).contains("pattern") else { return }
      let parts = try PlacedJSON.tree(of: bytes).json.array ?? []
      guard parts.count == 2, let values = parts[1].object else { return }
      let schema = try ParameterSchema(parts[0])
      _ = (schema.secrets(in: parts[1]), parts[1].concealing(schema.secrets(in: parts[1])))
      let whole = try schema.parameters(values, arguments: [])
      demandEqual(
        try schema.parameters(whole.object ?? [:], arguments: []), whole, "parameters that are checked again")
    },
  ]

  /// Returns a value as the wire has it.
  static func written(_ value: some Encodable) throws -> [UInt8] { [UInt8](try Wire.encoder().encode(value)) }
}

extension EventFilter {
  fileprivate init(_ conditions: [Condition]) {
    self.init()
    self.conditions = conditions
  }
}
