using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using StreamScoring.App.Commands;

namespace StreamScoring.App.Articles;

/// <summary>
/// The output file of <c>score --out</c> and the file beside it that says how far it goes. The second is replaced as a
/// whole, after what it speaks of is on disk: whenever the process ends, the output begins with complete answers up to
/// there, and what comes after is cut off and scored again.
/// </summary>
internal sealed class ScoreJournal : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly string NothingSha256 = Convert.ToHexStringLower(SHA256.HashData([]));

    private readonly FileStream _file;
    private readonly string _statePath;
    private readonly TimeProvider _time;
    private long _savedAt;

    private ScoreJournal(FileStream file, string statePath, ScoreState state, TimeProvider time)
    {
        (_file, _statePath, State, _time) = (file, statePath, state, time);
        _savedAt = time.GetTimestamp();
    }

    /// <summary>How far it was when it was opened or last saved.</summary>
    internal ScoreState State { get; private set; }

    /// <summary>Where the lines go.</summary>
    internal Stream Output => _file;

    /// <summary>Opens the output.</summary>
    /// <param name="path">The output file.</param>
    /// <param name="resume">Go on with it where it is there.</param>
    /// <param name="settings">What the answers depend on besides the input.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CommandException">It is there and not to be gone on with, or does not fit.</exception>
    internal static ScoreJournal Open(string path, bool resume, IReadOnlyDictionary<string, string> settings, TimeProvider time)
    {
        var statePath = path + ".resume";
        if (!resume && File.Exists(path))
        {
            throw new CommandException($"{path} is there already: --resume goes on with an unfinished one; else remove it, or give another --out.");
        }
        var state = resume ? Read(statePath, path) : null;
        if (state is not null) RequireSame(state.Settings, settings, path);
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{path} cannot be written: {exception.Message}", exception);
        }
        try
        {
            if (state is not null && file.Length < state.OutputBytes)
            {
                throw new CommandException($"{path} has {file.Length:N0} bytes, {statePath} speaks of {state.OutputBytes:N0}: it was changed. Remove both to begin again.");
            }
            var journal = new ScoreJournal(file, statePath, state ?? new ScoreState { Settings = settings, InputSha256 = NothingSha256 }, time);
            if (state?.Done != true)
            {
                file.SetLength(journal.State.OutputBytes);
                file.Seek(0, SeekOrigin.End);
                if (state is null) journal.Write(journal.State);
            }
            return journal;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads over the input that is answered already.</summary>
    /// <param name="lines">At its beginning, taking hashes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CommandException">The input is not the one that the output answers.</exception>
    internal async Task SkipAnsweredAsync(LineReader lines, CancellationToken cancellationToken)
    {
        while (lines.LineBytes < State.InputBytes)
        {
            if (lines.TryRead(out _)) continue;
            if (!await lines.FillAsync(cancellationToken) && !lines.TryRead(out _)) break;
        }
        if (lines.LineBytes != State.InputBytes || lines.Place().Sha256 != State.InputSha256)
        {
            throw new CommandException(string.Create(CultureInfo.InvariantCulture,
                $"The input is not the one that {_file.Name} answers: its first {State.InputBytes} bytes ({State.InputLines} lines) are others. Give the same input, or another --out."));
        }
    }

    /// <summary>Whether it is time to save.</summary>
    internal bool IsDue => _time.GetElapsedTime(_savedAt) >= Interval;

    /// <summary>Puts everything written so far on disk and notes how far it goes.</summary>
    internal void Save(InputPlace place, long scored, long failed, bool done)
    {
        _file.Flush(flushToDisk: true);
        var state = State with
        {
            InputBytes = place.Bytes,
            InputLines = place.Lines,
            InputSha256 = place.Sha256,
            OutputBytes = _file.Length,
            Scored = scored,
            Failed = failed,
            Done = done,
        };
        Write(state);
        State = state;
        _savedAt = _time.GetTimestamp();
    }

    public void Dispose() => _file.Dispose();

    private void Write(ScoreState state)
    {
        var temporary = _statePath + ".tmp";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, state, ScoreStateJson.Default.ScoreState);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, _statePath, overwrite: true);
    }

    private static ScoreState? Read(string statePath, string path)
    {
        if (!File.Exists(statePath))
        {
            if (!File.Exists(path)) return null;
            throw new CommandException($"{path} is there, but nothing says how far it goes ({statePath} is missing): it cannot be resumed. Remove it, or give another --out.");
        }
        try
        {
            using var file = File.OpenRead(statePath);
            var state = JsonSerializer.Deserialize(file, ScoreStateJson.Default.ScoreState);
            if (state is { Format: ScoreState.CurrentFormat }) return state;
            throw new CommandException($"{statePath} was written by another version of this program (format {state?.Format}, this one knows {ScoreState.CurrentFormat}). Remove it and {path} to begin again.");
        }
        catch (JsonException exception)
        {
            throw new CommandException($"{statePath} is damaged: {exception.Message} Remove it and {path} to begin again.", exception);
        }
    }

    private static void RequireSame(IReadOnlyDictionary<string, string> then, IReadOnlyDictionary<string, string> now, string path)
    {
        var differences = then.Keys.Union(now.Keys).Where(key => then.GetValueOrDefault(key) != now.GetValueOrDefault(key))
            .Select(key => $"{key}: {then.GetValueOrDefault(key, "none")} then, {now.GetValueOrDefault(key, "none")} now").ToList();
        if (differences.Count == 0) return;
        throw new CommandException($"{path} was begun with other settings, its lines would not fit together ({string.Join("; ", differences)}). Give the same ones, or another --out.");
    }
}
