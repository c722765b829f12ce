import MillraceCore
import MillraceLinux

/// Is memory short on this machine now?
struct PressureCheck: Check {
  let name = "memory"
  let machine: MachineFiles
  let rules: PressureRules

  func finding() -> Finding {
    do {
      guard let text = machine.text("/proc/meminfo") else { return failure("`/proc/meminfo` can't be read") }
      let memory = try MillraceLinux.MachineFiles.memory(Array(text.utf8).span)
      guard let available = memory.available else {
        return warning("the kernel does not tell how much memory is available: pressure stays unknown")
      }
      let words = try ["\(available) of \(memory.total) available", stall(), load()].compactMap { $0 }
      let found = words.joined(separator: ", ")
      let part = Double(available.rawValue) / Double(max(memory.total.rawValue, 1))
      return part > rules.availableWarning
        ? ok(found) : warning("\(found): jobs will be held back", mend: ["ps aux --sort=-rss | head"])
    } catch {
      return failure("\(error)")
    }
  }

  private func stall() throws -> String? {
    guard let text = machine.text("/proc/pressure/memory") else { return nil }
    return "waited for \(try MillraceLinux.MachineFiles.stall(Array(text.utf8).span)) % of the time"
  }

  private func load() throws -> String? {
    guard let text = machine.text("/proc/loadavg") else { return nil }
    return "load \(try MillraceLinux.MachineFiles.load(Array(text.utf8).span))"
  }
}
