using StreamScoring.Topology.Execution;

namespace StreamScoring.Topology.Graph;

/// <summary>A node that gets its turn when everything before it is through with the whole batch.</summary>
internal interface IStageNode
{
    IStageState CreateState(Pass pass);

    /// <summary>Works on what was collected and forwards the results.</summary>
    void RunStage(Pass pass);
}
