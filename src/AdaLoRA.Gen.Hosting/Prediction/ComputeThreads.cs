using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>What a thread of a predictor does next; catches what it throws itself.</summary>
internal interface IWork
{
    void Execute();
}

/// <summary>
/// Threads of a predictor's own, which take work from one queue. Not the pool's: libtorch's number of threads belongs to the calling thread, sums depend on it, and a forward of a
/// second would starve the pool that serves the web requests.
/// </summary>
internal sealed class ComputeThreads
{
    // Two predictors that start at once must not take each other's number for the process's.
    private static readonly Lock Starting = new();

    private readonly object _gate = new();
    private readonly Queue<IWork> _queue = new();
    private readonly Thread[] _threads;
    private bool _completed;

    /// <summary>Starts the threads.</summary>
    /// <param name="name">Shown by debuggers and profilers.</param>
    /// <param name="count">Threads that take work.</param>
    /// <param name="intraOp">libtorch threads that each of them computes with.</param>
    public ComputeThreads(string name, int count, int intraOp)
    {
        _threads = [.. Enumerable.Range(0, count).Select(i => new Thread(() => Run(intraOp)) { Name = $"{name} {i}", IsBackground = true })];
        // What set_num_threads is told is also what every later thread of the process starts with: a thread that knows the number from before puts it back.
        lock (Starting)
        {
            var keeper = new Thread(StartAll) { IsBackground = true };
            keeper.Start();
            keeper.Join();
        }

        void StartAll()
        {
            int before = torch.get_num_threads();
            using var ready = new CountdownEvent(count);
            _ready = ready;
            foreach (var thread in _threads) thread.Start();
            ready.Wait();
            _ready = null;
            torch.set_num_threads(before);
        }
    }

    private CountdownEvent? _ready;

    /// <summary>Puts work at the end of the queue. Work that runs may post more even after <see cref="Complete"/>; it is done before the threads end.</summary>
    public void Post(IWork work)
    {
        lock (_gate)
        {
            _queue.Enqueue(work);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Runs a function on one of the threads.</summary>
    public Task<T> RunAsync<T>(Func<T> function)
    {
        var work = new FunctionWork<T>(function);
        Post(work);
        return work.Task;
    }

    /// <summary>Lets the threads end when the queue is empty.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _completed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits for the threads' end. Not to be called from one of them.</summary>
    public void Join()
    {
        foreach (var thread in _threads) thread.Join();
    }

    private void Run(int intraOp)
    {
        // The first question makes libtorch set the thread up with the process's number, which would undo the next line later.
        _ = torch.get_num_threads();
        torch.set_num_threads(intraOp);
        _ready!.Signal();
        while (Take() is { } work) work.Execute();
    }

    private IWork? Take()
    {
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_completed) return null;
                Monitor.Wait(_gate);
            }
            return _queue.Dequeue();
        }
    }

    private sealed class FunctionWork<T>(Func<T> function) : IWork
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Task => _done.Task;

        [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031", Justification = "It is the task's.")]
        public void Execute()
        {
            try
            {
                _done.SetResult(function());
            }
            catch (Exception e)
            {
                _done.SetException(e);
            }
        }
    }
}
