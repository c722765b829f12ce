import Glibc
package import MillraceCore

/// A look at a file that shall become a plugin: first at its bytes, then at what it says of itself in the
/// throw-away process of `millrace-host describe`.
package struct PluginExamination: Sendable {
  /// What speaks against it, a sentence each.
  package private(set) var problems: [String] = []
  /// What the runner takes, and its author may not have meant.
  package private(set) var warnings: [String] = []
  /// What it says of itself; nil if it was not asked, or could not be.
  package private(set) var plugin: Plugin?
  /// The SHA-256 by which its build would be known.
  package private(set) var sha256 = ""

  private static let symbol = "millrace_plugin_describe"
  /// How long the description may take, in ms: `millrace-host` ends it sooner.
  private static let patience: Int32 = 20_000

  /// Examines a file.
  ///
  /// - Parameters:
  ///   - file: its path.
  ///   - host: the path of `millrace-host`.
  ///   - allowedSigners: who may sign plugins; nil if they need no signature.
  /// - Throws: `LinuxError` if the file can't be read, or the host not be started.
  package init(of file: String, host: String, allowedSigners: String? = nil) async throws {
    let bytes = try Linkage.wholeFile(file)
    let folder = PluginFolder(beside: file)
    sha256 = folder.digest(with: PluginFile.digest(of: bytes))
    problems += folder.refused.map { "`\($0.path)`: \($0.reason)" }
    if !file.hasSuffix(".so") {
      warnings.append("its name does not end in `.so`: the runner looks at no other")
    }
    examine(bytes, at: file)
    if let allowedSigners, folder.refused.isEmpty {
      do {
        _ = try await BuildSignatures(allowedSigners: allowedSigners)
          .signer(of: file, signature: file + BuildSignatures.suffix)
      } catch let error as LinuxError {
        problems.append(error.why)
      }
    }
    guard problems.isEmpty else { return }
    try describe(file, host)
    if let plugin { warn(of: plugin) }
  }

  private mutating func examine(_ bytes: [UInt8], at file: String) {
    let object: SharedObject
    do { object = try SharedObject(bytes) } catch {
      problems.append((error as? LinuxError)?.why ?? "\(error)")
      return
    }
    guard object.machine == Self.machine else {
      problems.append(
        "it is built for ELF machine \(object.machine), this one is \(Self.machine) (`readelf -h` names them)"
      )
      return
    }
    guard object.isShared else {
      problems.append("it is no shared library: link it with `-shared`, and compile it with `-fPIC`")
      return
    }
    if !object.exported.contains(Self.symbol) {
      problems.append("it does not export `\(Self.symbol)`: declare it with MILLRACE_EXPORT of `millrace.h`")
    }
    problems += Linkage(of: object, at: file).faults
  }

  private static var machine: UInt16 {
    #if arch(arm64)
      183
    #else
      62
    #endif
  }

  private mutating func describe(_ file: String, _ host: String) throws {
    let null = try Descriptor(opening: "/dev/null", flags: O_RDONLY)
    let run = try Program(path: host, patience: Self.patience).run(["describe", file], input: null.number)
    guard run.status == 0 else {
      let line = run.errors.split(separator: "\n").first.map(String.init) ?? "`\(host)` gives no reason"
      problems.append(line.hasPrefix("error: ") ? String(line.dropFirst("error: ".count)) : line)
      return
    }
    do {
      var found = try Manifest.plugin(from: Array(run.output.utf8), file: file) { why in
        LinuxError("use the plugin `\(file)`", .malformed(why))
      }
      found.sha256 = sha256
      problems += found.problems
      plugin = found
    } catch let error as LinuxError {
      problems.append(error.why)
    }
  }

  private mutating func warn(of plugin: Plugin) {
    for handler in plugin.handlers {
      if handler.summary.isEmpty { warnings.append("handler `\(handler.name)` has no summary") }
      if handler.parameterSchema == nil {
        warnings.append("handler `\(handler.name)` has no schema: it is given no parameters")
      }
      if handler.wishes.memory == nil || handler.wishes.timeout == nil {
        warnings.append("handler `\(handler.name)` says not what memory or time it needs: the defaults hold")
      }
    }
  }
}
