namespace StreamScoring.Topology.Kafka;

/// <summary>What a stream promises about each input record when something breaks.</summary>
public enum ProcessingGuarantee
{
    /// <summary>
    /// Outputs, dead letters and offsets are committed in one Kafka transaction (exactly-once v2, KIP-447). Readers see
    /// each output once if they read with <c>isolation.level=read_committed</c>.
    /// </summary>
    ExactlyOnce,

    /// <summary>Offsets are stored after every delivery report came back: nothing is lost, outputs may repeat.</summary>
    AtLeastOnce,
}
