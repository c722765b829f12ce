# Reports files of over 400 lines and functions of over 60, in Swift, C and shell. It knows functions by their
# formatting: they begin with a declaration and end with a brace that is indented like it.

function begin(line) {
  start = FNR
  indent = match(line, /[^ ]/) - 1
  has_body = line ~ /\{$/
}

function end() {
  if (FNR - start + 1 > 60)
    print FILENAME ":" start ": the function has " FNR - start + 1 " lines, 60 are allowed; let it call another"
  start = 0
}

FNR == 1 { start = 0 }
FNR == 401 { print FILENAME ":401: the file has over 400 lines; move a type to a file of its own" }

FILENAME ~ /\.swift$/ && /^ *[^\/"]*(func [^ ]+\(|func [^ ]+<|init[?!]?[(<]|deinit \{)/ && !start { begin($0); next_line = 1 }
FILENAME ~ /\.(c|h|cpp)$/ && /^[A-Za-z_][^;=]*\(/ && !/;$/ { begin($0) }
FILENAME !~ /\.(swift|c|h|cpp)$/ && /^[a-z_]+\(\) \{$/ { begin($0) }

start && FNR > start && !has_body && /\{$/ { has_body = 1 }
# A protocol's requirement has no body, and one on a single line needs no counting.
start && FNR > start && !has_body && match($0, /[^ ]/) && RSTART - 1 <= indent && !/^ *[)}{]|^ *(where|throws|async|->)/ { start = 0 }
start && FNR == start && /\}$/ { start = 0 }
start && FNR > start && has_body && match($0, /[^ ]/) && RSTART - 1 == indent && /^ *\}/ { end() }
