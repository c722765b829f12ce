import CMillraceLinux
import CMillraceLinux.Libc

/// The environment of a job's process: nothing of the runner's own gets into it.
struct Environment {
  /// `name=value` texts, ended by nil; they live as long as the process.
  let variables: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  /// Builds the environment of one attempt; an empty `directory` stands for the root. What the operator says
  /// of a variable comes before what all have. `isAllocated`: with what a cluster has given this process.
  init(directory: UnsafePointer<CChar>, payload: Payload, isAllocated: Bool = false) {
    let home = directory.pointee == 0 ? "/" : String(cString: directory)
    var own: [UnsafePointer<CChar>] = []
    payload.forEachVariable { own.append($0) }
    var texts =
      Environment.texts + [
        "HOME=\(home)", "TMPDIR=\(home)",
        "MILLRACE_JOB=\(payload.head.pointee.job)", "MILLRACE_ATTEMPT=\(payload.head.pointee.attempt)",
      ]
    if let traceParent = payload.traceParent { texts.append("TRACEPARENT=\(String(cString: traceParent))") }
    if let handler = payload.handler { texts.append("MILLRACE_HANDLER=\(String(cString: handler))") }
    if isAllocated { texts += Environment.allocation }
    self.init(texts, own)
  }

  /// What Slurm tells of the place that it gives, and of its graphics processors; no key to anything.
  private static var allocation: [String] {
    let prefixes: [StaticString] = [
      "SLURM", "CUDA_VISIBLE_DEVICES=", "ROCR_VISIBLE_DEVICES=", "GPU_DEVICE_ORDINAL=", "ZE_AFFINITY_MASK=",
    ]
    var texts: [String] = []
    var next = millrace_environment()
    while let text = next?.pointee {
      if prefixes.contains(where: { begins(text, $0) }), !begins(text, "SLURM_JWT=") {
        texts.append(String(cString: text))
      }
      next = next.map { $0 + 1 }
    }
    return texts
  }

  private static func begins(_ text: UnsafePointer<CChar>, _ prefix: StaticString) -> Bool {
    prefix.withUTF8Buffer { expected in
      expected.baseAddress.map { strncmp(text, $0, expected.count) == 0 } ?? false
    }
  }

  /// Builds the environment of a warm host: what the operator says comes first here, too.
  init(_ payload: Payload) {
    var own: [UnsafePointer<CChar>] = []
    payload.forEachVariable { own.append($0) }
    self.init(Environment.texts + ["HOME=/", "TMPDIR=/tmp", "MILLRACE_WARM_HOST=1"], own)
  }

  /// What all have. The backtracer of a Swift plugin that crashes would count against the job's own limits.
  private static var texts: [String] {
    ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "SWIFT_BACKTRACE=enable=no"]
  }

  private init(_ texts: [String], _ own: [UnsafePointer<CChar>]) {
    variables = .allocate(capacity: texts.count + own.count + 1)
    var count = 0
    for text in texts {
      let isReplaced = text.withCPointer { text in own.contains { Environment.haveOneName(text, $0) } }
      if isReplaced { continue }
      variables[count] = text.withCPointer { strdup($0) }
      count += 1
    }
    for text in own {
      variables[count] = strdup(text)
      count += 1
    }
    variables[count] = nil
  }

  /// Whether two texts `NAME=value` are of the same variable.
  private static func haveOneName(_ left: UnsafePointer<CChar>, _ right: UnsafePointer<CChar>) -> Bool {
    guard let end = strchr(left, Int32(UInt8(ascii: "="))) else { return false }
    return strncmp(left, right, UnsafePointer(end) - left + 1) == 0
  }
}
