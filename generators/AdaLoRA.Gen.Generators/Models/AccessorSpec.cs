namespace AdaLoRA.Gen.Generators.Models;

/// <summary>A private field that generated code reads through <c>[UnsafeAccessor]</c>.</summary>
/// <param name="Name">Name of the accessor (a class for a generic owner, a method otherwise).</param>
/// <param name="Owner">The class that declares the field, in terms of its own type parameters.</param>
/// <param name="TypeParameters">"&lt;T&gt;" of a generic owner, else empty. A closed generic owner compiles and then fails at run time.</param>
/// <param name="Constraints">The owner's constraints, repeated.</param>
/// <param name="FieldType">Declared type of the field, in terms of the owner's type parameters.</param>
/// <param name="FieldName">Name in metadata.</param>
internal sealed record AccessorSpec(string Name, string Owner, string TypeParameters, string Constraints, string FieldType, string FieldName);
