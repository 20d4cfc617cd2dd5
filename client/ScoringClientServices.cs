using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace StreamScoring.Client;

/// <summary>Adds a <see cref="ScoringClient"/> to the services of a .NET host.</summary>
public static class ScoringClientServices
{
    /// <inheritdoc cref="AddScoringClient(IServiceCollection, Func{IServiceProvider, ScoringClientOptions})"/>
    public static IServiceCollection AddScoringClient(this IServiceCollection services, ScoringClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return services.AddScoringClient(_ => options);
    }

    /// <summary>
    /// Adds one <see cref="ScoringClient"/> for the process, to be injected as it is. A host connects it when it starts: no
    /// broker, no reply topic, or a mistake in the options, and it does not start. It is disposed with the services, which
    /// waits for calls in flight. It uses the <see cref="ILogger"/> and the <see cref="TimeProvider"/> of the services. A
    /// second call of this method adds nothing.
    /// </summary>
    /// <param name="services">Where to.</param>
    /// <param name="options">The options, called once.</param>
    /// <example><code>
    /// builder.Services.AddScoringClient(services =>
    ///     services.GetRequiredService&lt;IConfiguration&gt;().GetSection("Scoring").Get&lt;ScoringClientOptions&gt;()!);
    /// </code></example>
    public static IServiceCollection AddScoringClient(this IServiceCollection services, Func<IServiceProvider, ScoringClientOptions> options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        services.TryAddSingleton(provider => ScoringClient.Connect(
            options(provider), provider.GetService<ILogger<ScoringClient>>(), provider.GetService<TimeProvider>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ConnectAtStart>());
        return services;
    }

    /// <summary>Lets a host fail when it starts, and not when the first article is to be scored.</summary>
    private sealed class ConnectAtStart(IServiceProvider services) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) =>
            Task.Run(services.GetRequiredService<ScoringClient>, cancellationToken).WaitAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
