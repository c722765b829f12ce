import CMillraceLinux
import CMillraceLinux.Libc

/// The environment of a job's process: nothing of the runner's own gets into it.
struct Environment {
  /// `name=value` texts, ended by nil; they live as long as the process.
  let variables: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  /// Builds the environment of one attempt; an empty `directory` stands for the root.
  init(directory: UnsafePointer<CChar>, payload: Payload) {
    let home = directory.pointee == 0 ? "/" : String(cString: directory)
    var texts = [
      "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=\(home)", "TMPDIR=\(home)", "LANG=C.UTF-8",
      "MILLRACE_JOB=\(payload.head.pointee.job)", "MILLRACE_ATTEMPT=\(payload.head.pointee.attempt)",
      // The backtracer of a Swift plugin that crashes would count against the job's own limits.
      "SWIFT_BACKTRACE=enable=no",
    ]
    if let traceParent = payload.traceParent { texts.append("TRACEPARENT=\(String(cString: traceParent))") }
    variables = .allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() { variables[index] = text.withCPointer { strdup($0) } }
    variables[texts.count] = nil
  }
}
