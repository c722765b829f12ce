import CMillraceLinux
import CMillraceLinux.Libc

/// The environment of a job's process: nothing of the runner's own gets into it.
struct Environment {
  /// `name=value` texts, ended by nil; they live as long as the process.
  let variables: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  /// Builds the environment of one attempt; an empty `directory` stands for the root. What the operator says
  /// of a variable comes before what all have. `isAllocated`: with what a cluster has given this process.
  init(directory: UnsafePointer<CChar>, payload: Payload, isAllocated: Bool = false) {
    let allocation = isAllocated ? Environment.allocation : []
    var block = VariableBlock(
      payload, directory: directory, count: allocation.count,
      bytes: allocation.reduce(0) { $0 + strlen($1) + 1 })
    block.append("MILLRACE_JOB", payload.head.pointee.job)
    block.append("MILLRACE_ATTEMPT", Int64(payload.head.pointee.attempt))
    if let traceParent = payload.traceParent { block.append("TRACEPARENT", traceParent) }
    if let handler = payload.handler { block.append("MILLRACE_HANDLER", handler) }
    for text in allocation { block.append(text) }
    variables = block.end()
  }

  /// Builds the environment of a warm host: what the operator says comes first here, too.
  init(_ payload: Payload) {
    var block = VariableBlock(payload, directory: nil)
    block.append("MILLRACE_WARM_HOST", 1)
    variables = block.end()
  }

  /// What Slurm tells of the place that it gives, and of its graphics processors; no key to anything.
  private static var allocation: [UnsafePointer<CChar>] {
    let prefixes: [StaticString] = [
      "SLURM", "CUDA_VISIBLE_DEVICES=", "ROCR_VISIBLE_DEVICES=", "GPU_DEVICE_ORDINAL=", "ZE_AFFINITY_MASK=",
    ]
    var texts: [UnsafePointer<CChar>] = []
    var next = millrace_environment()
    while let text = next?.pointee {
      if prefixes.contains(where: { begins(text, $0) }), !begins(text, "SLURM_JWT=") { texts.append(text) }
      next = next.map { $0 + 1 }
    }
    return texts
  }

  private static func begins(_ text: UnsafePointer<CChar>, _ prefix: StaticString) -> Bool {
    prefix.withUTF8Buffer { expected in
      expected.baseAddress.map { strncmp(text, $0, expected.count) == 0 } ?? false
    }
  }
}

/// Variables that lie one behind the other in one piece of memory: the process of a warm job copies each page
/// that it is the first to write to, which costs as much as four system calls.
private struct VariableBlock {
  private let variables: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private var count = 0
  private var next: UnsafeMutablePointer<CChar>
  private let limit: UnsafeMutablePointer<CChar>
  private let payload: Payload

  /// Has room for what all have, for what the payload says, and for `count` variables of `bytes` more. Begins
  /// with what all have; a `directory` that is nil stands for the root with `/tmp`, an empty one for the
  /// root.
  init(_ payload: Payload, directory: UnsafePointer<CChar>?, count more: Int = 0, bytes: Int = 0) {
    self.payload = payload
    var own = 0
    payload.forEachVariable { _ in own += 1 }
    let texts = [payload.traceParent, payload.handler, directory, directory]
    let size = texts.reduce(bytes + 512) { $0 + ($1.map { strlen($0) } ?? 0) }
    let pointers = (own + more + 16) * MemoryLayout<UnsafeMutablePointer<CChar>?>.stride
    let capacity = pointers + size + Int(payload.head.pointee.environment_length)
    let block = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    variables = block.assumingMemoryBound(to: UnsafeMutablePointer<CChar>?.self)
    next = (block + pointers).assumingMemoryBound(to: CChar.self)
    limit = (block + capacity).assumingMemoryBound(to: CChar.self)

    append("PATH", "/usr/local/bin:/usr/bin:/bin")
    append("LANG", "C.UTF-8")
    // The backtracer of a Swift plugin that crashes would count against the job's own limits.
    append("SWIFT_BACKTRACE", "enable=no")
    if let directory, directory.pointee != 0 {
      append("HOME", directory)
      append("TMPDIR", directory)
    } else {
      append("HOME", "/")
      append("TMPDIR", directory == nil ? "/tmp" : "/")
    }
  }

  /// Appends a variable unless the operator says what it is.
  mutating func append(_ name: StaticString, _ value: UnsafePointer<CChar>) {
    append(name, value, length: strlen(value))
  }

  mutating func append(_ name: StaticString, _ value: StaticString) {
    append(name, value.utf8Start, length: value.utf8CodeUnitCount)
  }

  private mutating func append(_ name: StaticString, _ value: UnsafeRawPointer, length: Int) {
    guard begin(name) else { return }
    copy(value, length)
    close()
  }

  mutating func append(_ name: StaticString, _ number: Int64) {
    guard begin(name) else { return }
    let magnitude = number.magnitude
    if number < 0 { copy(UInt8(ascii: "-")) }
    var unit: UInt64 = 1
    while magnitude / unit >= 10 { unit *= 10 }
    while unit > 0 {
      copy(UInt8(ascii: "0") + UInt8(magnitude / unit % 10))
      unit /= 10
    }
    close()
  }

  /// Appends a whole text `NAME=value` unless the operator says what it is.
  mutating func append(_ text: UnsafePointer<CChar>) {
    let end = strchr(text, Int32(UInt8(ascii: "="))).map { UnsafePointer($0) - text }
    if let end, isReplaced(text, length: end) { return }
    appendOwn(text)
  }

  private mutating func appendOwn(_ text: UnsafePointer<CChar>) {
    variables[count] = next
    copy(text, strlen(text))
    close()
  }

  /// Appends what the operator says. Returns all, ended by nil.
  mutating func end() -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
    payload.forEachVariable { appendOwn($0) }
    variables[count] = nil
    return variables
  }

  private func isReplaced(_ name: UnsafeRawPointer, length: Int) -> Bool {
    var isThere = false
    payload.forEachVariable { text in
      let isSame = strncmp(text, name.assumingMemoryBound(to: CChar.self), length) == 0
      isThere = isThere || isSame && text[length] == CChar(UInt8(ascii: "="))
    }
    return isThere
  }

  /// Begins a variable; returns false if the operator says what it is.
  private mutating func begin(_ name: StaticString) -> Bool {
    guard !isReplaced(name.utf8Start, length: name.utf8CodeUnitCount) else { return false }
    variables[count] = next
    copy(name.utf8Start, name.utf8CodeUnitCount)
    copy(UInt8(ascii: "="))
    return true
  }

  private mutating func copy(_ text: UnsafeRawPointer, _ length: Int) {
    precondition(length < limit - next, "the room was counted before")
    memcpy(next, text, length)
    next += length
  }

  private mutating func copy(_ letter: UInt8) {
    next.pointee = CChar(letter)
    next += 1
  }

  private mutating func close() {
    next.pointee = 0
    next += 1
    count += 1
  }
}
