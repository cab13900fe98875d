using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>A value that a member gets while its class is constructed.</summary>
/// <param name="Expression">The value.</param>
/// <param name="Constructor">The constructor that assigns it; null for an initialiser, and for a method that a constructor calls.</param>
/// <param name="IsCertain">It is assigned whatever the arguments are.</param>
/// <param name="IsLate">The class has registered what it holds by then.</param>
internal sealed record MemberValue(ExpressionSyntax Expression, ConstructorDeclarationSyntax? Constructor, bool IsCertain, bool IsLate);

/// <summary>A call that changes what a container holds.</summary>
/// <param name="Method">Name of the method; <c>[]</c> for an item that is assigned.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Position">Where the arguments stand: calls are in the order of their arguments, also in a chain.</param>
/// <param name="IsCertain">It happens once, whatever the arguments are.</param>
/// <param name="IsLate">The class has registered what it holds by then.</param>
internal sealed record Addition(string Method, IReadOnlyList<ExpressionSyntax> Arguments, int Position, bool IsCertain, bool IsLate);

/// <summary>A module that a constructor registers itself.</summary>
/// <param name="Name">The name that it gives.</param>
/// <param name="Value">The module.</param>
/// <param name="IsCertain">It does so whatever the arguments are.</param>
internal sealed record HandRegistration(string Name, ExpressionSyntax Value, bool IsCertain);
