import CMillraceLinux
import CMillraceLinux.Libc

/// The first bytes of a file that should be a shared library for this machine. The loader's own words about a
/// wrong file are hard to read, and it may crash on a damaged one.
enum ELFHead {
  /// Throws unless `path` is a 64-bit, little-endian shared object for this machine (elf(5)).
  static func check(_ path: UnsafePointer<CChar>) throws(HostError) {
    let name = String(cString: path)
    // A FIFO must not hold us up.
    let descriptor = millrace_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0)
    guard descriptor >= 0 else {
      throw HostError(
        "cannot open plugin `\(name)`: \(words(for: descriptor))",
        hint: "the user that jobs run as (`nobody` for root) must be able to read it and reach its folder")
    }
    defer { close(descriptor) }

    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & UInt32(S_IFMT) == UInt32(S_IFREG) else {
      throw HostError("plugin `\(name)` is no regular file", hint: "a plugin is a shared library, `lib….so`")
    }
    var head = [UInt8](repeating: 0, count: 64)
    let length = pread(descriptor, &head, head.count, 0)
    guard length == head.count, head[0] == 0x7f, head[1] == 0x45, head[2] == 0x4c, head[3] == 0x46 else {
      throw HostError(
        "plugin `\(name)` is no ELF file", hint: "build it with `cc -shared -fPIC -o lib….so ….c`")
    }
    let kind = UInt16(head[16]) | UInt16(head[17]) << 8
    let machine = UInt16(head[18]) | UInt16(head[19]) << 8
    guard head[4] == 2, head[5] == 1, machine == thisMachine else {
      let bits = head[4] == 1 ? "32-bit " : ""
      throw HostError(
        "plugin `\(name)` is built for \(bits)\(describe(machine)), this machine is \(describe(thisMachine))",
        hint: "rebuild the plugin on this machine, or with a cross compiler for it")
    }
    guard kind == 3 else {
      throw HostError(
        "plugin `\(name)` is an ELF file but no shared library",
        hint: "link it with `-shared` and compile it with `-fPIC`")
    }
  }

  private static var thisMachine: UInt16 {
    #if arch(arm64)
      return 183
    #else
      return 62
    #endif
  }

  private static func describe(_ machine: UInt16) -> String {
    switch machine {
    case 3: return "x86"
    case 40: return "arm"
    case 62: return "x86-64"
    case 183: return "arm64"
    case 243: return "RISC-V"
    default: return "ELF machine \(machine)"
    }
  }
}
