using System.Globalization;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

public sealed partial class Trainer<TModel>
{
    /// <summary>The parts of a run.</summary>
    private sealed class Session(AdapterSet adapters, AdaLoRAOptimizer optimizer, CheckpointStore checkpoints, Device device) : IDisposable
    {
        // Some seconds at least, in a fifth of all: less is not worth a word.
        private const double LatePart = 0.2;
        private const double LateSeconds = 1;
        private const int LateAttempts = 20;

        private IBatchesAhead? _ahead;
        private IBatchesAhead? _batches;
        private TimeSpan _waitedBefore;
        private bool _toldLate;
        private long _attemptsBefore;
        private double _secondsBefore;
        private long _skippedBefore;

        public AdapterSet Adapters => adapters;

        public AdaLoRAOptimizer Optimizer => optimizer;

        public CheckpointStore Checkpoints => checkpoints;

        public Device Device => device;

        public required CheckpointState State { get; set; }

        /// <summary>Which evaluations count, and when they are enough.</summary>
        public required EarlyStopping Stopping { get; init; }

        /// <summary>The losses since the last reading.</summary>
        public LossMeter Losses { get; private set; } = null!;

        public string? ResumedFrom { get; set; }

        /// <summary>The newest checkpoint.</summary>
        public string? Checkpoint { get; set; }

        /// <summary>Skipped steps that the observers know of.</summary>
        public long SkippedReported { get; set; }

        /// <summary>Skipped steps in a row, as far as they are this process's: a run that goes on after it gave up has as many more as a fresh one.</summary>
        public long SkippedInARow => Math.Min(optimizer.SkippedInARow, optimizer.SkippedSteps - _skippedBefore);

        /// <summary>Step at which this process began.</summary>
        public int FirstStep { get; private set; }

        /// <summary>Whether nothing was left to train when this process began.</summary>
        public bool WasComplete { get; private set; }

        /// <summary>Attempts of this process.</summary>
        public long Attempts => State.Attempts - _attemptsBefore;

        /// <summary>Seconds that this process spent in steps.</summary>
        public double Seconds => State.StepSeconds - _secondsBefore;

        /// <summary>Everything so far was before this process.</summary>
        /// <param name="task">Knows what its batches took.</param>
        public void Started(ITrainingTask<TModel> task)
        {
            _batches = task as IBatchesAhead;
            _waitedBefore = _batches?.Waited ?? default;
            (FirstStep, _attemptsBefore, _secondsBefore) = (State.Step, State.Attempts, State.StepSeconds);
            WasComplete = State.HasEnded;
            SkippedReported = _skippedBefore = optimizer.SkippedSteps;
            Losses = new LossMeter(device, State.Losses);
        }

        /// <summary>Notes what process and device have taken so far.</summary>
        public void ReadMemory()
        {
            State.PeakProcessBytes = MemoryUse.Larger(MemoryUse.ProcessPeak(), State.PeakProcessBytes);
            ReadDeviceMemory();
        }

        /// <summary>What the device has in use now.</summary>
        public long? ReadDeviceMemory()
        {
            long? now = MemoryUse.Of(device);
            State.PeakDeviceBytes = MemoryUse.Larger(now, State.PeakDeviceBytes);
            return now;
        }

        /// <summary>A sentence, once a run, when its steps spend much of their time waiting for batches.</summary>
        /// <param name="prefetch">Batches made ahead.</param>
        public string? BatchesAreLate(int prefetch)
        {
            if (_toldLate || _batches is null || Attempts < LateAttempts) return null;
            double waited = (_batches.Waited - _waitedBefore).TotalSeconds;
            if (waited < LateSeconds || waited < LatePart * Seconds) return null;
            _toldLate = true;
            return string.Create(CultureInfo.InvariantCulture, $"Batches are late: the steps waited for GetBatch in {100 * waited / Seconds:0} % of their time; {(prefetch == 0 ? "set Prefetch to 2, so that batches are made beside the steps." : "one takes longer to make than a step takes, so make GetBatch cheaper: read and prepare the data once, in Prepare.")}");
        }

        /// <summary>From the next batch on they are made on another thread.</summary>
        public void MakeAhead(ITrainingTask<TModel> task, TrainingOptions options)
        {
            _ahead = task as IBatchesAhead
                ?? throw new AdaLoRAException($"Prefetch is {options.Prefetch}, but {task.GetType().Name} makes its batches inside Loss; derive it from TrainingTask, or set Prefetch to 0.");
            _ahead.Start(BatchPosition.At(State.Attempts * options.GradientAccumulation, State.BatchesPerEpoch), options.Prefetch);
        }

        public void Dispose()
        {
            _ahead?.Stop();
            Losses?.Dispose();
            optimizer.Dispose();
        }
    }
}
