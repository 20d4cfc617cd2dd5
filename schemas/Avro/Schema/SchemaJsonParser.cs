using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace StreamScoring.Schemas.Avro;

/// <summary>Reads the JSON text of a schema (RFC 8259), strictly; the first fault ends it.</summary>
internal sealed class SchemaJsonParser
{
    private const int MaxDepth = 128;

    private readonly string _text;
    private int _at;
    private int _line = 1;
    private int _lineStart;
    private int _depth;

    private SchemaJsonParser(string text) => _text = text;

    /// <exception cref="AvroSchemaException">The text is no JSON.</exception>
    public static SchemaJson Parse(string text)
    {
        var parser = new SchemaJsonParser(text);
        if (text.Length > 0 && text[0] == '\uFEFF') parser._at = parser._lineStart = 1;
        parser.SkipWhiteSpace();
        var value = parser.ReadValue();
        parser.SkipWhiteSpace();
        if (parser._at < text.Length) throw parser.Fault("nothing may follow the schema");
        return value;
    }

    private SchemaPosition Here => new(_at, _line, _at - _lineStart + 1);

    private AvroSchemaException Fault(string message) => Fault(message, Here);

    private static AvroSchemaException Fault(string message, SchemaPosition position) =>
        new(new AvroSchemaProblem(AvroSchemaProblem.InvalidJson, "The schema is not valid JSON: " + message + ".", position));

    private void SkipWhiteSpace()
    {
        for (; _at < _text.Length; _at++)
        {
            switch (_text[_at])
            {
                case ' ' or '\t' or '\r':
                    break;
                case '\n':
                    _line++;
                    _lineStart = _at + 1;
                    break;
                default:
                    return;
            }
        }
    }

    private SchemaJson ReadValue()
    {
        if (_at >= _text.Length) throw Fault("it ends where a value is expected");
        var position = Here;
        switch (_text[_at])
        {
            case '{': return ReadObject(position);
            case '[': return ReadArray(position);
            case '"': return new SchemaJson(SchemaJsonKind.String, position, ReadString());
            case 't': return ReadWord("true", SchemaJsonKind.True, position);
            case 'f': return ReadWord("false", SchemaJsonKind.False, position);
            case 'n': return ReadWord("null", SchemaJsonKind.Null, position);
            case '-' or (>= '0' and <= '9'): return ReadNumber(position);
            default: throw Fault("a value is expected here, not '" + _text[_at] + "'");
        }
    }

    private SchemaJson ReadObject(SchemaPosition position)
    {
        Descend();
        var members = new List<SchemaJsonMember>();
        while (true)
        {
            SkipWhiteSpace();
            if (members.Count == 0 && TryTake('}')) break;
            var namePosition = Here;
            if (_at >= _text.Length || _text[_at] != '"') throw Fault("a member's name in quotes is expected here");
            var name = ReadString();
            SkipWhiteSpace();
            if (!TryTake(':')) throw Fault("':' is expected after \"" + name + "\"");
            SkipWhiteSpace();
            members.Add(new SchemaJsonMember(name, namePosition, ReadValue()));
            SkipWhiteSpace();
            if (TryTake('}')) break;
            if (!TryTake(',')) throw Fault("',' or '}' is expected here");
        }
        _depth--;
        return new SchemaJson(SchemaJsonKind.Object, position) { Members = members };
    }

    private SchemaJson ReadArray(SchemaPosition position)
    {
        Descend();
        var items = new List<SchemaJson>();
        while (true)
        {
            SkipWhiteSpace();
            if (items.Count == 0 && TryTake(']')) break;
            items.Add(ReadValue());
            SkipWhiteSpace();
            if (TryTake(']')) break;
            if (!TryTake(',')) throw Fault("',' or ']' is expected here");
        }
        _depth--;
        return new SchemaJson(SchemaJsonKind.Array, position) { Items = items };
    }

    private void Descend()
    {
        if (++_depth > MaxDepth) throw Fault("nested deeper than 128 levels");
        _at++;
    }

    private bool TryTake(char expected)
    {
        if (_at >= _text.Length || _text[_at] != expected) return false;
        _at++;
        return true;
    }

    private SchemaJson ReadWord(string word, SchemaJsonKind kind, SchemaPosition position)
    {
        if (string.CompareOrdinal(_text, _at, word, 0, word.Length) != 0) throw Fault("'" + word + "' is expected here");
        _at += word.Length;
        return new SchemaJson(kind, position);
    }

    private SchemaJson ReadNumber(SchemaPosition position)
    {
        var start = _at;
        TryTake('-');
        if (!TryTake('0') && !TakeDigits()) throw Fault("a digit is expected here");
        if (TryTake('.') && !TakeDigits()) throw Fault("a digit is expected after the point");
        if (TryTake('e') || TryTake('E'))
        {
            if (!TryTake('+')) TryTake('-');
            if (!TakeDigits()) throw Fault("a digit is expected in the exponent");
        }
        return new SchemaJson(SchemaJsonKind.Number, position, _text.Substring(start, _at - start));
    }

    private bool TakeDigits()
    {
        var start = _at;
        while (_at < _text.Length && _text[_at] is >= '0' and <= '9') _at++;
        return _at > start;
    }

    private string ReadString()
    {
        var start = Here;
        _at++;
        var text = new StringBuilder();
        while (true)
        {
            if (_at >= _text.Length || _text[_at] == '\n') throw Fault("the string that starts here has no end", start);
            var c = _text[_at++];
            if (c == '"') return text.ToString();
            if (c < ' ') throw Fault("a control character inside a string must be escaped");
            text.Append(c == '\\' ? ReadEscape() : c);
        }
    }

    private char ReadEscape()
    {
        if (_at >= _text.Length) throw Fault("it ends inside an escape");
        switch (_text[_at++])
        {
            case '"': return '"';
            case '\\': return '\\';
            case '/': return '/';
            case 'b': return '\b';
            case 'f': return '\f';
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'u' when _at + 4 <= _text.Length && ushort.TryParse(
                _text.Substring(_at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit):
                _at += 4;
                return (char)unit;
            default: throw Fault("unknown escape in a string");
        }
    }
}
