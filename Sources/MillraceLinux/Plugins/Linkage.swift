import Glibc

/// What a shared library needs of others, looked for where the loader does (ld.so(8)): nothing is loaded.
struct Linkage {
  /// What is not there, a sentence each; empty if all is.
  private(set) var faults: [String] = []
  private var found: [String: SharedObject] = [:]
  private let systemDirectories: [String]

  /// More libraries are not looked at.
  private static let most = 512
  /// So many names of symbols are told.
  private static let told = 5
  /// Whoever loads a plugin has this one already.
  private static let always = "libc.so.6"

  /// Looks for what a library needs, and for what that needs.
  init(of object: SharedObject, at path: String) {
    systemDirectories = Self.systemDirectories(machine: object.machine)
    var queue: [(object: SharedObject, path: String, name: String)] = [(object, path, "it")]
    var index = 0
    while index < queue.count, queue.count < Self.most {
      let user = queue[index]
      index += 1
      for name in user.object.needed + (index == 1 ? [Self.always] : []) where found[name] == nil {
        guard let place = find(name, for: user.object, at: user.path) else {
          faults.append("\(user.name) needs the library `\(name)`, which is not there")
          continue
        }
        found[name] = place.object
        queue.append((place.object, place.path, "`\(name)`"))
      }
    }
    checkVersions(of: object)
    if faults.isEmpty { checkSymbols(of: object) }
  }

  private mutating func checkVersions(of object: SharedObject) {
    for wish in object.wantedVersions {
      // A library without any versions is taken as it is.
      guard let library = found[wish.library], !library.versions.isEmpty,
        !library.versions.contains(wish.version)
      else { continue }
      faults.append("it needs version `\(wish.version)` of `\(wish.library)`, which is older")
    }
  }

  private mutating func checkSymbols(of object: SharedObject) {
    let missing = object.wanted.filter { symbol in
      !object.exported.contains(symbol) && !found.values.contains { $0.exported.contains(symbol) }
    }
    guard !missing.isEmpty else { return }
    let names = missing.prefix(Self.told).map { "`\($0)`" }.joined(separator: ", ")
    let rest = missing.count > Self.told ? " and \(missing.count - Self.told) more" : ""
    faults.append("it needs \(names)\(rest), which no library that it names has")
  }

  private func find(
    _ name: String, for user: SharedObject, at path: String
  ) -> (object: SharedObject, path: String)? {
    if name.contains("/") { return Self.read(name, for: user.machine).map { ($0, name) } }
    let origin = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    let own = user.searchPaths.map {
      Self.replaced("${ORIGIN}", in: Self.replaced("$ORIGIN", in: $0, origin), origin)
    }
    for directory in own + systemDirectories {
      let candidate = directory + "/" + name
      if let object = Self.read(candidate, for: user.machine) { return (object, candidate) }
    }
    return nil
  }

  private static func replaced(_ word: String, in text: String, _ other: String) -> String {
    var parts: [Substring] = []
    var rest = text[...]
    while let place = rest.firstRange(of: word) {
      parts.append(rest[..<place.lowerBound])
      rest = rest[place.upperBound...]
    }
    return (parts + [rest]).joined(separator: other)
  }

  /// The loader passes over what is built for another machine, and what it can't read.
  private static func read(_ path: String, for machine: UInt16) -> SharedObject? {
    guard access(path, R_OK) == 0 else { return nil }
    // As the loader, which goes on to the next directory.
    let object = try? SharedObject(wholeFile(path))
    return object.flatMap { $0.machine == machine ? $0 : nil }
  }

  /// Reads a file of at most 256 MiB.
  static func wholeFile(_ path: String) throws -> [UInt8] {
    let file = try Descriptor(opening: path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
    var facts = stat()
    try checkErrno(fstat(file.number, &facts), "look at `\(path)`")
    guard facts.st_mode & S_IFMT == S_IFREG, facts.st_size <= 256 << 20 else {
      throw LinuxError("read `\(path)`", .malformed("it is no regular file of at most 256 MiB"))
    }
    var bytes = [UInt8](repeating: 0, count: facts.st_size)
    var length = 0
    while length < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        pread(file.number, $0.baseAddress.map { $0 + length }, $0.count - length, off_t(length))
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw LinuxError("read `\(path)`", .kernel(errno)) }
      if count == 0 { break }
      length += count
    }
    return Array(bytes[..<length])
  }

  // MARK: Directories

  private static func systemDirectories(machine: UInt16) -> [String] {
    let triple = machine == 183 ? "aarch64-linux-gnu" : "x86_64-linux-gnu"
    return configured("/etc/ld.so.conf", depth: 0)
      + ["/lib/\(triple)", "/usr/lib/\(triple)", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]
  }

  /// The directories that a file of ldconfig(8) names, and those that it includes.
  private static func configured(_ path: String, depth: Int) -> [String] {
    // A machine without such a file has the usual directories only.
    guard depth < 4, let text = try? textFile(path) else { return [] }
    var directories: [String] = []
    for line in text.split(separator: "\n") {
      let words = line.prefix { $0 != "#" }.split { " \t,:".contains($0) }.map(String.init)
      if words.first == "include" {
        directories += words.dropFirst().flatMap(files).flatMap { configured($0, depth: depth + 1) }
      } else {
        directories += words.filter { $0.hasPrefix("/") }
      }
    }
    return directories
  }

  /// The files that a pattern means (glob(3)).
  private static func files(_ pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
  }
}
