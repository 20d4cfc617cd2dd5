using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace StreamScoring.Testing.Internal;

/// <summary>
/// Free TCP ports of 127.0.0.1, below the range that Linux gives to outgoing connections: a broker that is down for a
/// while must find its port free again.
/// </summary>
internal static class LoopbackPorts
{
    private const int First = 20_000;
    private const int End = 32_000;
    private const int Attempts = 200;

    private static readonly HashSet<int> Taken = [];

    /// <summary>A port that is free now and that this process has not taken before.</summary>
    internal static int Take()
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            lock (Taken)
            {
                if (!Taken.Add(port)) continue;
            }
            if (IsFree(port)) return port;
        }
        throw new InvalidOperationException($"No free port of 127.0.0.1 between {First} and {End} in {Attempts} tries.");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
