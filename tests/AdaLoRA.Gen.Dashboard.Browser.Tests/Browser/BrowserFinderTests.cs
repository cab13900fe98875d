using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

public class BrowserFinderTests
{
    private const string Own = "/own/chromium";

    [Fact]
    public void A_browser_that_is_named_wins_and_must_work()
    {
        var variables = new Dictionary<string, string> { ["CHROMIUM"] = "/mine/chrome", ["PATH"] = "/usr/bin" };
        Assert.Equal("/mine/chrome", Finder(variables, "/mine/chrome", "/usr/bin/chromium").Find(Own));
        var e = Assert.Throws<InvalidOperationException>(() => Finder(variables, "/usr/bin/chromium").Find(Own));
        Assert.Contains("CHROMIUM is '/mine/chrome'", e.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public void The_path_comes_before_what_Playwright_downloaded()
    {
        var variables = new Dictionary<string, string> { ["PATH"] = "/usr/local/bin:/usr/bin" };
        Assert.Equal("/usr/bin/google-chrome", Finder(variables, "/usr/bin/google-chrome", Own).Find(Own));
        Assert.Equal(Own, Finder(variables, Own).Find(Own));
        Assert.Null(Finder(variables).Find(Own));
    }

    [LinuxFact]
    public void A_stub_that_only_says_what_to_install_is_passed_over()
    {
        var finder = new BrowserFinder(name => name == "PATH" ? "/usr/bin" : null, path => path is "/usr/bin/chromium-browser" or Own, path => path == Own);
        Assert.Equal(Own, finder.Find(Own));
    }

    private static BrowserFinder Finder(Dictionary<string, string> variables, params string[] files) => new(variables.GetValueOrDefault, files.Contains, _ => true);
}
