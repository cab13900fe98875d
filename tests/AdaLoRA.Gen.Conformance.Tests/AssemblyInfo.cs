// libtorch's default generator belongs to the process, and the readers' time is measured: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
