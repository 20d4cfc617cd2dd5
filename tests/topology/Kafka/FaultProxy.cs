using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace StreamScoring.Topology.Tests.Kafka;

/// <summary>
/// A TCP proxy before a broker that knows Kafka's frames: it cuts a connection before a request reaches the broker or
/// after the broker has acted on it, changes an answer, or goes silent. Each fault happens once.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly ConcurrentDictionary<short, Fault> _faults = new();
    private readonly Task _accepting;
    private TaskCompletionSource _flowing = new();
    private IPEndPoint? _broker;

    internal FaultProxy()
    {
        _flowing.SetResult();
        _listener.Start();
        _accepting = AcceptAsync();
    }

    private enum Kind
    {
        CutBefore,
        CutAfter,
        Answer,
    }

    /// <summary>The proxy's port: what the broker must advertise.</summary>
    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Passes connections on to the broker at this port; gives the proxy's own.</summary>
    internal int LeadTo(int brokerPort)
    {
        _broker = new IPEndPoint(IPAddress.Loopback, brokerPort);
        return Port;
    }

    /// <summary>Faults that happened.</summary>
    internal int Happened => _happened;

    private int _happened;

    /// <summary>The next request of this kind never reaches the broker.</summary>
    internal void CutBefore(short apiKey) => _faults[apiKey] = new Fault(Kind.CutBefore, 0, 0);

    /// <summary>The broker acts on the next request of this kind, its answer is lost.</summary>
    internal void CutAfter(short apiKey) => _faults[apiKey] = new Fault(Kind.CutAfter, 0, 0);

    /// <summary>The broker acts on the next request of this kind; its answer says otherwise.</summary>
    internal void Answer(short apiKey, int errorOffset, short errorCode) =>
        _faults[apiKey] = new Fault(Kind.Answer, errorOffset, errorCode);

    /// <summary>Half-open connections: nothing passes, nothing closes, until <see cref="Thaw"/>.</summary>
    internal void Freeze()
    {
        _flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Increment(ref _happened);
    }

    internal void Thaw() => _flowing.TrySetResult();

    /// <summary>Every connection breaks at once.</summary>
    internal void CutAll()
    {
        Interlocked.Increment(ref _happened);
        foreach (var socket in _sockets.Keys) Close(socket);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Thaw();
        _listener.Stop();
        foreach (var socket in _sockets.Keys) Close(socket);
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                _ = ServeAsync(client);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var broker = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets[client] = true;
        _sockets[broker] = true;
        try
        {
            client.NoDelay = broker.NoDelay = true;
            await broker.ConnectAsync(_broker ?? throw new OperationCanceledException(), _stop.Token);
            var requests = new ConcurrentDictionary<int, short>();
            await Task.WhenAny(PumpRequestsAsync(client, broker, requests), PumpResponsesAsync(broker, client, requests));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The connection ends below.
        }
        Close(client);
        Close(broker);
        _sockets.TryRemove(client, out _);
        _sockets.TryRemove(broker, out _);
    }

    private async Task PumpRequestsAsync(Socket client, Socket broker, ConcurrentDictionary<int, short> requests)
    {
        while (await ReadFrameAsync(client) is { } frame)
        {
            var apiKey = BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(4));
            requests[BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(8))] = apiKey;
            if (_faults.TryGetValue(apiKey, out var fault) && fault.Kind == Kind.CutBefore && Take(apiKey)) return;
            await WriteAsync(broker, frame);
        }
    }

    private async Task PumpResponsesAsync(Socket broker, Socket client, ConcurrentDictionary<int, short> requests)
    {
        while (await ReadFrameAsync(broker) is { } frame)
        {
            requests.TryRemove(BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(4)), out var apiKey);
            if (_faults.TryGetValue(apiKey, out var fault) && fault.Kind != Kind.CutBefore && Take(apiKey))
            {
                if (fault.Kind == Kind.CutAfter) return;
                BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(8 + fault.ErrorOffset), fault.ErrorCode);
            }
            await WriteAsync(client, frame);
        }
    }

    private bool Take(short apiKey)
    {
        if (!_faults.TryRemove(apiKey, out _)) return false;
        Interlocked.Increment(ref _happened);
        return true;
    }

    private async Task<byte[]?> ReadFrameAsync(Socket socket)
    {
        var length = new byte[4];
        if (!await ReadAsync(socket, length)) return null;
        var frame = new byte[4 + BinaryPrimitives.ReadInt32BigEndian(length)];
        length.CopyTo(frame, 0);
        return await ReadAsync(socket, frame.AsMemory(4)) ? frame : null;
    }

    private async Task<bool> ReadAsync(Socket socket, Memory<byte> buffer)
    {
        try
        {
            while (buffer.Length > 0)
            {
                var read = await socket.ReceiveAsync(buffer, _stop.Token);
                if (read == 0) return false;
                buffer = buffer[read..];
            }
            return true;
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private async Task WriteAsync(Socket socket, byte[] frame)
    {
        await _flowing.Task;
        for (var rest = frame.AsMemory(); rest.Length > 0;) rest = rest[await socket.SendAsync(rest, _stop.Token)..];
    }

    private static void Close(Socket socket)
    {
        try
        {
            socket.Close();
        }
        catch (SocketException)
        {
            // Closed already.
        }
    }

    private readonly record struct Fault(Kind Kind, int ErrorOffset, short ErrorCode);
}
