package import MillraceCore

/// Reads the texts that tell how the machine is (proc(5)); each reader refuses what is malformed.
package enum MachineFiles {
  /// Reads `/proc/meminfo`, lines "Key:   number kB"; `available` is nil before Linux 3.14.
  package static func memory(_ text: Span<UInt8>) throws -> (total: Bytes, available: Bytes?) {
    var total: Bytes?
    var available: Bytes?
    var reader = TextReader(count: text.count)
    while !reader.isAtEnd, total == nil || available == nil {
      let line = reader.position
      let key = reader.word(of: text)
      if text.holds("MemTotal:", in: key) {
        total = try kibibytes(&reader, line, of: text)
      } else if text.holds("MemAvailable:", in: key) {
        available = try kibibytes(&reader, line, of: text)
      } else {
        reader.skipLine(of: text)
      }
    }
    guard let total else { throw CgroupFiles.missing("MemTotal", "/proc/meminfo") }
    return (total, available)
  }

  private static func kibibytes(
    _ reader: inout TextReader, _ line: Int, of text: Span<UInt8>
  ) throws -> Bytes {
    reader.skipBlanks(of: text)
    guard let number = reader.number(of: text), reader.skip(" kB\n", of: text), number <= Int64.max >> 10
    else { throw CgroupFiles.malformed("/proc/meminfo", line, of: text) }
    return Bytes(number << 10)
  }

  /// Reads `/proc/loadavg`; returns how many processes were ready to run, averaged over a minute.
  package static func load(_ text: Span<UInt8>) throws -> Double {
    var reader = TextReader(count: text.count)
    guard let load = reader.decimal(of: text), reader.skip(" ", of: text) else {
      throw CgroupFiles.malformed("/proc/loadavg", 0, of: text)
    }
    return load
  }

  /// Reads a `memory.pressure`; returns the share of the last 10 s in which some task waited, in percent.
  ///
  /// Source: https://docs.kernel.org/accounting/psi.html
  package static func stall(_ text: Span<UInt8>) throws -> Double {
    var reader = TextReader(count: text.count)
    guard reader.skip("some avg10=", of: text), let percent = reader.decimal(of: text), percent <= 100,
      reader.skip(" ", of: text)
    else { throw CgroupFiles.malformed("memory.pressure", 0, of: text) }
    return percent
  }
}
