using StreamScoring.App.Commands;
using StreamScoring.App.Hosting;

Malloc.KeepFreed();
return await CommandLine.RunAsync(args);
