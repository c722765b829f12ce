package import MillraceCore
package import MillraceEngine
import Synchronization

extension MemoryJobStore {
  package func note(_ entry: AuditEntry) async throws {
    state.withLock { state in
      state.lastAuditNumber += 1
      var entry = entry
      entry.number = state.lastAuditNumber
      state.auditEntries.append(entry)
    }
  }

  package func audit(_ filter: AuditFilter) async throws -> [AuditEntry] {
    let all = state.withLock { $0.auditEntries }
    let fitting = all.reversed().filter { entry in
      (filter.principal.map { $0 == entry.principal } ?? true) && (entry.number ?? 0) < filter.before ?? .max
    }
    return Array(fitting.prefix(filter.limit))
  }

  package func delete(_ choice: OldAudit, atMost count: Int) async throws -> RowDeletion {
    state.withLock { state in
      let old = state.auditEntries.prefix { $0.time < choice.before }.prefix(count)
      var deletion = RowDeletion()
      deletion.count = old.count
      deletion.last = old.last?.time
      state.auditEntries.removeFirst(old.count)
      return deletion
    }
  }

  package func count(_ choice: OldAudit) async throws -> Int {
    state.withLock { $0.auditEntries.prefix { $0.time < choice.before }.count }
  }

  package func firstAuditEntry() async throws -> Timestamp? { state.withLock { $0.auditEntries.first?.time } }
}
