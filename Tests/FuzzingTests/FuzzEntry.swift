import Glibc

/// The parser that this process is for; nil before it is chosen.
// SAFETY: libFuzzer calls in on one thread.
nonisolated(unsafe) private var chosen: FuzzedParser?

/// Chooses the parser that the environment names; without a name, prints what there are and the longest input
/// of each, and ends.
@_cdecl("millrace_fuzz_choose") func choose() {
  guard let name = getenv("MILLRACE_FUZZ_PARSER").map({ String(cString: $0) }) else {
    for parser in FuzzedParser.all { print(parser.name, parser.longest) }
    exit(0)
  }
  chosen = FuzzedParser.all.first { $0.name == name }
  guard chosen != nil else {
    print("there is no parser `\(name)`")
    exit(2)
  }
}

/// Gives it an input of libFuzzer's.
@_cdecl("millrace_fuzz") func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  chosen?.parse(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}
