import CMillrace
import CMillraceLinux.Libc

/// A plugin's shared library in this process: what it says of itself was checked before anything is used.
struct PluginLibrary {
  /// What it says of itself; what an older one does not have is zero.
  let plugin: millrace_plugin
  let handlers: Handlers

  /// The most handlers that one plugin may have.
  static let maximumHandlers = 256

  /// A step of the way in: what a crash is blamed on.
  enum Step: UInt32 {
    case load = 1
    case describe = 2
    case read = 3
  }

  /// When the symbols of a library are bound: as they are first called, so that a job binds only what it
  /// needs, or at once, so that forks don't do so again.
  enum Binding {
    case late, early

    fileprivate var flag: Int32 { self == .late ? RTLD_LAZY : RTLD_NOW }
  }

  /// Loads a library and asks it for its description. Its constructors run now, and it stays loaded. `step`
  /// is called before each step.
  init(
    _ path: UnsafePointer<CChar>, binding: Binding = .late, step: (Step) -> Void = { _ in }
  ) throws(HostError) {
    let name = String(cString: path)
    step(.load)
    guard let library = dlopen(path, binding.flag | RTLD_LOCAL) else {
      throw HostError(
        "cannot load plugin `\(name)`: \(PluginLibrary.loaderWords())",
        hint: "check it with `ldd \(name)`; the user that jobs run as must be able to read it")
    }
    guard let symbol = dlsym(library, "millrace_plugin_describe") else {
      throw HostError(
        "plugin `\(name)` does not export `millrace_plugin_describe`",
        hint: "declare the function as `millrace.h` does, with MILLRACE_EXPORT; in C++ `extern \"C\"`")
    }
    step(.describe)
    typealias Describe = @convention(c) () -> UnsafePointer<millrace_plugin>?
    guard let plugin = unsafeBitCast(symbol, to: Describe.self)() else {
      throw HostError(
        "`millrace_plugin_describe` of plugin `\(name)` returned NULL",
        hint: "return the address of a static `millrace_plugin`")
    }
    step(.read)
    self.plugin = try PluginLibrary.checked(plugin, of: name)
    handlers = try PluginLibrary.checkedHandlers(self.plugin, of: name)
  }

  /// The handlers of a plugin, in its order. An older plugin's structs are shorter than ours, a newer one's
  /// longer: the distance of two handlers is what the first says its size is, and what is missing is zero.
  struct Handlers {
    /// nil if there are none.
    fileprivate let first: UnsafeRawPointer?
    fileprivate let stride: Int
    let count: Int

    subscript(index: Int) -> millrace_handler {
      guard let first else { preconditionFailure("there are no handlers") }
      var handler = millrace_handler()
      memcpy(&handler, first + index * stride, min(stride, MemoryLayout<millrace_handler>.size))
      return handler
    }

    /// The handler of this name, or nil.
    func named(_ name: UnsafePointer<CChar>) -> millrace_handler? {
      for index in 0..<count where strcmp(self[index].name, name) == 0 { return self[index] }
      return nil
    }
  }

  /// Returns why the loader failed last.
  static func loaderWords() -> String {
    guard let words = dlerror() else { return "the loader gives no reason" }
    return String(cString: words)
  }

  private static func refusal(_ name: String, _ complaint: String) -> HostError {
    HostError(
      "plugin `\(name)` \(complaint)",
      hint: "fill in the struct as the example in `millrace.h` does, and rebuild the plugin")
  }

  /// Checks what a plugin says of itself as a whole, but for what its texts mean.
  private static func checked(
    _ plugin: UnsafePointer<millrace_plugin>, of name: String
  ) throws(HostError) -> millrace_plugin {
    func refuse(_ complaint: String) -> HostError { refusal(name, complaint) }

    // The size first, then the version: everything else may have moved in another version.
    let size = plugin.pointee.size
    guard isPlausible(size, atLeast: 2 * MemoryLayout<Int>.size) else {
      throw refuse("says that its `millrace_plugin` has \(UInt(bitPattern: size)) bytes")
    }
    guard plugin.pointee.abi == UInt32(MILLRACE_ABI) else {
      throw HostError(
        "plugin `\(name)` is built for plugin interface \(plugin.pointee.abi), this is \(MILLRACE_ABI)",
        hint: plugin.pointee.abi > UInt32(MILLRACE_ABI)
          ? "update Millrace, or rebuild the plugin with its `millrace.h`"
          : "set `abi` to MILLRACE_ABI and rebuild the plugin")
    }
    guard isPlausible(size, atLeast: firstPluginSize) else {
      throw refuse("says that its `millrace_plugin` has \(UInt(bitPattern: size)) bytes")
    }
    var value = millrace_plugin()
    memcpy(&value, plugin, min(size, MemoryLayout<millrace_plugin>.size))
    if let reason = value.refusal {
      throw HostError(
        "plugin `\(name)` refuses to be used: \(printable(reason, atMost: 600))",
        hint: "mend the plugin, and build it anew")
    }
    guard isName(value.name) else { throw refuse("has no valid `name`: \(quoted(value.name))") }
    guard let version = value.version, version.pointee != 0 else { throw refuse("has no `version`") }
    return value
  }

