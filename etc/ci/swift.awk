# Reports, in Swift, what needs a reason beside it: an error that is dropped, a check of the compiler that is off.

# A comment counts on the same line or in the lines right above, with attributes between.
function explained(line, pattern) {
  return line ~ ("//.*" pattern) || above ~ pattern
}

# For a type, `// SAFETY:` may also be the first line inside.
function report_unsafe() {
  if (unsafe) print unsafe ": the compiler's check is off; say in `// SAFETY: …` why it is right"
  unsafe = ""
}

FNR == 1 { report_unsafe(); above = "" }
unsafe { if (/^ *\/\/ SAFETY:/) unsafe = ""; report_unsafe() }

/^ *\/\// { above = above " " $0; next }

/(^|[^A-Za-z0-9_])try\?/ && !explained($0, ".") {
  print FILENAME ":" FNR ": `try?` without a comment; say why the error does not matter, or handle it"
}
/@unchecked Sendable|nonisolated\(unsafe\)/ && !explained($0, "SAFETY:") { unsafe = FILENAME ":" FNR }

!/^ *@[A-Za-z]+(\(.*\))? *$/ { above = "" }
END { report_unsafe() }
