// The generator of libtorch and Environment.ExitCode belong to the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
