using StreamScoring.App.Commands;
using StreamScoring.App.Hosting;

if (Malloc.KeepFreed()) Malloc.GiveBackEvery(TimeSpan.FromSeconds(10));
return await CommandLine.RunAsync(args);
