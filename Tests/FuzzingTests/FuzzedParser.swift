/// A parser of the product, with what must hold of whatever it reads.
struct FuzzedParser: Sendable {
  let name: String
  /// The most bytes of an input that is tried.
  let longest: Int
  private let body: @Sendable ([UInt8]) throws -> Void

  /// Makes the parser of bytes. `body` traps if something does not hold; what it throws is how the parser
  /// refuses an input.
  init(_ name: String, longest: Int = 4096, _ body: @escaping @Sendable ([UInt8]) throws -> Void) {
    (self.name, self.longest, self.body) = (name, longest, body)
  }

  /// Makes the parser of a text; what is no UTF-8 is replaced.
  init(text name: String, longest: Int = 4096, _ body: @escaping @Sendable (String) throws -> Void) {
    self.init(name, longest: longest) { try body(String(decoding: $0, as: UTF8.self)) }
  }

  /// Has it read some bytes.
  func parse(_ bytes: [UInt8]) {
    // Refusing them is as good an answer as any.
    try? body(bytes)
  }

  static let all = [
    values, schedules, trees, wire, requests, headers, answers, kernel, launch, host, courier, slurm, files,
    workloads,
  ].flatMap(\.self)
}

/// Traps unless something holds.
func demand(_ holds: Bool, _ what: @autoclosure () -> String) {
  if !holds { fatalError(what()) }
}

/// Traps unless two are equal.
func demandEqual<Value: Equatable>(_ left: Value, _ right: Value, _ what: @autoclosure () -> String) {
  if left != right { fatalError("\(what()): \(left) is not \(right)") }
}

/// Returns what `body` does; nil if it refuses.
func accepted<Value>(_ body: () throws -> Value) -> Value? {
  // As in `parse`.
  try? body()
}

/// Cuts bytes at the first line breaks; the last part is the rest.
func parts(of bytes: [UInt8], _ count: Int) -> [[UInt8]] {
  let parts = bytes.split(
    separator: UInt8(ascii: "\n"), maxSplits: count - 1, omittingEmptySubsequences: false)
  return parts.map { Array($0) } + Array(repeating: [], count: count - parts.count)
}
