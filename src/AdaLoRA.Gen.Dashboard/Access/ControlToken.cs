using System.Security.Cryptography;
using System.Text;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>The secret that lets its bearer press buttons: the one of the options, or 192 bits drawn at the start. There is none where the app's own policy decides and no token was given.</summary>
internal sealed class ControlToken
{
    private const int DrawnBytes = 24;

    private readonly byte[]? _digest;

    public ControlToken(IOptions<DashboardOptions> options)
    {
        var o = options.Value;
        if (o.Token is null && o.ControlPolicy is null)
        {
            // Base64url, as a URL's fragment carries it without escapes.
            Drawn = Convert.ToBase64String(RandomNumberGenerator.GetBytes(DrawnBytes)).Replace('+', '-').Replace('/', '_');
        }
        if ((o.Token ?? Drawn) is { } token) _digest = Digest(token);
    }

    /// <summary>Whether there is one.</summary>
    public bool Exists => _digest is not null;

    /// <summary>The token, if this process drew it; one that was given is never told again.</summary>
    public string? Drawn { get; }

    /// <summary>Compares in a time that tells nothing of the token, its length included.</summary>
    public bool Matches(string candidate) => _digest is not null && CryptographicOperations.FixedTimeEquals(Digest(candidate), _digest);

    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
