using System.Collections.Frozen;

namespace StreamScoring.Processors.Sentences;

/// <summary>Words whose full stop does not, or not always, end a sentence. Without the stop, in lower case.</summary>
internal static class Abbreviations
{
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Titles = Set(
        """
        mr mrs ms mx dr prof gen sen rep gov lt col sgt capt cmdr cpl pvt maj adm brig rev hon pres messrs mme mlle fr
        spc pfc cpt lcpl sfc tsgt ens pte supt insp det atty amb asst assoc dir cllr vs viz approx mt ft
        """);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> BeforeNumbers = Set(
        "no nos p pp fig figs art arts sec secs vol vols ch chap para paras cl eq ref nr ver v c ca op");

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Others = Set(
        """
        inc corp co cos ltd llc plc bros dept univ inst assn est jr sr esq etc al cf e.g i.e eg ie a.m p.m am pm a.k.a
        jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun
        ala ariz ark calif colo conn del fla ga ill ind kan ky la mass md mich minn miss mo mont neb nev okla ore pa penn
        tenn tex va vt wash wis wyo ont que st ave blvd rd hwy u.s u.k u.n e.u u.a.e d.c n.y l.a ph.d m.d b.a m.a
        hrs hr min mins lb lbs oz sq cu kg km cm mm m bn tn ed eds trans
        """);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Starters = Set(
        """
        the a an this that these those it its he she they we you i his her their our my your in on at by for from to with
        after before since when while where if as although though because but and or so yet however meanwhile moreover
        there here what who why how which some many most more all both each every other another one two no not now then
        according last next under over during despite until between among also still only even
        """);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> DomainEnds = Set(
        "com net org gov edu mil int info biz io co uk us eu de fr ca au nz tv js html htm php asp aspx txt pdf jpg");

    /// <summary>A name follows: never the end of a sentence.</summary>
    public static bool IsTitle(ReadOnlySpan<char> word) => Contains(Titles, word);

    /// <summary>A number follows where it is an abbreviation: <c>No. 10</c>.</summary>
    public static bool IsBeforeNumber(ReadOnlySpan<char> word) => Contains(BeforeNumbers, word);

    /// <summary>May stand inside a sentence or end one.</summary>
    public static bool IsAmbiguous(ReadOnlySpan<char> word) => Contains(Others, word);

    /// <summary>A capitalised word that hardly ever goes on with a name: after an abbreviation it opens a sentence.</summary>
    public static bool IsStarter(ReadOnlySpan<char> word) => Contains(Starters, word);

    /// <summary>What follows the last dot of an address or a file name.</summary>
    public static bool IsDomainEnd(ReadOnlySpan<char> word) => Contains(DomainEnds, word);

    private static bool Contains(FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> set, ReadOnlySpan<char> word) =>
        word.Length is > 0 and <= 12 && set.Contains(word);

    private static FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Set(string words) =>
        words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .ToFrozenSet(StringComparer.OrdinalIgnoreCase)
            .GetAlternateLookup<ReadOnlySpan<char>>();
}
