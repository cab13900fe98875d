using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics;

// What TorchSharp registers of the classes that a model is made of.
internal static partial class Rules
{
    public static readonly DiagnosticDescriptor TargetReassigned = Warning("ADALORA022",
        "A target stays the layer it was constructed as",
        "'{0}' gets a new layer after construction, but TorchSharp and the adapters keep the old one; assign it in the constructor, before RegisterComponents()",
        "RegisterComponents() and the adapters take the layer that a member holds when they look; one that is put there later is neither registered nor adapted.");

    public static readonly DiagnosticDescriptor HeldButNotRegistered = Warning("ADALORA023",
        "Modules are held where TorchSharp registers them",
        "TorchSharp registers nothing of '{0}', which is of type {1}, so its modules are not adapted, moved or saved; {2}",
        "RegisterComponents() looks at fields that hold a module themselves, never into arrays, collections, tuples or Lazy.");

    public static readonly DiagnosticDescriptor SurprisingName = Information("ADALORA024",
        "A module is registered under the name of its member",
        "'{0}' is registered as '{1}', which is its name in Targets and in saved weights, too; {2}",
        "TorchSharp registers fields. That of an auto-property, or of a parameter of a primary constructor, has a name that the compiler made.");

    public static readonly DiagnosticDescriptor RegistrationMissed = Warning("ADALORA025",
        "A constructor ends with RegisterComponents()",
        "{0}; {1}",
        "TorchSharp registers what the fields hold when RegisterComponents() is called for the first time, and nothing without that call.");

    public static readonly DiagnosticDescriptor OwnMemberOfContainer = Warning("ADALORA029",
        "A class derived from a container has no modules beside its items",
        "'{0}' is never registered: '{1}' is a {2}, which registers its items only; {3}",
        "Sequential, ModuleList and ModuleDict register what they contain. They do not look at the fields of classes derived from them.");

    public static readonly DiagnosticDescriptor LostToBaseConstructor = Warning("ADALORA030",
        "A derived constructor assigns nothing that the base class has registered without it",
        "'{0}' is never registered: the constructor of '{1}' calls RegisterComponents() before this assignment, and later calls do nothing; give '{0}' its value where it is declared",
        "Initialisers run before the constructor of the base class, the body of the derived constructor after it. RegisterComponents() works once.");

    public static ImmutableArray<DiagnosticDescriptor> OfRegistration => ImmutableArray.Create(
        TargetReassigned, HeldButNotRegistered, SurprisingName, RegistrationMissed, OwnMemberOfContainer, LostToBaseConstructor);
}
