using StreamScoring.App.Commands;

return await CommandLine.RunAsync(args);
