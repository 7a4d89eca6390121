import Patterns

/// The expressions of models that have one of their own, with llama.cpp's meaning of classes.
///
/// There a class of letters knows no case, so `\p{Lu}` and its like stand here as `\p{L}`; and in an expression
/// without such classes every blank beyond ASCII is a vertical tab, so ranges leave blanks out.
extension GGUFPreTokenizers {
  enum Published {
    private static let lead = #"[^\r\n\p{L}\p{N}]?"#
    private static let contractions = KnownSplit.contractions
    private static let blanks = #"|\s+(?!\S)|\s+"#
    private static let lineEnds = #"|\s*[\r\n]+"# + blanks
    private static let marks = #"| ?[^\s\p{L}\p{N}]+[\r\n]*"#
    private static let marksAndSlashes = #"| ?[^\s\p{L}\p{N}]+[\r\n/]*"#

    /// Words, single digits and punctuation, without English contractions.
    static let words = lead + #"\p{L}+|\p{N}"# + marks + lineEnds
    /// Runs of line ends, and what lies between.
    static let lines = #"[^\n]+|\n+"#

    /// Letters that are not lower case in ASCII, then letters that are not upper case in ASCII.
    private static func cased(_ letters: String, _ end: String) -> String {
      let high = "(?:(?![a-z])" + letters + ")"
      let low = "(?:(?![A-Z])" + letters + ")"
      return lead + high + "*" + low + "+" + end + "|" + lead + high + "+" + low + "*" + end
    }

