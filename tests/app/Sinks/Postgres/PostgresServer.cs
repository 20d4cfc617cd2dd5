using System.Globalization;
using Npgsql;
using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Sinks.Postgres;

/// <summary>
/// A PostgreSQL server of a test's own, from the distribution's server programs: it has a temporary folder, is reached by
/// a socket in it, and can be killed and started again on the same data.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _programs;
    private readonly DirectoryInfo _folder;
    private ChildProcess? _process;

    private PostgresServer(string programs)
    {
        _programs = programs;
        _folder = Directory.CreateTempSubdirectory("streamscoring-pg-");
    }

    /// <summary>How to connect, as the superuser.</summary>
    public string ConnectionString => $"Host={_folder.FullName};Username=postgres;Database=postgres;Timeout=10";

    private string Data => Path.Combine(_folder.FullName, "data");

    private static bool IsRoot => Environment.UserName == "root";

    /// <summary>Starts a server; skips the test where its programs are not installed.</summary>
    /// <param name="settings">Lines for postgresql.conf.</param>
    public static async Task<PostgresServer> StartOrSkipAsync(params IReadOnlyList<string> settings)
    {
        var programs = FindPrograms();
        if (programs is null) Assert.Skip("needs PostgreSQL's server programs (Debian: apt-get install postgresql)");
        var server = new PostgresServer(programs);
        try
        {
            // The server refuses to run as root.
            if (IsRoot) await RunAsync("chown", "postgres", server._folder.FullName);
            await RunAsync([.. AsUser(), Path.Combine(programs, "initdb"), "--pgdata", server.Data, "--username", "postgres",
                "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync", "--no-instructions"]);
            await File.AppendAllLinesAsync(
                Path.Combine(server.Data, "postgresql.conf"),
                ["listen_addresses = ''", $"unix_socket_directories = '{server._folder.FullName}'", "shared_buffers = 32MB", .. settings]);
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the killed server on the same data, and waits until it answers.</summary>
    public async Task StartAgainAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        string[] command = [.. AsUser(), Path.Combine(_programs, "postgres"), "-D", Data];
        var clock = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var process = ChildProcess.Start(command[0], command[1..], new ChildProcessOptions { MergeErrors = true, WorkingDirectory = _folder.FullName });
            _process = process;
            while (!process.HasExited)
            {
                if (await AnswersAsync()) return;
                Assert.True(TimeProvider.System.GetElapsedTime(clock) < Limit, $"PostgreSQL did not answer.\n{string.Join('\n', process.Output)}");
                await Task.Delay(20);
            }
            // What was killed may hold the folder for a moment longer.
            Assert.True(TimeProvider.System.GetElapsedTime(clock) < Limit, $"PostgreSQL ended while it started.\n{string.Join('\n', process.Output)}");
            await process.DisposeAsync();
            await Task.Delay(50);
        }
    }

    /// <summary>Kills the server and all its processes at once (SIGKILL), as a crash would.</summary>
    public async Task KillAsync()
    {
        if (_process is not { } process) return;
        var children = Children(process.Id);
        process.Signal(ProcessSignal.Kill);
        foreach (var child in children)
        {
            try
            {
                using var one = System.Diagnostics.Process.GetProcessById(child);
                one.Kill();
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                // It has ended.
            }
        }
        await process.WaitForExitAsync(Limit);
    }

    /// <summary>Runs a statement.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Rows as lines, columns separated by '|'.</summary>
    public async Task<string> QueryAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(column => Text(reader.GetValue(column)))));
        }
        return string.Join('\n', rows);
    }

    /// <summary>A connection of the test's own.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        if (_process is not null) await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static string? Text(object value) => value is Array list
        ? string.Join(',', list.Cast<object>())
        : Convert.ToString(value, CultureInfo.InvariantCulture);

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = await ConnectAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static string[] AsUser() => IsRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : ["env"];

    private static string? FindPrograms()
    {
        const string debian = "/usr/lib/postgresql";
        var folders = Directory.Exists(debian)
            ? Directory.GetDirectories(debian).OrderByDescending(folder => folder, StringComparer.Ordinal).Select(folder => Path.Combine(folder, "bin"))
            : [];
        return folders.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
    }

    private static IReadOnlyList<int> Children(int parent)
    {
        var children = new List<int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id)) continue;
            try
            {
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                // pid (name) state ppid ...; the name may hold anything.
                if (stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1] == parent.ToString(CultureInfo.InvariantCulture)) children.Add(id);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It has ended.
            }
        }
        return children;
    }

    private static async Task RunAsync(params string[] command)
    {
        await using var process = ChildProcess.Start(command[0], command[1..], new ChildProcessOptions { MergeErrors = true, WorkingDirectory = "/" });
        var code = await process.WaitForExitAsync(Limit);
        Assert.True(code == 0, $"{string.Join(' ', command)} failed with {code}:\n{string.Join('\n', process.Output)}");
    }
}

/// <summary>The server that the tests of the assembly share, started when the first one asks for it.</summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private PostgresServer? _server;
    private int _schemas;

    /// <summary>The shared server; the test is skipped with the reason where there is none.</summary>
    public async ValueTask<PostgresServer> UseAsync()
    {
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return _server ??= await PostgresServer.StartOrSkipAsync("fsync = off", "max_connections = 50");
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The name of a schema that no other test uses.</summary>
    public string NewSchema() => $"test_{Interlocked.Increment(ref _schemas)}";

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        _gate.Dispose();
    }
}
