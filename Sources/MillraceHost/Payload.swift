import CMillrace
import CMillraceLinux
import CMillraceLinux.Libc

/// What the runner hands to a job's process, mapped read-only: valid until the process ends.
struct Payload {
  let head: UnsafePointer<millrace_payload>
  /// When the attempt times out: ms since 1970, 0 for never.
  private(set) var deadline: Int64
  private let size: Int

  private static let hint = "this is the runner's fault; update runner and host together"

  /// Maps the payload file and checks it.
  init(descriptor: Int32) throws(HostError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw HostError("cannot look at the payload: \(words(for: -millrace_error()))", hint: Payload.hint)
    }
    let size = Int(status.st_size)
    var place: UnsafeMutableRawPointer?
    if size > 0 {
      try check(
        millrace_map(descriptor, size, 0, &place), "cannot map the payload", hint: "give the job more memory")
    }
    try self.init(UnsafeRawBufferPointer(start: place, count: size))
  }

  /// Checks that everything in a payload lies within it. `bytes` begin where a page could, and stay.
  init(_ bytes: UnsafeRawBufferPointer) throws(HostError) {
    guard let place = bytes.baseAddress, bytes.count >= MemoryLayout<millrace_payload>.size else {
      throw HostError("the payload has only \(bytes.count) bytes", hint: Payload.hint)
    }
    head = place.assumingMemoryBound(to: millrace_payload.self)
    size = bytes.count
    deadline = head.pointee.deadline_ms

    let value = head.pointee
    guard
      value.size == UInt32(MemoryLayout<millrace_payload>.size),
      fitsText(value.handler), fitsText(value.trace_parent), fitsText(value.affinity),
      fitsText(value.parameters, length: value.parameters_length),
      fitsBytes(value.input, length: value.input_length),
      fitsBytes(value.checkpoint, length: value.checkpoint_length), outputsFit(),
      fitsBytes(value.environment, length: value.environment_length), environmentIsEnded()
    else { throw HostError("the payload's head is malformed", hint: Payload.hint) }
  }

  /// The handler's name; nil if none is asked for (a description).
  var handler: UnsafePointer<CChar>? { text(at: head.pointee.handler) }
  /// The W3C trace context, if there is one.
  var traceParent: UnsafePointer<CChar>? { text(at: head.pointee.trace_parent) }
  /// The affinity key, if there is one.
  var affinity: UnsafePointer<CChar>? { text(at: head.pointee.affinity) }
  /// The parameters as JSON, if there are any.
  var parameters: UnsafePointer<CChar>? { text(at: head.pointee.parameters) }
  /// The input bytes, if there are any.
  var input: UnsafePointer<UInt8>? { block(at: head.pointee.input) }
  /// What an earlier attempt saved, if one did.
  var checkpoint: UnsafePointer<UInt8>? { block(at: head.pointee.checkpoint) }

  /// Has the attempt time out at `time`, if it does not earlier; 0 for never.
  mutating func limit(to time: Int64) {
    if time > 0 { deadline = deadline > 0 ? min(deadline, time) : time }
  }

  /// Calls `body` with each variable that the operator gives the job: a text `NAME=value`.
  func forEachVariable(_ body: (UnsafePointer<CChar>) -> Void) {
    var offset = head.pointee.environment
    let end = offset + head.pointee.environment_length
    while offset < end, let text = text(at: offset) {
      body(text)
      offset += UInt64(strlen(text)) + 1
    }
  }

  /// Whether the last variable has its zero byte.
  private func environmentIsEnded() -> Bool {
    let length = head.pointee.environment_length
    return length == 0 || block(at: head.pointee.environment + length - 1)?.pointee == 0
  }

  /// The results of the jobs that this one depends on, as a handler gets them; they live as long as the
  /// process. Nil if there are none.
  func outputs() -> UnsafePointer<millrace_output>? {
    let count = Int(head.pointee.output_count)
    guard count > 0 else { return nil }
    let outputs = UnsafeMutablePointer<millrace_output>.allocate(capacity: count)
    for index in 0..<count {
      let source = output(index)
      var output = millrace_output()
      output.size = MemoryLayout<millrace_output>.size
      output.job = source.job
      output.name = text(at: source.name)
      output.media_type = text(at: source.media_type)
      output.bytes = block(at: source.bytes)
      output.length = Int(source.length)
      (outputs + index).initialize(to: output)
    }
    return UnsafePointer(outputs)
  }

  private func output(_ index: Int) -> millrace_payload_output {
    bytes(at: head.pointee.outputs).assumingMemoryBound(to: millrace_payload_output.self)[index]
  }

  private func outputsFit() -> Bool {
    let (offset, count) = (head.pointee.outputs, head.pointee.output_count)
    guard count > 0 else { return offset == 0 }
    let stride = UInt64(MemoryLayout<millrace_payload_output>.stride)
    guard offset % 8 == 0, count <= UInt64(size) / stride, fits(offset, length: count * stride) else {
      return false
    }
    for index in 0..<Int(count) {
      let output = output(index)
      guard
        output.name != 0, fitsText(output.name), output.media_type != 0, fitsText(output.media_type),
        fitsBytes(output.bytes, length: output.length)
      else { return false }
    }
    return true
  }

  /// Whether `length` bytes begin at `offset`, or none are given.
  private func fitsBytes(_ offset: UInt64, length: UInt64) -> Bool {
    offset == 0 ? length == 0 : fits(offset, length: length)
  }

  private func block(at offset: UInt64) -> UnsafePointer<UInt8>? {
    offset == 0 ? nil : bytes(at: offset).assumingMemoryBound(to: UInt8.self)
  }

  /// Whether `length` bytes from `offset` on lie within the payload, behind its head.
  private func fits(_ offset: UInt64, length: UInt64) -> Bool {
    let end = UInt64(size)
    return offset >= UInt64(MemoryLayout<millrace_payload>.size) && offset <= end && length <= end - offset
  }

  /// Whether a text of at least `length` bytes begins at `offset`, or none is given.
  private func fitsText(_ offset: UInt64, length: UInt64 = 0) -> Bool {
    guard offset != 0 else { return length == 0 }
    guard fits(offset, length: length) else { return false }
    return memchr(bytes(at: offset + length), 0, size - Int(offset + length)) != nil
  }

  private func text(at offset: UInt64) -> UnsafePointer<CChar>? {
    offset == 0 ? nil : bytes(at: offset).assumingMemoryBound(to: CChar.self)
  }

  private func bytes(at offset: UInt64) -> UnsafeRawPointer { UnsafeRawPointer(head) + Int(offset) }
}