    static let tekken = cased(#"\p{L}"#, "") + #"|\p{N}"# + marksAndSlashes + lineEnds
    static let graniteMultilingual =
      cased(#"[\p{L}\p{M}]"#, contractions + "?") + #"|\p{N}{1,3}"# + marksAndSlashes + lineEnds

    /// Words with marks in them, and a contraction behind.
    static func markedWords(digits: String) -> String {
      lead + #"[\p{L}\p{M}]+"# + contractions + #"?|\p{N}"# + digits + marksAndSlashes + lineEnds
    }

    static let kana = "[\u{4E00}-\u{9FA5}\u{3040}-\u{309F}\u{30A0}-\u{30FF}]+"
    private static let punctuated = ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"##
    private static let unpunctuated = #"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+"#
    static func deepSeek(trail: String) -> String { punctuated + unpunctuated + trail + lineEnds }
    static let spark = punctuated + unpunctuated + #"|[\r\n]"# + blanks

    /// Han, with all between Samaritan and it but for blanks, and Hangul.
    private static let eastern =
      "[\u{800}-\u{167F}\u{1681}-\u{1FFF}\u{200B}-\u{2027}\u{202A}-\u{202E}\u{2030}-\u{205E}"
      + "\u{2060}-\u{2FFF}\u{3001}-\u{9FA5}\u{AC00}-\u{D7FF}]+"
    static let deepSeekCoder = [#"[\r\n]"#, #"\s?\p{L}+"#, #"\s?\p{P}+"#, eastern, digit]
    static let deepSeekLLM = [
      #"[\r\n]"#, #"\s?["# + casedLetters + "]+",
      #"\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3001-\u3002]+"#, #"\s+$"#, eastern,
      #"\p{N}+"#,
    ]

    /// Upper and lower case letters of Unicode 11 by code point, as that model's file lists them.
    private static let casedLetters =
      [
        "41-5A 61-7A B5 C0-D6 D8-F6 F8-1BA 1BC-1BF 1C4-293 295-2AF 370-373 376-377 37B-37D 37F 386",
        "388-38A 38C 38E-3A1 3A3-3F5 3F7-481 48A-52F 531-556 10A0-10C5 13A0-13F5 13F8-13FD",
        "1C90-1CBA 1CBD-1CBF 1D00-1D2B 1D6B-1D77 1D79-1D9A 1E00-1F15 1F18-1F1D 1F20-1F45 1F48-1F4D",
        "1F50-1F57 1F59 1F5B 1F5D 1F5F-1F7D 1F80-1FB4 1FB6-1FBC 1FBE 1FC2-1FC4 1FC6-1FCC 1FD0-1FD3",
        "1FD6-1FDB 1FE0-1FEC 1FF2-1FF4 1FF6-1FFC 2102 2107 210A-2113 2115 2119-211D 2124 2126 2128",
        "212A-212D 212F-2134 2139 213C-213F 2145-2149 214E 2183-2184 2C00-2C7B 2C7E-2CE4 2CEB-2CEE",
        "2CF2-2CF3 A640-A66D A680-A69B A722-A76F A771-A787 A78B-A78E AB70-ABBF FB00-FB06 FB13-FB17",
        "FF21-FF3A FF41-FF5A 10400-1044F 104B0-104D3 104D8-104FB 10C80-10CB2 10CC0-10CF2",
        "118A0-118DF 1E900-1E943",
      ].joined(separator: " ").split(separator: " ")
      .map { $0.split(separator: "-").map { #"\x{"# + $0 + "}" }.joined(separator: "-") }.joined()

    static let bloom = " ?[^(\\s|.,!?\u{2026}\u{3002}\u{FF0C}\u{3001}\u{964}\u{6D4}\u{60C})]+"

    static let jais2: String = {
      let runs = [512, 256, 128, 64, 32, 16, 8, 4].map { #"|\s{\#($0)}(?!\S)"# }.joined()
      return contractions + "|" + lead + #"\p{L}+|\p{N}{1,3}"# + marks + #"|\s*[\r\n]+"# + runs
        + #"|\s{1,2}(?!\S)|\s"#
    }()

    static let chameleon = [
      "<sentinel:[0-9]+>", "IMGIMG[A-I]{1,4}Z", #"[\t\n]|    |  "#, digit,
      #"[\p{P}!-/:-@\[-`{-~]"#,
    ]

    static let youtu = [
      "[\u{AC00}-\u{D7A3}\u{3131}-\u{318E}]+|[\u{FF01}\u{2026}\u{201C}\u{201D}\u{2018}\u{2019}\u{2014}"
        + "\u{FF1A}\u{FF1B}\u{FF0C}\u{3001}-\u{303F}\u{FE30}-\u{FE4F}]+|[\u{3105}-\u{312F}]+|"
        + kana,
      markedWords(digits: ""),
    ]

    /// Cuts before every group of three digits from the end of a run; what follows the last stays with it.
    static let groups: String = {
      let more = "(?=(?:[0-9]{3})*(?![0-9]))"
      return "[0-9]{3}" + more + "(?:[^0-9]+(?:[0-9]{1,2}" + more + ")?)*"
    }()

    static let kimi: String = {
      let han =
        "[\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}"
        + "\u{2B820}-\u{2CEAF}\u{2CEB0}-\u{2EBEF}\u{F900}-\u{FAFF}\u{2F800}-\u{2FA1F}]"
      return han + "+|" + lead + "(?:(?!" + han + #")\p{L})+"# + contractions + #"?|\p{N}{1,3}"#
        + marks + lineEnds
    }()

    static let bailing =
      "'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|" + lead + #"\p{L}+|\p{N}"# + marks
      + #"|\s*[\r\n]"# + blanks
    static let seedCoder =
      contractions + "|" + lead + #"\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+"# + lineEnds
    static let exaone =
      contractions + "|" + lead
      + #"(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]"# + blanks
    static let miniCPM = contractions + "|" + lead + #"\p{L}+|\p{N}+"# + marks + lineEnds

    static let afmoe = [
      KnownSplit.digitGroups.pattern,
      "[\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{F900}-\u{FAFF}\u{3040}-\u{309F}\u{30A0}-\u{30FF}"
        + "\u{FF65}-\u{FF9F}\u{2F00}-\u{2FDF}\u{E40}-\u{E7F}\u{E80}-\u{EFF}\u{1780}-\u{17FF}"
        + "\u{1000}-\u{109F}\u{AA60}-\u{AA7F}\u{A9E0}-\u{A9FF}\u{AC00}-\u{D7AF}\u{1100}-\u{11FF}]+",
      deepSeek(trail: #"[\r\n]*"#),
    ]
  }
}
