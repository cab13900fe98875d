using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Tests;

public class ProcessMemoryTests
{
    private const string Status = "Name:\tdotnet\nVmPeak:\t 2345678 kB\nVmHWM:\t  911324 kB\nVmRSS:\t  900000 kB\nRssAnonHuge:\t  12 kB\nRssAnon:\t  700001 kB\nThreads:\t9\n";

    [Theory]
    [InlineData("VmHWM", 911_324)]
    [InlineData("RssAnon", 700_001)]
    public void A_field_is_found_by_its_whole_name(string name, long kilobytes)
    {
        Assert.Equal(kilobytes, ProcessMemory.Field(Status, name));
    }

    [Theory]
    [InlineData("VmSwap")] // absent
    [InlineData("Threads")] // no memory
    [InlineData("Vm")] // the beginning of a name
    public void What_is_no_size_is_null(string name)
    {
        Assert.Null(ProcessMemory.Field(Status, name));
    }

    [Fact]
    public void This_process_has_a_peak_and_anonymous_memory_below_it()
    {
        double anonymous = ProcessMemory.Anonymous();
        Assert.InRange(anonymous, 1, ProcessMemory.Peak());
    }
}
