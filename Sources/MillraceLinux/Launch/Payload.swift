import CMillraceLinux
import FoundationEssentials
import Glibc
package import MillraceCore
package import MillraceEngine

/// What an attempt's process reads: a part of the request for it, a sealed file in memory, or one of a spool
/// (see `millrace_payload`).
package enum Payload {
  /// The longest that goes with the request for a process; a longer one is a file.
  static let longestInPacket = Int(MILLRACE_PACKET_SIZE) - MemoryLayout<millrace_keeper_start>.size

  /// Returns what an attempt's process reads.
  package static func bytes(for plan: LaunchPlan, maxResult: Bytes) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: MemoryLayout<millrace_payload>.size)
    func append(_ block: [UInt8]) -> UInt64 {
      let offset = UInt64(bytes.count)
      bytes += block + [0]
      return offset
    }
    func append(_ text: String) -> UInt64 { append(Array(text.utf8)) }
    var head = millrace_payload()
    head.size = UInt32(MemoryLayout<millrace_payload>.size)
    head.attempt = Int32(plan.attempt.number)
    head.job = plan.attempt.job.rawValue
    head.deadline_ms = plan.deadline?.milliseconds ?? 0
    head.handler = append(plan.handler)
    head.trace_parent = plan.payload.traceParent.map(append) ?? 0
    let parameters = try json(plan.payload.parameters)
    head.parameters = append(parameters)
    head.parameters_length = UInt64(parameters.count)
    if let input = plan.payload.input {
      head.input = append(input)
      head.input_length = UInt64(input.count)
    }
    if let checkpoint = plan.payload.checkpoint, !checkpoint.isEmpty {
      head.checkpoint = append(checkpoint)
      head.checkpoint_length = UInt64(checkpoint.count)
    }
    let outputs = plan.payload.outputs.map { output in
      millrace_payload_output(
        job: output.job.rawValue, name: append(output.name), media_type: append(output.mediaType),
        bytes: output.bytes.isEmpty ? 0 : append(output.bytes), length: UInt64(output.bytes.count))
    }
    if !outputs.isEmpty {
      bytes += [UInt8](repeating: 0, count: -bytes.count & 7)
      head.outputs = UInt64(bytes.count)
      head.output_count = UInt64(outputs.count)
      outputs.withUnsafeBytes { bytes += $0 }
    }
    if let affinity = plan.payload.affinity { head.affinity = append(affinity) }
    let texts = Self.environment(of: plan.plugin)
    if !texts.isEmpty {
      head.environment = append(texts)
      head.environment_length = UInt64(texts.count)
    }
    head.max_result = UInt64(maxResult.rawValue)
    withUnsafeBytes(of: head) { bytes.replaceSubrange(0..<$0.count, with: $0) }
    return bytes
  }

  /// Most jobs of a large batch have none.
  private static func json(_ parameters: JSONValue) throws -> [UInt8] {
    parameters == .object([:]) ? Array("{}".utf8) : Array(try JSONEncoder().encode(parameters))
  }

  /// The variables of a plugin's processes, each with its zero byte.
  private static func environment(of plugin: Plugin) -> [UInt8] {
    plugin.environment.sorted { $0.key < $1.key }.flatMap { Array("\($0.key)=\($0.value)".utf8) + [0] }
  }

  /// Makes a file for a warm host: nothing but the variables that the operator gives it.
  static func environmentOnly(of plugin: Plugin) throws -> Descriptor {
    var head = millrace_payload()
    head.size = UInt32(MemoryLayout<millrace_payload>.size)
    let texts = environment(of: plugin)
    if !texts.isEmpty {
      head.environment = UInt64(head.size)
      head.environment_length = UInt64(texts.count)
    }
    return try sealed(withUnsafeBytes(of: head) { Array($0) } + texts)
  }

  /// What a process reads that only describes its plugin.
  static func empty() -> [UInt8] {
    var head = millrace_payload()
    head.size = UInt32(MemoryLayout<millrace_payload>.size)
    return withUnsafeBytes(of: head) { Array($0) }
  }

  /// Makes a sealed file in memory.
  static func sealed(_ bytes: [UInt8]) throws -> Descriptor {
    let file = Descriptor(owning: try check(millrace_memfd_create("payload"), "make a payload"))
    try bytes.withUnsafeBytes { try file.write($0, "the payload") }
    try check(millrace_memfd_seal(file.number), "seal a payload")
    return file
  }
}
