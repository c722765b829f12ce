# Makes rows of Markdown of what Benchmarks/peers/systems has measured, with the factor by which the system
# whose name is in `hero` is faster in the last column.
#
# Input, by tabs: name, title, own cgroup, history, then for each of the four loads the median, slowest and
# fastest rate; – for each that was not measured.
BEGIN { FS = "\t" }

{
  rows[NR] = $1
  head[NR] = "| " $2 " | " $3 " | " $4 " |"
  for (load = 0; load < 4; load++) for (place = 0; place < 3; place++) {
    rates[NR, load, place] = $(5 + 3 * load + place)
  }
  if ($1 == hero) at = NR
}

END {
  for (row = 1; row <= NR; row++) {
    line = head[row]
    factors = ""
    for (load = 0; load < 4; load++) {
      line = line " " cell(row, load) " |"
      factors = factors (load ? ", " : "") factor(row, load)
    }
    if (factors == "–, –, –, –") factors = "–"
    print line " " factors " |"
  }
}

function cell(row, load) {
  if (rates[row, load, 0] == "–") return "–"
  return number(rates[row, load, 0]) \
    " (" number(rates[row, load, 1]) "–" number(rates[row, load, 2]) ")"
}

function factor(row, load) {
  if (!at || row == at || rates[row, load, 0] == "–" || rates[at, load, 0] == "–") return "–"
  return number(rates[at, load, 0] / rates[row, load, 0])
}

function number(value) { return sprintf(value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%d", value) }
