import CMillraceLinux
import CMillraceLinux.Libc

/// The environment of a job's process: nothing of the runner's own gets into it.
struct Environment {
  /// `name=value` texts, ended by nil; they live as long as the process.
  let variables: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  /// Builds the environment of one attempt; an empty `directory` stands for the root.
  init(directory: UnsafePointer<CChar>, payload: Payload) {
    let home = directory.pointee == 0 ? "/" : String(cString: directory)
    var texts =
      Environment.texts + [
        "HOME=\(home)", "TMPDIR=\(home)",
        "MILLRACE_JOB=\(payload.head.pointee.job)", "MILLRACE_ATTEMPT=\(payload.head.pointee.attempt)",
      ]
    if let traceParent = payload.traceParent { texts.append("TRACEPARENT=\(String(cString: traceParent))") }
    if let handler = payload.handler { texts.append("MILLRACE_HANDLER=\(String(cString: handler))") }
    self.init(texts)
  }

  /// Builds the environment of a warm host.
  init() { self.init(Environment.texts + ["HOME=/", "TMPDIR=/tmp"]) }

  /// What all have. The backtracer of a Swift plugin that crashes would count against the job's own limits.
  private static var texts: [String] {
    ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "SWIFT_BACKTRACE=enable=no"]
  }

  private init(_ texts: [String]) {
    variables = .allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() { variables[index] = text.withCPointer { strdup($0) } }
    variables[texts.count] = nil
  }
}