  /// Checks what a plugin says of its handlers, but for what their texts mean.
  private static func checkedHandlers(
    _ plugin: millrace_plugin, of name: String
  ) throws(HostError) -> Handlers {
    func refuse(_ complaint: String) -> HostError { refusal(name, complaint) }

    let count = plugin.handler_count
    if count == 0 && plugin.flags & UInt32(MILLRACE_HAS_FILES) != 0 {
      return Handlers(first: nil, stride: firstHandlerSize, count: 0)
    }
    guard count != 0, let first = plugin.handlers else { throw refuse("has no handlers") }
    guard (1...maximumHandlers).contains(count) else {
      throw refuse("has \(UInt(bitPattern: count)) handlers, more than \(maximumHandlers)")
    }
    let stride = first.pointee.size
    guard isPlausible(stride, atLeast: firstHandlerSize) else {
      throw refuse("says that its `millrace_handler` has \(UInt(bitPattern: stride)) bytes")
    }
    let handlers = Handlers(first: UnsafeRawPointer(first), stride: stride, count: count)
    for index in 0..<handlers.count {
      if let complaint = complaint(about: handlers[index], stride: stride) {
        throw refuse("has a bad handler \(index + 1): \(complaint)")
      }
    }
    return handlers
  }

  /// Returns what is wrong with a handler, or nil.
  private static func complaint(about value: millrace_handler, stride: Int) -> String? {
    guard value.size == stride else {
      return "its size is \(UInt(bitPattern: value.size)), the first one's is \(stride)"
    }
    guard isName(value.name) else { return "its name is invalid: \(quoted(value.name))" }
    if value.run == nil { return "`run` of \(quoted(value.name)) is NULL" }
    guard
      value.timeout_ms >= 0, value.max_attempts >= 0, value.retry_delay_ms >= 0, value.concurrency >= 0
    else { return "\(quoted(value.name)) has a negative number" }
    guard let limits = value.limits else { return nil }
    guard isPlausible(limits.pointee.size, atLeast: MemoryLayout<millrace_limits>.size) else {
      return "the `millrace_limits` of \(quoted(value.name)) have the wrong size"
    }
    guard limits.pointee.memory_bytes >= 0, limits.pointee.cpu_millis >= 0, limits.pointee.pids >= 0 else {
      return "\(quoted(value.name)) has a negative limit"
    }
    return nil
  }

  /// The size of a plugin before `problems` was appended to it.
  private static let firstPluginSize = 56
  /// The size of a handler before `prepare` was appended to it.
  private static let firstHandlerSize = 80

  /// Whether a struct may have this size. The least one is what version 1 had: when a field is appended to a
  /// struct, the old size must be kept here.
  private static func isPlausible(_ size: Int, atLeast least: Int) -> Bool {
    size >= least && size <= 4096 && size % MemoryLayout<Int>.alignment == 0
  }

  /// Whether a text is a name: 1 to 64 of a-z 0-9 - _ . and beginning with a letter.
  static func isName(_ text: UnsafePointer<CChar>?) -> Bool {
    guard let text else { return false }
    for index in 0...64 {
      switch UInt8(bitPattern: text[index]) {
      case 0: return index > 0
      case UInt8(ascii: "a")...UInt8(ascii: "z"): continue
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        if index == 0 { return false }
      default: return false
      }
    }
    return false
  }

  /// Returns the beginning of a text, quoted.
  private static func quoted(_ text: UnsafePointer<CChar>?) -> String {
    guard let text else { return "NULL" }
    return "`\(printable(text, atMost: 64))`"
  }

  /// Returns the beginning of a text as it may be shown on a terminal.
  private static func printable(_ text: UnsafePointer<CChar>, atMost limit: Int) -> String {
    var shown = ""
    for index in 0..<limit {
      let byte = UInt8(bitPattern: text[index])
      if byte == 0 { return shown }
      shown += (0x20..<0x7f).contains(byte) ? String(UnicodeScalar(byte)) : "?"
    }
    return shown + "…"
  }
}
