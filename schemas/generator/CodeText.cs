using System.Text;

namespace StreamScoring.Schemas.Generator;

/// <summary>C# text on its way out, indented.</summary>
internal sealed class CodeText
{
    private readonly StringBuilder _text = new();
    private int _level;

    public CodeText Line(string line = "")
    {
        if (line.Length > 0) _text.Append(' ', _level * 4).Append(line);
        _text.Append('\n');
        return this;
    }

    public CodeText Open(string line)
    {
        if (line.Length > 0) Line(line);
        Line("{");
        _level++;
        return this;
    }

    public CodeText Close(string after = "")
    {
        _level--;
        return Line("}" + after);
    }

    /// <summary>An XML summary; <paramref name="text"/> is plain text.</summary>
    public CodeText Summary(string text) => Line("/// <summary>" + Escape(text) + "</summary>");

    public override string ToString() => _text.ToString();

    private static string Escape(string text) => text
        .Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("\r", "").Replace('\n', ' ');
}
