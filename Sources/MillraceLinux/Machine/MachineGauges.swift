import Glibc
import Logging
import MillraceCore

/// The files that tell how the machine and the tree of jobs are, kept open.
///
/// Each figure stands alone: one that can't be read is unknown, never 0, and the log says so, once.
final class MachineGauges {
  private var tree: UsageGauges?
  private var treePressure: KernelFile?
  private var memory: KernelFile?
  private var load: KernelFile?
  private let logger: Logger
  private var complaints: Set<String> = []

  /// Opens the files.
  /// - Parameters:
  ///   - tree: the directory of the common cgroup of all jobs.
  ///   - proc: where proc(5) is mounted.
  ///   - logger: where it is said what can't be read.
  init(tree: String, proc: String = "/proc", logger: Logger) {
    self.logger = logger
    self.tree = figure {
      let directory = try Descriptor(opening: tree, flags: O_RDONLY | O_DIRECTORY)
      return try UsageGauges(directory: directory.number, name: "p")
    }
    treePressure = figure { try KernelFile(ifThere: tree + "/memory.pressure", name: "p/memory.pressure") }
    memory = figure { try KernelFile(opening: proc + "/meminfo", name: "/proc/meminfo") }
    load = figure { try KernelFile(opening: proc + "/loadavg", name: "/proc/loadavg") }
  }

  /// Returns how things are now.
  func sample(_ buffer: ReadingBuffer) -> MachineSample {
    let figures = figure { try memory.map { try buffer.read($0, MachineFiles.memory) } }
    return MachineSample(
      treeMemory: figure { try tree?.workingSet(buffer, isFresh: true) },
      memoryTotal: figures?.total, memoryAvailable: figures?.available,
      memoryStall: figure { try treePressure.map { try buffer.read($0, MachineFiles.stall) } },
      load: figure { try load.map { try buffer.read($0, MachineFiles.load) } })
  }

  /// How many different complaints are made in all: one for each file and reason.
  private static let maxComplaints = 16

  /// Returns a figure; nil, with a word in the log, if it can't be had.
  private func figure<Figure>(_ body: () throws -> Figure?) -> Figure? {
    do { return try body() } catch {
      let text = "\(error)"
      if complaints.count < Self.maxComplaints, complaints.insert(text).inserted {
        logger.error("a measure of pressure is missing", metadata: ["error": "\(text)"])
      }
      return nil
    }
  }
}
