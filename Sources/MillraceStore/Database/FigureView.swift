import MillraceCore

/// What `v9` adds: the numbers in results that hold figures, as rows (`ReportedFigure`).
///
/// A result that is no JSON object has no rows; what is no number in it is passed over. Only results in the
/// database count: those in files are longer than a list of figures should be.
enum FigureView {
  static let all = [index, view]

  /// Which rows of `result` hold figures; word for word what `result_figures` has them by.
  static let isOfFigures = "media_type = '\(ReportedFigure.mediaType)' AND bytes IS NOT NULL"

  /// Which rows of `json_each(…) AS each` are named numbers: the elements of a list have no names.
  static let isNumber = "each.type IN ('integer', 'real') AND typeof(each.key) = 'text'"

  private static let index = "CREATE INDEX result_figures ON result (job, number) WHERE \(isOfFigures)"

  /// The text of a result, or of one without figures if it is not JSON.
  static let text = """
    iif(json_valid(CAST(result.bytes AS TEXT)), CAST(result.bytes AS TEXT), '{}')
    """

  private static let view = """
    CREATE VIEW figure AS
    SELECT attempt.handler AS handler, attempt.job AS job, attempt.number AS attempt,
      strftime('%Y-%m-%dT%H:%M:%fZ', attempt.ended / 1e6, 'unixepoch') AS time,
      each.key AS name, each.value AS value
    FROM result INDEXED BY result_figures
      CROSS JOIN attempt ON attempt.job = result.job AND attempt.number = result.number
      CROSS JOIN json_each(\(text)) AS each
    WHERE \(isOfFigures) AND \(isNumber)
    """
}
