using System.Globalization;
using System.Security;
using System.Text;

namespace StreamScoring.App.Bench;

/// <summary>The tables' first columns as horizontal bars, one picture, readable on a light and on a dark page.</summary>
internal static class BenchPlot
{
    private const int Width = 860;
    private const int LabelWidth = 330;
    private const int RowHeight = 22;
    private const int TitleHeight = 44;
    private const int BarWidth = Width - LabelWidth - 110;

    internal static string Draw(BenchReport report)
    {
        var height = 16 + report.Tables.Sum(static table => TitleHeight + (table.Rows.Count * RowHeight));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n");
        svg.Append("<style>text { fill: #1f2328 } .head { font-weight: 600; font-size: 14px } .bar { fill: #4a7dbd } .page { fill: #ffffff }\n");
        svg.Append("@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .bar { fill: #6ea3e0 } .page { fill: #0d1117 } }</style>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"page\" width=\"{Width}\" height=\"{height}\"/>\n");
        var y = 8;
        foreach (var table in report.Tables) y = DrawTable(table, y, svg);
        return svg.Append("</svg>\n").ToString();
    }

    private static int DrawTable(BenchTable table, int y, StringBuilder svg)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"head\" x=\"10\" y=\"{y + 26}\">{Escape(table.Title)}, {Escape(table.Columns[0])}</text>\n");
        y += TitleHeight;
        var most = table.Rows.Max(static row => row.Values[0] ?? 0);
        foreach (var (name, values) in table.Rows)
        {
            var value = values[0] ?? 0;
            var width = most > 0 ? value / most * BarWidth : 0;
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{LabelWidth - 8}\" y=\"{y + 11}\" text-anchor=\"end\">{Escape(name)}</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"bar\" x=\"{LabelWidth}\" y=\"{y}\" width=\"{width:0.0}\" height=\"{RowHeight - 8}\" rx=\"2\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{LabelWidth + width + 6:0.0}\" y=\"{y + 11}\">{BenchReport.Number(value)}</text>\n");
            y += RowHeight;
        }
        return y;
    }

    private static string Escape(string text) => SecurityElement.Escape(text);
}
