using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace StreamScoring.Topology.Kafka.Internal;

/// <summary>
/// The build of librdkafka that our own functions come from: the one that Confluent.Kafka has loaded. It brings several, and
/// where one does not load tries the next: the first needs libsasl2.so.3, which Debian and Ubuntu lack, and glibc, which Alpine lacks.
/// </summary>
internal static class LibrdkafkaBuild
{
    // In which of its classes it found the functions tells which build it is.
    private static readonly FieldInfo Loaded =
        typeof(Library).Assembly.GetType("Confluent.Kafka.Impl.Librdkafka")?.GetField("_version", BindingFlags.Static | BindingFlags.NonPublic)
        ?? throw new MissingFieldException("Confluent.Kafka.Impl.Librdkafka", "_version");

    /// <summary>Name of the build, e.g. <c>centos8-librdkafka</c>; loads it where nothing has yet.</summary>
    /// <exception cref="DllNotFoundException">None of them loads on this machine.</exception>
    internal static string Name
    {
        get
        {
            Library.Load();
            return ((Delegate)Loaded.GetValue(null)!).Method.GetCustomAttribute<DllImportAttribute>()!.Value;
        }
    }

#pragma warning disable CA2255 // Before the first of the functions is called, wherever that is.
    [ModuleInitializer]
    internal static void Register() => NativeLibrary.SetDllImportResolver(
        typeof(LibrdkafkaBuild).Assembly,
        static (library, _, _) => library == Librdkafka.Library ? NativeLibrary.Load(Name, typeof(Library).Assembly, null) : nint.Zero);
#pragma warning restore CA2255
}
