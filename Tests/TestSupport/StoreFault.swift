package import MillraceEngine

/// What a store of the tests throws where a real one would throw what its disk does.
package enum StoreFault: StorageFailure, CaseIterable, CustomStringConvertible {
  case busy, diskFull, inputOutput, damaged
  /// Only this one write can't be.
  case mistaken

  /// What a disk can do; a mistake is none of that.
  package static let allCases: [StoreFault] = [.busy, .diskFull, .inputOutput, .damaged]

  package var message: String {
    switch self {
    case .busy: "the database is locked"
    case .diskFull: "no space left on device"
    case .inputOutput: "disk I/O error"
    case .damaged: "the database is damaged"
    case .mistaken: "it can't be stored"
    }
  }

  package var hint: String { "mend the test's disk" }

  package var kind: StorageFailureKind {
    switch self {
    case .busy, .diskFull, .inputOutput: .passing
    case .damaged: .lasting
    case .mistaken: .mistake
    }
  }

  package var description: String { message }
}
