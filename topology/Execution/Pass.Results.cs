namespace StreamScoring.Topology.Execution;

internal sealed partial class Pass
{
    /// <summary>Gathers what the batch came to, in input order.</summary>
    public BatchResult Finish()
    {
        var counts = new int[_inputCount];
        var deadLetters = 0;
        var skipped = 0;
        for (var i = 0; i < _inputCount; i++)
        {
            if (!_slots[i].HasFailed) continue;
            if (_slots[i].IsWaiting) continue;
            if (_slots[i].DeadLetter is null)
            {
                skipped++;
            }
            else
            {
                deadLetters++;
                counts[i] = 1;
            }
        }
        var total = deadLetters;
        foreach (var output in _outputs)
        {
            if (_slots[output.Slot].HasFailed) continue;
            counts[_slots[output.Slot].Order]++;
            total++;
        }

        var outputs = new ProducedRecord[total];
        var next = new int[_inputCount];
        for (int i = 0, start = 0; i < _inputCount; i++)
        {
            next[i] = start;
            start += counts[i];
            if (_slots[i].DeadLetter is { } letter) outputs[next[i]++] = letter;
        }
        foreach (var output in _outputs)
        {
            if (!_slots[output.Slot].HasFailed) outputs[next[_slots[output.Slot].Order]++] = output.Record;
        }
        _waiting.Sort();
        return new BatchResult(outputs, counts, deadLetters, skipped) { Waiting = _waiting.Count > 0 ? [.. _waiting] : [] };
    }

    /// <summary>What punctuators forwarded, in order.</summary>
    public List<ProducedRecord> FinishPunctuation()
    {
        var records = new List<ProducedRecord>(_outputs.Count);
        foreach (var output in _outputs)
        {
            if (!_slots[output.Slot].HasFailed) records.Add(output.Record);
        }
        return records;
    }
}
