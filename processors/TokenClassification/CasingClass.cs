using System.Globalization;

namespace StreamScoring.Processors.TokenClassification;

/// <summary>
/// What lower-casing takes away from a word, as a number from 0 to 7 that a model reads through its token-type input
/// (<c>"token_types": "casing"</c>). Special tokens have 0.
/// </summary>
internal static class CasingClass
{
    /// <summary>Neither letter nor digit.</summary>
    public const byte None = 0;

    /// <summary>No letter is upper-case.</summary>
    public const byte Lower = 1;

    /// <summary>The first letter is upper-case, no other is.</summary>
    public const byte Capitalized = 2;

    /// <summary>Two letters or more, all upper-case.</summary>
    public const byte Upper = 3;

    /// <summary>One letter, upper-case.</summary>
    public const byte SingleUpper = 4;

    /// <summary>Any other mix.</summary>
    public const byte Mixed = 5;

    /// <summary>Digits and no letter.</summary>
    public const byte Digits = 6;

    /// <summary>Letters and digits.</summary>
    public const byte Alphanumeric = 7;

    /// <summary>Number of classes.</summary>
    public const int Count = 8;

    /// <summary>The class of a word as it stands in the text.</summary>
    public static byte Of(ReadOnlySpan<char> word)
    {
        var letters = 0;
        var uppers = 0;
        var digits = 0;
        var firstIsUpper = false;
        foreach (var rune in word.EnumerateRunes())
        {
            switch (System.Text.Rune.GetUnicodeCategory(rune))
            {
                case UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter:
                    if (letters == 0) firstIsUpper = true;
                    letters++;
                    uppers++;
                    break;
                case UnicodeCategory.LowercaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter:
                    letters++;
                    break;
                case UnicodeCategory.DecimalDigitNumber:
                    digits++;
                    break;
                default:
                    break;
            }
        }
        if (digits > 0) return letters > 0 ? Alphanumeric : Digits;
        if (letters == 0) return None;
        if (uppers == letters) return letters == 1 ? SingleUpper : Upper;
        if (uppers == 0) return Lower;
        return firstIsUpper && uppers == 1 ? Capitalized : Mixed;
    }
}
