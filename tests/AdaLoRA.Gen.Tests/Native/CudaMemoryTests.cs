using AdaLoRA.Gen.Native;
using TorchSharp;
using Xunit.Abstractions;

namespace AdaLoRA.Gen.Tests.Native;

public class CudaMemoryTests(ITestOutputHelper output)
{
    [Fact]
    public void The_driver_knows_what_is_in_use_and_without_one_nothing_is_known()
    {
        bool cuda = torch.cuda.is_available();
        output.WriteLine(cuda ? "on CUDA" : "on the CPU");
        if (!cuda)
        {
            Assert.Null(CudaMemory.InUse(0));
            return;
        }
        using var x = torch.ones(64 << 20, dtype: torch.ScalarType.Float32, device: torch.CUDA);
        Assert.InRange(CudaMemory.InUse(0)!.Value, x.numel() * 4, 1L << 40);
    }

    [Fact]
    public void No_such_device_is_nothing_known() => Assert.Null(CudaMemory.InUse(999));

    [Fact]
    public void A_library_that_is_no_driver_is_refused()
    {
        Assert.Null(CudaMemory.Find(0));
        Assert.Null(CudaMemory.Find(NativeBackend.Libtorch()));
    }
}
