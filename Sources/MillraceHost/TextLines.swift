import CMillraceLinux.Libc

/// Calls `body` with each line of a file, its line break included, until it returns false; closes the file.
func forEachLine(of file: UnsafeMutablePointer<FILE>, _ body: (UnsafeMutablePointer<CChar>) -> Bool) {
  defer { fclose(file) }
  var line: UnsafeMutablePointer<CChar>?
  var capacity = 0
  defer { free(line) }
  while getline(&line, &capacity, file) > 0 {
    guard let line, body(line) else { return }
  }
}
