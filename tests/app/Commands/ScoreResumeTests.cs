using System.Globalization;
using System.Text;
using StreamScoring.Schemas;
using StreamScoring.Testing.Internal;
using StreamScoring.Testing.Processes;

namespace StreamScoring.App.Tests.Commands;

public sealed class ScoreResumeTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("streamscoring-score-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Input => Path.Combine(_folder.FullName, "in.jsonl");

    private string Output => Path.Combine(_folder.FullName, "out.jsonl");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Killed_and_resumed_it_answers_each_line_once_and_in_order()
    {
        // Bad lines and blank ones among them: lines out are no lines in.
        const int count = 300_000;
        Write(count, i => i % 1_000 == 999 ? "{\"id\": \n" : i % 777 == 0 ? "\n" : "");
        string[] arguments = ["score", Input, "--out", Output, "--resume", "--config", Program.IdentityNodes];
        for (var kill = 1; kill <= 3; kill++)
        {
            await using var victim = ChildProcess.StartProgram(arguments);
            var start = Length();
            while (Length() < start + (2 << 20) && !victim.HasExited) await Task.Delay(5, Stop);
            victim.Signal(ProcessSignal.Kill);
            await victim.WaitForExitAsync(Limit, Stop);
            // As after a crash in the middle of a write.
            await File.AppendAllTextAsync(Output, "{\"id\":\"half a li", Stop);
        }

        var last = await Program.RunAsync(arguments);
        var again = await Program.RunAsync(arguments);

        Assert.Equal((1, 1), (last.ExitCode, again.ExitCode));
        Assert.Equal($"{count:N0} articles scored, {count / 1_000:N0} lines could not be.", last.Errors[^1]);
        Assert.Equal($"{Output} is finished: {count:N0} articles.", Assert.Single(again.Errors));
        var expected = 0;
        foreach (var line in File.ReadLines(Output)) Assert.Equal(expected++.ToString(CultureInfo.InvariantCulture), ArticleJson.Read(Encoding.UTF8.GetBytes(line)).Id);
        Assert.Equal(count, expected);
    }

    [Fact]
    public async Task Another_input_other_settings_and_an_output_that_is_there_are_refused()
    {
        Write(2_000, _ => "");
        string[] arguments = ["score", Input, "--out", Output, "--config", Program.IdentityNodes];
        await using (var victim = ChildProcess.StartProgram([.. arguments[..1], "-", .. arguments[2..]]))
        {
            // Standard input that dries up: it saves what it has and waits for more.
            await victim.Input.WriteAsync(await File.ReadAllTextAsync(Input, Stop));
            await victim.Input.FlushAsync(Stop);
            while (Length() < 100_000) await Task.Delay(5, Stop);
            victim.Signal(ProcessSignal.Interrupt);
            Assert.Equal(130, await victim.WaitForExitAsync(Limit, Stop));
        }
        var there = await Program.RunAsync(arguments);
        var other = await Program.RunAsync([.. arguments, "--resume", "--format", "xml"]);
        var resumed = await File.ReadAllBytesAsync(Output + ".resume", Stop);
        var text = await File.ReadAllTextAsync(Input, Stop);
        await File.WriteAllTextAsync(Input, "x" + text[1..], Stop);
        var edited = await Program.RunAsync([.. arguments, "--resume"]);
        await File.WriteAllTextAsync(Input, text, Stop);
        File.Delete(Output + ".resume");
        var orphan = await Program.RunAsync([.. arguments, "--resume"]);
        await File.WriteAllBytesAsync(Output + ".resume", resumed, Stop);
        var good = await Program.RunAsync([.. arguments, "--resume"]);

        Assert.Equal((1, 1, 1, 1, 0), (there.ExitCode, other.ExitCode, edited.ExitCode, orphan.ExitCode, good.ExitCode));
        Assert.Contains("--resume goes on", there.Errors[^1], StringComparison.Ordinal);
        Assert.Contains("format: json then, xml now", other.Errors[^1], StringComparison.Ordinal);
        Assert.Contains("The input is not the one", edited.Errors[^1], StringComparison.Ordinal);
        Assert.Contains("nothing says how far it goes", orphan.Errors[^1], StringComparison.Ordinal);
        Assert.Equal(2_000, File.ReadLines(Output).Count());
    }

    [Fact]
    public async Task A_full_disk_is_named_and_with_room_it_goes_on()
    {
        const int count = 30_000;
        Write(count, _ => "");
        using var disk = SmallDisk.MountOrSkip(1 << 20);
        var output = Path.Combine(disk.Folder, "out.jsonl");
        string[] arguments = ["score", Input, "--out", output, "--resume", "--config", Program.IdentityNodes];
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            var full = await Program.RunAsync(arguments);
            Assert.Equal(1, full.ExitCode);
            Assert.Contains($"{output} cannot be written: No space left on device", full.Errors[^1], StringComparison.Ordinal);
            Assert.Contains("go on with --resume", full.Errors[^1], StringComparison.Ordinal);
        }

        disk.Grow(64 << 20);
        Assert.Equal(0, (await Program.RunAsync(arguments)).ExitCode);
        var ids = File.ReadLines(output).Select(line => ArticleJson.Read(Encoding.UTF8.GetBytes(line)).Id);
        Assert.Equal(Enumerable.Range(0, count).Select(static i => i.ToString(CultureInfo.InvariantCulture)), ids);
    }

    [Fact]
    public async Task Memory_does_not_grow_with_the_input()
    {
        var peaks = new List<double>();
        foreach (var articles in new[] { 10_000, 200_000 })
        {
            var line = Encoding.UTF8.GetBytes($$"""{"id":"a","title":"T","body":"{{new string('b', 1_000)}}"}""" + "\n");
            await using var program = ChildProcess.StartProgram(
                ["score", "-", "--out", Path.Combine(_folder.FullName, $"{articles}.jsonl"), "--config", Program.IdentityNodes],
                new ChildProcessOptions { Environment = new Dictionary<string, string?> { ["DOTNET_GCHeapHardLimit"] = "0x8000000" } });
            for (var i = 0; i < articles; i++) await program.Input.BaseStream.WriteAsync(line, Stop);
            await program.Input.BaseStream.FlushAsync(Stop);
            peaks.Add(PeakMiB(program.Id));
            program.Input.Close();
            Assert.Equal(0, await program.WaitForExitAsync(Limit, Stop));
        }

        // 200 MB through a heap of 128 MiB, and no more of the machine's memory than for a twentieth of it, give or take the collector's mood.
        Assert.True(peaks[1] < peaks[0] + 96, $"{peaks[0]:0} MiB for 10 MB, {peaks[1]:0} MiB for 200 MB");
    }

    [Fact]
    public async Task Programs_that_share_an_output_file_do_not_write_over_each_other()
    {
        Write(3, _ => "");
        var program = $"dotnet '{ProgramFile.Find()}' score '{Input}' --config '{Program.IdentityNodes}'";
        await using var shell = ChildProcess.Start("bash", ["-c", $"{{ {program}; {program}; echo end; }} > '{Output}'"]);
        Assert.Equal(0, await shell.WaitForExitAsync(Limit, Stop));
        Assert.Equal(["0", "1", "2", "0", "1", "2"], File.ReadLines(Output).Take(6).Select(line => ArticleJson.Read(Encoding.UTF8.GetBytes(line)).Id));
        Assert.Equal("end", File.ReadLines(Output).Last());
    }

    private static double PeakMiB(int processId)
    {
        var line = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split(':')[1].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024;
    }

    private long Length() => File.Exists(Output) ? new FileInfo(Output).Length : 0;

    private void Write(int count, Func<int, string> before)
    {
        using var file = new StreamWriter(Input);
        for (var i = 0; i < count; i++) file.Write($$"""{{before(i)}}{"id":"{{i}}","title":"T","body":"Body of {{i}}"}""" + "\n");
    }
}
