namespace StreamScoring.Topology.Kafka;

/// <summary>What a stream is doing at one moment. Counters count from its start.</summary>
/// <param name="State">State of the stream.</param>
/// <param name="SubTopologies">One entry for each sub-topology, in the order of their numbers.</param>
/// <param name="Commits">Transactions (exactly-once) or batches of stored offsets (at-least-once) so far.</param>
/// <param name="Aborts">Transactions aborted and produced again so far.</param>
public sealed record KafkaStreamSnapshot(
    KafkaStreamState State, IReadOnlyList<SubTopologySnapshot> SubTopologies, long Commits, long Aborts)
{
    /// <summary>
    /// True where every assigned partition is read to its end and nothing is in flight: all that is in the topics is
    /// committed.
    /// </summary>
    public bool IsDrained
    {
        get
        {
            foreach (var subTopology in SubTopologies)
            {
                if (!subTopology.IsDrained) return false;
            }
            return SubTopologies.Count > 0;
        }
    }
}

/// <summary>One sub-topology at one moment.</summary>
/// <param name="Id">Its number, as in the topology's description.</param>
/// <param name="SourceTopics">Topics it reads.</param>
/// <param name="Partitions">Partitions assigned to this process.</param>
/// <param name="RecordsIn">Input records committed.</param>
/// <param name="RecordsOut">Output records committed, dead letters included.</param>
/// <param name="DeadLetters">Inputs that ended in the dead-letter topic.</param>
/// <param name="Skipped">Inputs dropped by a handler's CONTINUE.</param>
/// <param name="Batches">Micro-batches scored.</param>
/// <param name="ScoringTime">Time spent in batches, summed over threads.</param>
/// <param name="InFlight">Records read and not committed yet.</param>
/// <param name="Lag">Records in the assigned partitions that are not committed yet, as far as known.</param>
/// <param name="IsDrained">True where partitions are assigned, read to their end, and nothing is in flight.</param>
public sealed record SubTopologySnapshot(
    int Id, IReadOnlyList<string> SourceTopics, int Partitions, long RecordsIn, long RecordsOut, long DeadLetters,
    long Skipped, long Batches, TimeSpan ScoringTime, int InFlight, long Lag, bool IsDrained);
